//! `netflow_raw`: flow records of NetFlow 5 and 9, and of IPFIX.

use super::{DEST_IP, DEST_PORT, ID, INSERT_TIME, PRODUCT, PROTOCOL, SOURCE_IP, SOURCE_PORT, TIME, VENDOR};
use crate::{Dataset, Field};

pub const DATASET: Dataset = Dataset {
    name: "netflow_raw",
    doc: "Flow records of routers and firewalls: NetFlow 5 and 9, IPFIX.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        VENDOR,
        PRODUCT,
        Field::int("version", "5, 9, or 10 for IPFIX."),
        Field::ip("exporter_ip", "Address of the exporter, where the input says it."),
        Field::int("exporter_id", "Source or observation domain of the exporter."),
        SOURCE_IP,
        DEST_IP,
        SOURCE_PORT,
        DEST_PORT,
        PROTOCOL,
        Field::int("bytes_sent", "Bytes of the flow, IP headers included."),
        Field::int("packets_sent", "Packets of the flow."),
        Field::int("bytes_received", "Bytes the other way, from exporters that tell both in one record."),
        Field::int("packets_received", "Packets the other way, likewise."),
        Field::time("start_time", "First packet."),
        Field::time("end_time", "Last packet."),
        Field::int("tcp_flags", "All TCP flags of the flow: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32."),
        Field::int("tos", "Type of service."),
        Field::int("icmp_type", "ICMP type."),
        Field::int("icmp_code", "ICMP code."),
        Field::int("inbound_if", "Number of the interface it came in by."),
        Field::int("outbound_if", "Number of the interface it left by."),
        Field::int("source_as", "Autonomous system of the source."),
        Field::int("dest_as", "Autonomous system of the destination."),
        Field::ip("next_hop", "Next router."),
        Field::ip("nat_source", "Source address after translation."),
        Field::ip("nat_dest", "Destination address after translation."),
        Field::word(
            "action",
            "What a firewall says became of it: created, deleted, denied, alert or updated.",
        ),
        Field::int(
            "flow_end_reason",
            "Why the flow was told: 1 idle, 2 active too long, 3 end seen, 4 forced, 5 out of resources.",
        ),
        Field::int("sampling", "One packet in so many was looked at; null when all were."),
        Field::int("vlan", "VLAN number."),
    ],
};
