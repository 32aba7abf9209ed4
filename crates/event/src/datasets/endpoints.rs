//! `endpoints`: the hosts that sensors run on, as they are now.

use super::{ID, INSERT_TIME, TIME};
use crate::{Dataset, Field, FieldType, Row, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "endpoints",
    doc: "Hosts that a sensor runs on, one row each, as they are now.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::word("endpoint_id", "Identifier of the sensor; `agent_id` in xdr_data."),
        Field::word("endpoint_name", "Host name."),
        Field::word("endpoint_type", "AGENT_TYPE_SERVER."),
        Field::word("endpoint_status", "CONNECTED, DISCONNECTED or LOST."),
        Field::word("operational_status", "PROTECTED, PARTIALLY_PROTECTED or UNPROTECTED."),
        Field::str("operational_status_description", "Why it is not PROTECTED."),
        Field::word("os_type", "AGENT_OS_LINUX, …"),
        Field::word("operating_system", "Name and version of the operating system."),
        Field::new("ip_address", FieldType::StrList, "IPv4 addresses."),
        Field::new("ipv6_address", FieldType::StrList, "IPv6 addresses."),
        Field::new("mac_address", FieldType::StrList, "Hardware addresses."),
        Field::new("network_interface", FieldType::StrList, "Interfaces observed."),
        Field::word("user", "User signed in on it; null where that is not known."),
        Field::word("domain", "Windows domain."),
        Field::word("agent_version", "Version of the sensor."),
        Field::time("first_seen", "When it was first heard of."),
        Field::time("last_seen", "When it was last heard of."),
    ],
};

/// A host with a sensor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    pub id: String,
    pub name: String,
    pub status: &'static str,
    pub operational_status: &'static str,
    pub operational_reason: Option<String>,
    pub os_type: &'static str,
    pub operating_system: Option<String>,
    pub ipv4: Vec<String>,
    pub ipv6: Vec<String>,
    pub mac: Vec<String>,
    pub interfaces: Vec<String>,
    pub version: String,
    pub first_seen: Time,
    pub last_seen: Time,
}

/// A row of [`DATASET`].
pub fn row(endpoint: &Endpoint) -> Row {
    vec![
        Value::Time(endpoint.last_seen),
        Value::Time(endpoint.first_seen),
        Value::text(endpoint.id.clone()),
        Value::text(endpoint.id.clone()),
        Value::text(endpoint.name.clone()),
        Value::from("AGENT_TYPE_SERVER"),
        Value::from(endpoint.status),
        Value::from(endpoint.operational_status),
        Value::from(endpoint.operational_reason.clone()),
        Value::from(endpoint.os_type),
        Value::from(endpoint.operating_system.clone()),
        Value::from(endpoint.ipv4.clone()),
        Value::from(endpoint.ipv6.clone()),
        Value::from(endpoint.mac.clone()),
        Value::from(endpoint.interfaces.clone()),
        Value::Null,
        Value::Null,
        Value::text(endpoint.version.clone()),
        Value::Time(endpoint.first_seen),
        Value::Time(endpoint.last_seen),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_every_field() {
        assert_eq!(row(&Endpoint::default()).len(), DATASET.fields.len());
    }
}
