//! `xdr_data`: connection attempts under the column names of the Cortex dataset, and our own
//! additions after them.

use super::{ID, INSERT_TIME, PRODUCT, TIME, VENDOR};
use crate::{Closing, Dataset, Direction, Event, EventKind, Field, Outcome, Row, Transport, Value};
use std::net::IpAddr;

pub const DATASET: Dataset = Dataset {
    name: "xdr_data",
    doc: "Connection attempts and flows seen by the sensors, in and out, open or refused. Also reached as preset network_story.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        VENDOR,
        PRODUCT,
        Field::word("event_type", "NETWORK."),
        Field::word(
            "event_sub_type",
            "ACCEPT (inbound, open), CONNECT (outbound, open), CONNECT_FAILED (outbound, not open), DISCONNECT (end of a flow), DATAGRAM_STATISTICS (UDP), or PROBE: inbound and not open, which Cortex has no sub-type for.",
        ),
        Field::int("event_timestamp", "Time in milliseconds since 1970."),
        Field::word("agent_id", "Identifier of the observer."),
        Field::word("agent_hostname", "Host name of the observer."),
        Field::int("agent_os_type", "1 Windows, 2 macOS, 4 Linux."),
        Field::ip("action_local_ip", "Address on this host's side; the target for traffic between others."),
        Field::int("action_local_port", "Port on this host's side."),
        Field::ip("action_remote_ip", "Address of the other side."),
        Field::int("action_remote_port", "Port of the other side."),
        Field::int(
            "action_network_protocol",
            "IP protocol number: 6 TCP, 17 UDP, 1 ICMP, 58 ICMPv6, 132 SCTP; 0 for ARP.",
        ),
        Field::int("action_protocol", "The same as action_network_protocol."),
        Field::bool("action_network_is_server", "True when the other side began it."),
        Field::bool("action_network_success", "The attempt was answered as an open port answers."),
        Field::bool("action_network_is_ipv6", "IPv6."),
        Field::int("action_network_creation_time", "Time of the first packet in milliseconds since 1970."),
        Field::int("action_session_duration", "Milliseconds from the first packet to the last."),
        Field::int("action_pkts_sent", "Packets sent by this host."),
        Field::int("action_pkts_received", "Packets received by this host."),
        Field::int("action_upload", "Payload bytes sent by this host."),
        Field::int("action_download", "Payload bytes received by this host."),
        Field::word("actor_process_image_name", "Local process, where the sensor knows it."),
        Field::word("actor_process_image_path", "Path of the local process."),
        Field::word("actor_process_command_line", "Command line of the local process."),
        Field::int("actor_process_os_pid", "Identifier of the local process."),
        Field::word("actor_effective_username", "User of the local process."),
        Field::int(
            "tcp_flags",
            "Flags of the first packet: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128.",
        ),
        Field::int("ttl", "TTL or hop limit of the first packet."),
        Field::int("icmp_type", "ICMP type of the request or of the rejection."),
        Field::int("icmp_code", "ICMP code of the request or of the rejection."),
        Field::bool("is_internal_ip", "The other side's address is private."),
        Field::bool("dst_is_internal_ip", "The target's address is private."),
        // Ours, beyond Cortex.
        Field::ip("source_ip", "Sender of the first packet."),
        Field::int("source_port", "Its port."),
        Field::ip("target_ip", "Whom the first packet was for."),
        Field::int("target_port", "Its port."),
        Field::word("direction", "inbound, outbound, local or observed."),
        Field::word("outcome", "accepted, refused, rejected, unanswered, mid_stream or unsolicited."),
        Field::bool("handshake_completed", "TCP: the source finished the handshake."),
        Field::word(
            "closing",
            "How an accepted flow ended: open, fin, reset_by_source, reset_by_target, timeout.",
        ),
        Field::int(
            "attempt_count",
            "Attempts this row stands for: more than 1 where a flood was aggregated.",
        ),
        Field::int("retries", "Repeated first packets."),
        Field::int("tcp_window", "TCP window of the first packet."),
        Field::word("source_mac", "Sender's MAC address, on Ethernet."),
        Field::int("vlan", "VLAN number."),
        Field::word("interface", "Interface it was seen on."),
    ],
};

