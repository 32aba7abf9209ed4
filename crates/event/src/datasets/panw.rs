//! `panw_ngfw_threat_raw` and `panw_ngfw_traffic_raw`: PAN-OS logs under the column names of the
//! Cortex datasets. The order of columns here is ours; `parse::panos` maps log positions to it.

use super::{ID, INSERT_TIME, PRODUCT, TIME, VENDOR};
use crate::{Dataset, Field};

macro_rules! with_common {
    ($($own:expr),* $(,)?) => {
        &[
            TIME,
            INSERT_TIME,
            ID,
            VENDOR,
            PRODUCT,
            Field::time("log_time", "When the firewall's management plane received the log."),
            Field::word("log_source_id", "Serial number of the firewall."),
            Field::word("log_type", "Log type in lower case: threat or traffic."),
            Field::word("sub_type", "Sub-type: scan, vulnerability, url, start, end, drop, …"),
            Field::word("config_version", "Configuration version field of the header."),
            Field::time("time_generated", "When the data plane generated the log."),
            Field::ip("source_ip", "Address of the client (the source of the session)."),
            Field::ip("dest_ip", "Address of the server."),
            Field::ip("nat_source", "Source address after translation."),
            Field::ip("nat_dest", "Destination address after translation."),
            Field::word("rule_matched", "Security rule that matched."),
            Field::word("source_user", "User at the source."),
            Field::word("dest_user", "User at the destination."),
            Field::word("app", "Application."),
            Field::word("vsys", "Virtual system."),
            Field::word("from_zone", "Zone of the source."),
            Field::word("to_zone", "Zone of the destination."),
            Field::word("inbound_if", "Interface it came in by."),
            Field::word("outbound_if", "Interface it left by."),
            Field::word("log_set", "Log forwarding profile."),
            Field::int("session_id", "Session number, 0 where there is no session."),
            Field::int("count_of_repeats", "Sessions with the same addresses and application within 5 s."),
            Field::int("source_port", "Source port."),
            Field::int("dest_port", "Destination port."),
            Field::int("nat_source_port", "Source port after translation."),
            Field::int("nat_dest_port", "Destination port after translation."),
            Field::word("flags", "Session flags, hexadecimal."),
            Field::word("protocol", "IP protocol in words: tcp, udp, icmp, …"),
            Field::word("action", "What the firewall did: allow, alert, drop, deny, reset-client, …"),
            Field::word("url_category", "Category of the URL, or of the session."),
            Field::int("sequence_no", "Log sequence number."),
            Field::word("action_flags", "Forwarding flags, hexadecimal."),
            Field::word("source_location", "Country or private range of the source."),
            Field::word("dest_location", "Country or private range of the destination."),
            Field::int("dg_hier_level_1", "Device group, level 1."),
            Field::int("dg_hier_level_2", "Device group, level 2."),
            Field::int("dg_hier_level_3", "Device group, level 3."),
            Field::int("dg_hier_level_4", "Device group, level 4."),
            Field::word("vsys_name", "Name of the virtual system."),
            Field::word("log_source_name", "Host name of the firewall."),
            Field::word("vsys_id", "Number of the virtual system."),
            Field::time("time_generated_high_res", "Generation time with milliseconds, on firewalls that send it."),
            Field::str("_raw_log", "The line as it came."),
            $($own),*
        ]
    };
}

pub const THREAT: Dataset = Dataset {
    name: "panw_ngfw_threat_raw",
    doc: "PAN-OS threat logs: scans, vulnerabilities, spyware, URL filtering and files.",
    fields: with_common![
        Field::word("file_name", "URL or file name."),
        Field::word("threat_name", "Name of the threat, without its number: SCAN: TCP Port Scan."),
        Field::int("threat_id", "Number of the threat: 8001."),
        Field::word("threat_category", "Category of the threat."),
        Field::word(
            "severity",
            "Severity with an initial capital: Critical, High, Medium, Low, Informational."
        ),
        Field::word("vendor_severity", "Severity as the firewall wrote it."),
        Field::word("direction", "client-to-server or server-to-client."),
        Field::word("content_version", "Content version on the firewall."),
        Field::int("pcap_id", "Number of the packet capture, 0 for none."),
        Field::word("file_sha_256", "Digest of the file, as sent."),
        Field::word("url_domain", "Host part of the URL, for URL logs."),
        Field::word("file_type", "Type of the file."),
        Field::word("user_agent", "User-Agent header."),
        Field::word("http_method", "HTTP method."),
        Field::word("xff", "X-Forwarded-For header."),
        Field::word("referer", "Referer header."),
        Field::word("app_category", "Category of the application."),
        Field::word("app_sub_category", "Sub-category of the application."),
        Field::word("source_user_info_name", "User at the source, without the domain."),
    ],
};

pub const TRAFFIC: Dataset = Dataset {
    name: "panw_ngfw_traffic_raw",
    doc: "PAN-OS traffic logs: the start, end, drop and denial of sessions.",
    fields: with_common![
        Field::int("bytes_total", "Bytes both ways."),
        Field::int("bytes_sent", "Bytes from the client."),
        Field::int("bytes_received", "Bytes from the server."),
        Field::int("packets_total", "Packets both ways."),
        Field::int("packets_sent", "Packets from the client."),
        Field::int("packets_received", "Packets from the server."),
        Field::time("session_start_time", "Start of the session."),
        Field::int("total_time_elapsed", "Length of the session in seconds."),
        Field::word("session_end_reason", "Why the session ended: aged-out, tcp-fin, policy-deny, …"),
        Field::word("action_source", "What decided the action."),
        Field::word("app_category", "Category of the application."),
        Field::word("app_sub_category", "Sub-category of the application."),
        Field::word("source_user_info_name", "User at the source, without the domain."),
    ],
};
