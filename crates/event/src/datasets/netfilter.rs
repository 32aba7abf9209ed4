//! `netfilter_raw`: packets that the Linux kernel logged (the LOG target of iptables and nftables, UFW, Proxmox).

use super::{
    DEST_IP, DEST_PORT, ID, INSERT_TIME, PRODUCT, PROTOCOL, RAW_LOG, SOURCE_IP, SOURCE_PORT, TIME, VENDOR,
};
use crate::{Dataset, Field};

pub const DATASET: Dataset = Dataset {
    name: "netfilter_raw",
    doc: "Packets logged by the Linux kernel firewall: iptables, nftables, UFW, Proxmox.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        VENDOR,
        PRODUCT,
        Field::word("log_source_name", "Host whose kernel wrote the line."),
        Field::word("log_prefix", "Text of the rule before the packet."),
        Field::word("action", "drop, reject or accept, read from the prefix; null when it does not say."),
        Field::word("inbound_if", "Interface it came in by; null for packets this host sent."),
        Field::word("outbound_if", "Interface it leaves by; null for packets to this host."),
        SOURCE_IP,
        DEST_IP,
        SOURCE_PORT,
        DEST_PORT,
        PROTOCOL,
        Field::word("tcp_flags", "TCP flags that were set: SYN, ACK PSH."),
        Field::int("packet_length", "Length of the IP packet in bytes."),
        Field::int("ttl", "TTL or hop limit."),
        Field::int("ip_id", "IPv4 identification."),
        Field::int("tcp_window", "TCP window."),
        Field::int("icmp_type", "ICMP type."),
        Field::int("icmp_code", "ICMP code."),
        Field::word("source_mac", "MAC address of the sender on the last link."),
        RAW_LOG,
    ],
};