/// Fields that Cortex has in `xdr_data` and no sensor of ours fills. Queries may name them, for those
/// that clients make by themselves do: they are null in every row.
pub const ELSEWHERE: [&str; 97] = [
    "action_app_id_transitions",
    "action_as_data",
    "action_country",
    "action_evtlog_data_fields",
    "action_evtlog_event_id",
    "action_evtlog_message",
    "action_evtlog_provider_name",
    "action_evtlog_username",
    "action_external_hostname",
    "action_file_extension",
    "action_file_md5",
    "action_file_name",
    "action_file_path",
    "action_file_previous_file_name",
    "action_file_previous_file_path",
    "action_file_sha256",
    "action_file_size",
    "action_module_md5",
    "action_module_path",
    "action_module_sha256",
    "action_module_signature_status",
    "action_module_signature_vendor",
    "action_module_wf_verdict",
    "action_network_connection_id",
    "action_network_packet_data",
    "action_process_causality_id",
    "action_process_cwd",
    "action_process_file_info",
    "action_process_image_command_line",
    "action_process_image_md5",
    "action_process_image_name",
    "action_process_image_path",
    "action_process_image_sha256",
    "action_process_instance_id",
    "action_process_integrity_level",
    "action_process_logon_id",
    "action_process_os_pid",
    "action_process_signature_product",
    "action_process_signature_status",
    "action_process_signature_vendor",
    "action_process_username",
    "action_registry_data",
    "action_registry_key_name",
    "action_registry_value_name",
    "action_remote_process_image_name",
    "action_total_download",
    "action_total_upload",
    "action_username",
    "actor_causality_id",
    "actor_primary_username",
    "actor_process_causality_id",
    "actor_process_cwd",
    "actor_process_file_create_time",
    "actor_process_image_command_line",
    "actor_process_image_md5",
    "actor_process_image_sha256",
    "actor_process_instance_id",
    "actor_process_integrity_level",
    "actor_process_logon_id",
    "actor_process_os_id",
    "actor_process_signature_product",
    "actor_process_signature_status",
    "actor_process_signature_vendor",
    "agent_external_ip",
    "agent_ip_addresses",
    "agent_os_sub_type",
    "agent_version",
    "causality_actor_effective_username",
    "causality_actor_primary_username",
    "causality_actor_process_command_line",
    "causality_actor_process_image_name",
    "causality_actor_process_image_path",
    "causality_actor_process_image_sha256",
    "causality_actor_process_integrity_level",
    "causality_actor_process_logon_id",
    "causality_actor_process_os_id",
    "causality_actor_process_os_pid",
    "causality_actor_process_signature_product",
    "causality_actor_process_signature_vendor",
    "dns_query_name",
    "dns_query_type",
    "dns_reply_code",
    "dst_action_country",
    "dst_action_external_hostname",
    "dst_agent_hostname",
    "dst_agent_id",
    "event_id",
    "insert_timestamp",
    "os_actor_effective_username",
    "os_actor_primary_username",
    "os_actor_process_causality_id",
    "os_actor_process_command_line",
    "os_actor_process_image_name",
    "os_actor_process_image_path",
    "os_actor_process_image_sha256",
    "os_actor_process_instance_id",
    "story_id",
];

