//! Which dataset a logsource is, and what the fields of Sigma are called there.

use serde_json::Value;
use vedette_event::datasets;

pub struct Source {
    pub dataset: String,
    fields: &'static [(&'static str, &'static str)],
}

/// Connections, under the names of Sysmon and Zeek.
const CONNECTIONS: &[(&str, &str)] = &[
    ("SourceIp", "source_ip"),
    ("SourcePort", "source_port"),
    ("DestinationIp", "target_ip"),
    ("DestinationPort", "target_port"),
    ("src_ip", "source_ip"),
    ("src_port", "source_port"),
    ("dst_ip", "target_ip"),
    ("dst_port", "target_port"),
    ("Image", "actor_process_image_path"),
    ("CommandLine", "actor_process_command_line"),
    ("User", "actor_effective_username"),
    ("Computer", "agent_hostname"),
    ("ComputerName", "agent_hostname"),
];

/// Firewalls.
const FIREWALL: &[(&str, &str)] = &[
    ("src_ip", "source_ip"),
    ("src_port", "source_port"),
    ("dst_ip", "dest_ip"),
    ("dst_port", "dest_port"),
    ("SourceIp", "source_ip"),
    ("SourcePort", "source_port"),
    ("DestinationIp", "dest_ip"),
    ("DestinationPort", "dest_port"),
    ("User", "source_user"),
    ("username", "source_user"),
];

impl Source {
    pub fn of(logsource: Option<&Value>) -> Result<Source, String> {
        let word =
            |name: &str| logsource.and_then(|it| it.get(name)).and_then(Value::as_str).unwrap_or_default();
        let (category, product, service) = (word("category"), word("product"), word("service"));
        let (dataset, fields) = match (category, product, service) {
            ("network_connection", ..) => ("xdr_data", CONNECTIONS),
            ("firewall", ..) | (_, "paloalto" | "panw", "traffic" | "panos") => {
                ("panw_ngfw_traffic_raw", FIREWALL)
            }
            (_, "paloalto" | "panw", "threat") => ("panw_ngfw_threat_raw", FIREWALL),
            // Our own datasets by their name.
            (_, "vedette", name) if datasets::by_name(name).is_some() => (name, &[] as &[_]),
            _ => {
                let known = "category network_connection or firewall, product paloalto with service traffic or threat, product vedette with a dataset as service";
                return Err(format!(
                    "logsource: {category:?} {product:?} {service:?} is no dataset here; there is {known}"
                ));
            }
        };
        Ok(Source { dataset: dataset.to_owned(), fields })
    }

    /// The field's name in the dataset; one that is not in the table must be a field as it stands.
    pub fn field(&self, name: &str) -> Result<String, String> {
        if let Some((_, own)) = self.fields.iter().find(|(sigma, _)| *sigma == name) {
            return Ok((*own).to_owned());
        }
        let known = datasets::by_name(&self.dataset).and_then(|set| set.position(&name.to_lowercase()));
        match known {
            Some(_) => Ok(name.to_lowercase()),
            None => {
                let shown: String = name.chars().take(60).collect();
                Err(format!("{} has no field {shown:?}", self.dataset))
            }
        }
    }
}
