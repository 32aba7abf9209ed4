// Queries to start from. Each runs on a fresh installation.

export const EXAMPLES: readonly { title: string; query: string }[] = [
  {
    title: "Who probes the most ports?",
    query: `// Sources by the number of different ports they tried: a scanner stands out.
dataset = xdr_data
| filter direction in ("inbound", "local") and outcome in ("refused", "unanswered", "rejected", "accepted")
| comp count() as attempts, count_distinct(target_port) as ports, count_distinct(target_ip) as hosts,
    earliest(_time) as first_seen, latest(_time) as last_seen by source_ip
| filter ports > 10
| sort desc ports
| limit 50`,
  },
  {
    title: "Ports that answered a scanner as open",
    query: `dataset = xdr_data
| filter direction in ("inbound", "local") and outcome = "accepted"
| comp count() as attempts, values(source_ip) as sources by target_ip, target_port
| sort desc attempts
| limit 100`,
  },
  {
    title: "Alerts that are still open",
    query: `dataset = alerts
| filter status in ("new", "in_progress")
| fields alert_id, severity, status, name, source_ip, distinct_ports, open_ports, first_seen, last_seen
| sort desc last_seen`,
  },
  {
    title: "What was recognised as harmless",
    query: `// Campaigns that raise no alert: discovery of the network, backscatter, floods.
dataset = vedette_detections
| filter kind != "scan"
| fields _time, kind, name, source_ip, probes, summary
| sort desc _time
| limit 100`,
  },
  {
    title: "SMB connections by the other side",
    query: `dataset = xdr_data
| filter action_remote_port = 445
| comp count() as n by action_remote_ip
| sort desc n
| limit 10`,
  },
  {
    title: "Port scans that a PAN-OS firewall reported",
    query: `dataset = panw_ngfw_threat_raw
| filter sub_type = "scan" or threat_name contains "scan"
| comp count() as hits, count_distinct(dest_ip) as targets, count_distinct(dest_port) as ports, values(action) as actions by source_ip
| sort desc hits
| limit 50`,
  },
  {
    title: "Input that could not be read",
    query: `dataset = vedette_quarantine
| comp count() as lines by source, reason
| sort desc lines`,
  },
];

export const FIRST_QUERY = EXAMPLES[0]?.query ?? "dataset = xdr_data | limit 100";