/// A row of [`DATASET`].
pub fn row(event: &Event) -> Row {
    let (local_ip, local_port) = event.local();
    let (remote_ip, remote_port) = event.remote();
    let outbound = event.direction == Direction::Outbound;
    let (up, down) = if outbound { (event.sent, event.received) } else { (event.received, event.sent) };
    let created =
        if event.kind == EventKind::FlowEnd { event.time.plus(-event.duration) } else { event.time };
    let protocol = protocol_number(event);
    let process = event.process.as_deref();
    vec![
        Value::Time(event.time),
        Value::Null,
        Value::Null,
        Value::from("Vedette"),
        Value::from("Sensor"),
        Value::from("NETWORK"),
        Value::from(sub_type(event)),
        Value::Int(event.time.0 / 1000),
        Value::text(event.observer.id.clone()),
        Value::text(event.observer.hostname.clone()),
        Value::Int(4),
        Value::from(local_ip),
        Value::from(local_port),
        Value::from(remote_ip),
        Value::from(remote_port),
        Value::from(protocol),
        Value::from(protocol),
        Value::Bool(!outbound),
        Value::Bool(event.outcome == Outcome::Accepted),
        Value::Bool(event.source.is_ipv6()),
        Value::Int(created.0 / 1000),
        Value::Int(event.duration / 1000),
        Value::from(up.packets),
        Value::from(down.packets),
        Value::from(up.bytes),
        Value::from(down.bytes),
        Value::from(process.map(|p| p.name.clone())),
        Value::from(process.map(|p| p.path.clone())),
        Value::from(process.map(|p| p.command_line.clone())),
        Value::from(process.map(|p| p.pid)),
        Value::from(process.map(|p| p.user.clone())),
        Value::from((event.transport == Transport::Tcp).then_some(event.first.tcp_flags)),
        Value::from((event.first.ttl != 0).then_some(event.first.ttl)),
        Value::from(event.icmp.map(|icmp| icmp.kind)),
        Value::from(event.icmp.map(|icmp| icmp.code)),
        Value::Bool(is_private(remote_ip)),
        Value::Bool(is_private(event.target)),
        Value::from(event.source),
        Value::from(event.source_port),
        Value::from(event.target),
        Value::from(event.target_port),
        Value::from(direction(event.direction)),
        Value::from(outcome(event.outcome)),
        Value::from((event.transport == Transport::Tcp).then_some(event.handshake_completed)),
        Value::from(closing(event.closing)),
        Value::from(event.count),
        Value::from(event.retries),
        Value::from((event.transport == Transport::Tcp).then_some(event.first.window)),
        Value::from(event.source_mac.map(mac_text)),
        Value::from(event.vlan),
        Value::text_or_null(&event.interface),
    ]
}

fn protocol_number(event: &Event) -> u8 {
    match (event.transport, event.icmp) {
        (Transport::Icmp, Some(icmp)) if icmp.v6 => 58,
        (transport, _) => transport.number(),
    }
}

fn sub_type(event: &Event) -> &'static str {
    let open = event.outcome == Outcome::Accepted;
    match (event.kind, event.transport, event.direction) {
        (EventKind::FlowEnd, _, _) => "DISCONNECT",
        (_, Transport::Udp, Direction::Outbound) => "DATAGRAM_STATISTICS",
        (_, Transport::Udp, _) if open => "DATAGRAM_STATISTICS",
        (_, _, Direction::Outbound) => {
            if open {
                "CONNECT"
            } else {
                "CONNECT_FAILED"
            }
        }
        _ => {
            if open {
                "ACCEPT"
            } else {
                "PROBE"
            }
        }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Local => "local",
        Direction::Observed => "observed",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Refused => "refused",
        Outcome::Rejected => "rejected",
        Outcome::Unanswered => "unanswered",
        Outcome::MidStream => "mid_stream",
        Outcome::Unsolicited => "unsolicited",
        Outcome::Unknown => "unknown",
    }
}

fn closing(closing: Closing) -> &'static str {
    match closing {
        Closing::Open => "open",
        Closing::Fin => "fin",
        Closing::ResetBySource => "reset_by_source",
        Closing::ResetByTarget => "reset_by_target",
        Closing::Timeout => "timeout",
    }
}

fn mac_text(mac: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = mac;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

/// Private, loopback, link-local or unique-local.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_private(IpAddr::V4(v4)),
            None => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
        },
    }
}
