//! `suricata_eve_raw`: events of Suricata (eve.json). Flows are told in full; of other events what they have in common, and
//! the whole of them in `_raw_log`.

use super::{
    DEST_IP, DEST_PORT, ID, INSERT_TIME, PRODUCT, PROTOCOL, RAW_LOG, SOURCE_IP, SOURCE_PORT, TIME, VENDOR,
};
use crate::{Dataset, Field};

pub const DATASET: Dataset = Dataset {
    name: "suricata_eve_raw",
    doc: "Events of Suricata (eve.json): flows in full, of others what they have in common.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        VENDOR,
        PRODUCT,
        Field::word("log_source_name", "Sensor that wrote it, where the line says so."),
        Field::word("event_type", "flow, netflow, alert, dns, http, …"),
        Field::int("flow_id", "Number of the flow, the same in all events about it."),
        Field::word("inbound_if", "Interface it was seen on."),
        SOURCE_IP,
        DEST_IP,
        SOURCE_PORT,
        DEST_PORT,
        PROTOCOL,
        Field::int("icmp_type", "ICMP type."),
        Field::int("icmp_code", "ICMP code."),
        Field::word("app", "Application protocol Suricata recognised."),
        Field::int("bytes_sent", "Bytes to the server, frame headers included."),
        Field::int("bytes_received", "Bytes to the client, frame headers included."),
        Field::int("packets_sent", "Packets to the server."),
        Field::int("packets_received", "Packets to the client."),
        Field::time("start_time", "First packet of the flow."),
        Field::time("end_time", "Last packet of the flow."),
        Field::int("age", "Seconds from the first packet to the last."),
        Field::word("flow_state", "new, established, closed or bypassed."),
        Field::word("flow_reason", "Why the flow was written: timeout, forced or shutdown."),
        Field::bool("alerted", "An alert was raised in the flow."),
        Field::word("tcp_flags_sent", "TCP flags to the server, hexadecimal."),
        Field::word("tcp_flags_received", "TCP flags to the client, hexadecimal."),
        Field::word("tcp_state", "State of the TCP connection."),
        Field::int("signature_id", "Rule of an alert."),
        Field::word("signature", "Text of that rule."),
        Field::word("category", "Category of that rule."),
        Field::int("vendor_severity", "Severity of an alert, 1 is the highest."),
        Field::word("action", "allowed or blocked, of alerts."),
        Field::str("community_id", "Community ID of the flow."),
        Field::int("vlan", "VLAN number."),
        RAW_LOG,
    ],
};
