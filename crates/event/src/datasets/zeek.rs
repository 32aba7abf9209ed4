//! `zeek_conn_raw`: connections as Zeek writes them to conn.log.

use super::{
    DEST_IP, DEST_PORT, ID, INSERT_TIME, PRODUCT, PROTOCOL, RAW_LOG, SOURCE_IP, SOURCE_PORT, TIME, VENDOR,
};
use crate::{Dataset, Field, FieldType};

pub const DATASET: Dataset = Dataset {
    name: "zeek_conn_raw",
    doc: "Connections from the conn.log of Zeek, in its text or JSON form.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        VENDOR,
        PRODUCT,
        Field::word("log_source_name", "Sensor that wrote it, where the line says so."),
        Field::str("uid", "Identifier of the connection in all logs of Zeek."),
        SOURCE_IP,
        DEST_IP,
        SOURCE_PORT,
        DEST_PORT,
        PROTOCOL,
        Field::word("app", "Application protocols Zeek recognised."),
        Field::new("duration", FieldType::Float, "Seconds from the first packet to the last."),
        Field::int("bytes_sent", "Payload bytes from the originator."),
        Field::int("bytes_received", "Payload bytes from the responder."),
        Field::int("packets_sent", "Packets from the originator."),
        Field::int("packets_received", "Packets from the responder."),
        Field::int("ip_bytes_sent", "IP bytes from the originator."),
        Field::int("ip_bytes_received", "IP bytes from the responder."),
        Field::word(
            "conn_state",
            "Zeek's state of the connection: S0 unanswered, REJ refused, SF normal, RSTO reset by the originator, …",
        ),
        Field::word("history", "Packets in order, one letter each, upper case from the originator."),
        Field::bool("local_orig", "The originator is in the site's networks."),
        Field::bool("local_resp", "The responder is in the site's networks."),
        Field::int("missed_bytes", "Bytes lost in gaps of the capture."),
        Field::word("source_mac", "MAC address of the originator."),
        Field::word("dest_mac", "MAC address of the responder."),
        Field::int("vlan", "VLAN number."),
        Field::new("tunnel_parents", FieldType::StrList, "Connections it was tunnelled in."),
        RAW_LOG,
    ],
};
