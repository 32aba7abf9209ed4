//! `microsoft_windows_firewall_raw`: the text log of the Windows Firewall (pfirewall.log).

use super::{
    DEST_IP, DEST_PORT, ID, INSERT_TIME, PRODUCT, PROTOCOL, RAW_LOG, SOURCE_IP, SOURCE_PORT, TIME, VENDOR,
};
use crate::{Dataset, Field};

pub const DATASET: Dataset = Dataset {
    name: "microsoft_windows_firewall_raw",
    doc: "The text log of the Windows Firewall: dropped packets and allowed connections.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        VENDOR,
        PRODUCT,
        Field::word("action", "allow, drop, or info-events-lost."),
        SOURCE_IP,
        DEST_IP,
        SOURCE_PORT,
        DEST_PORT,
        PROTOCOL,
        Field::int("packet_length", "Length of the packet in bytes."),
        Field::word("tcp_flags", "TCP flags, one letter each: S, AP, FA."),
        Field::int("tcp_sequence", "TCP sequence number."),
        Field::int("tcp_acknowledgement", "TCP acknowledgement number."),
        Field::int("tcp_window", "TCP window."),
        Field::int("icmp_type", "ICMP type."),
        Field::int("icmp_code", "ICMP code."),
        Field::word("info", "Further information, as written; for lost events their number."),
        Field::word("path", "SEND, RECEIVE, FORWARD or UNKNOWN."),
        Field::int("process_id", "Process, on Windows versions that write it."),
        RAW_LOG,
    ],
};
