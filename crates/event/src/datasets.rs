//! The built-in datasets, one file each: its fields, and how the things of this crate become its
//! rows.

pub mod alerts;
pub mod audit_logs;
pub mod detections;
pub mod endpoints;
pub mod incidents;
pub mod netfilter;
pub mod netflow;
pub mod panw;
pub mod pfirewall;
pub mod quarantine;
pub mod rule_runs;
pub mod suricata;
pub mod threat;
pub mod xdr_data;
pub mod zeek;

use crate::{Dataset, Field};

/// Every built-in dataset, in the order the manual lists them.
pub const ALL: [&Dataset; 16] = [
    &xdr_data::DATASET,
    &alerts::DATASET,
    &incidents::DATASET,
    &endpoints::DATASET,
    &audit_logs::DATASET,
    &detections::DATASET,
    &threat::DATASET,
    &panw::THREAT,
    &panw::TRAFFIC,
    &pfirewall::DATASET,
    &netfilter::DATASET,
    &zeek::DATASET,
    &suricata::DATASET,
    &netflow::DATASET,
    &quarantine::DATASET,
    &rule_runs::DATASET,
];

/// The datasets that the lake holds: all but those whose rows change and stand in the server's state.
pub fn in_lake() -> Vec<&'static Dataset> {
    let elsewhere =
        [alerts::DATASET.name, incidents::DATASET.name, endpoints::DATASET.name, rule_runs::DATASET.name];
    ALL.into_iter().filter(|dataset| !elsewhere.contains(&dataset.name)).collect()
}

/// A dataset by the name queries use, aliases included.
pub fn by_name(name: &str) -> Option<&'static Dataset> {
    let name = match name {
        // A Sigma back end falls back to this name.
        "xdr_dataset" | "network_story" => "xdr_data",
        other => other,
    };
    ALL.into_iter().find(|dataset| dataset.name == name)
}

pub(crate) const TIME: Field = Field::time("_time", "When it happened.");
pub(crate) const INSERT_TIME: Field = Field::time("_insert_time", "When Vedette stored the row.");
pub(crate) const ID: Field = Field::str("_id", "Unique identifier of the row.");
pub(crate) const VENDOR: Field = Field::word("_vendor", "Vendor of the product that saw it.");
pub(crate) const PRODUCT: Field = Field::word("_product", "Product that saw it.");
pub(crate) const SOURCE_IP: Field = Field::ip("source_ip", "Address of who began it.");
pub(crate) const DEST_IP: Field = Field::ip("dest_ip", "Address of whom it was for.");
pub(crate) const SOURCE_PORT: Field = Field::int("source_port", "Source port.");
pub(crate) const DEST_PORT: Field = Field::int("dest_port", "Destination port.");
pub(crate) const PROTOCOL: Field =
    Field::word("protocol", "IP protocol in words: tcp, udp, icmp, …, or its number.");
pub(crate) const RAW_LOG: Field = Field::str("_raw_log", "The line as it came.");

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_dataset_has_the_system_fields_and_no_name_twice() {
        for dataset in ALL {
            let names: HashSet<_> = dataset.fields.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), dataset.fields.len(), "{}", dataset.name);
            for name in ["_time", "_insert_time", "_id"] {
                assert!(names.contains(name), "{} lacks {name}", dataset.name);
            }
            for field in dataset.fields {
                assert!(!field.doc.is_empty(), "{}.{}", dataset.name, field.name);
                assert_eq!(field.name, field.name.to_lowercase());
            }
        }
    }
}
