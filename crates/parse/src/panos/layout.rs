//! Which position of the log is which column of the dataset. Positions count from 0; their order
//! is that of the PAN-OS 11 syslog field descriptions.

pub(super) enum Kind {
    Text,
    /// Text in lower case.
    Lower,
    Int,
    Time,
    Address,
}

pub(super) struct Column {
    pub position: usize,
    pub name: &'static str,
    pub kind: Kind,
    /// An empty cell is an error rather than null.
    pub required: bool,
}

const fn column(position: usize, name: &'static str, kind: Kind) -> Column {
    Column { position, name, kind, required: false }
}

const fn required(position: usize, name: &'static str, kind: Kind) -> Column {
    Column { position, name, kind, required: true }
}

use Kind::{Address, Int, Lower, Text, Time};

/// The same in both types, up to the action.
pub(super) const COMMON: &[Column] = &[
    required(1, "log_time", Time),
    column(2, "log_source_id", Text),
    required(3, "log_type", Lower),
    column(4, "sub_type", Text),
    column(5, "config_version", Text),
    required(6, "time_generated", Time),
    required(7, "source_ip", Address),
    required(8, "dest_ip", Address),
    column(9, "nat_source", Address),
    column(10, "nat_dest", Address),
    column(11, "rule_matched", Text),
    column(12, "source_user", Text),
    column(13, "dest_user", Text),
    column(14, "app", Text),
    column(15, "vsys", Text),
    column(16, "from_zone", Text),
    column(17, "to_zone", Text),
    column(18, "inbound_if", Text),
    column(19, "outbound_if", Text),
    column(20, "log_set", Text),
    column(22, "session_id", Int),
    column(23, "count_of_repeats", Int),
    column(24, "source_port", Int),
    column(25, "dest_port", Int),
    column(26, "nat_source_port", Int),
    column(27, "nat_dest_port", Int),
    column(28, "flags", Text),
    column(29, "protocol", Lower),
    column(30, "action", Text),
];

pub(super) const THREAT: &[Column] = &[
    column(31, "file_name", Text),
    column(33, "url_category", Text),
    column(34, "vendor_severity", Text),
    column(35, "direction", Text),
    column(36, "sequence_no", Int),
    column(37, "action_flags", Text),
    column(38, "source_location", Text),
    column(39, "dest_location", Text),
    column(42, "pcap_id", Int),
    column(43, "file_sha_256", Text),
    column(46, "user_agent", Text),
    column(47, "file_type", Text),
    column(48, "xff", Text),
    column(49, "referer", Text),
    column(54, "dg_hier_level_1", Int),
    column(55, "dg_hier_level_2", Int),
    column(56, "dg_hier_level_3", Int),
    column(57, "dg_hier_level_4", Int),
    column(58, "vsys_name", Text),
    column(59, "log_source_name", Text),
    column(63, "http_method", Text),
    column(69, "threat_category", Text),
    column(70, "content_version", Text),
    column(111, "app_sub_category", Text),
    column(112, "app_category", Text),
];

/// Position of the time with milliseconds and offset, in threat logs of PAN-OS 10 and later.
pub(super) const THREAT_HIGH_RES: usize = 107;

pub(super) const TRAFFIC: &[Column] = &[
    column(31, "bytes_total", Int),
    column(32, "bytes_sent", Int),
    column(33, "bytes_received", Int),
    column(34, "packets_total", Int),
    column(35, "session_start_time", Time),
    column(36, "total_time_elapsed", Int),
    column(37, "url_category", Text),
    column(39, "sequence_no", Int),
    column(40, "action_flags", Text),
    column(41, "source_location", Text),
    column(42, "dest_location", Text),
    column(44, "packets_sent", Int),
    column(45, "packets_received", Int),
    column(46, "session_end_reason", Text),
    column(47, "dg_hier_level_1", Int),
    column(48, "dg_hier_level_2", Int),
    column(49, "dg_hier_level_3", Int),
    column(50, "dg_hier_level_4", Int),
    column(51, "vsys_name", Text),
    column(52, "log_source_name", Text),
    column(53, "action_source", Text),
    column(105, "app_sub_category", Text),
    column(106, "app_category", Text),
];

/// The same in traffic logs.
pub(super) const TRAFFIC_HIGH_RES: usize = 102;
