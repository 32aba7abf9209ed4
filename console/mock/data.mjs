// Canned data for the mock server: a host that is scanned, with everything the console shows.
// Addresses are from the documentation ranges.

const DATASETS = [
  ["xdr_data", "Connection attempts and flow ends, whatever saw them.", 182_231, [
    ["_time", "timestamp", "When it happened."], ["source_ip", "string", "Sender of the first packet."],
    ["source_port", "integer", "Its port."], ["target_ip", "string", "Whom the first packet was for."],
    ["target_port", "integer", "Its port."], ["action_remote_ip", "string", "Address of the other side."],
    ["action_remote_port", "integer", "Port of the other side."], ["action_network_protocol", "integer", "IP protocol number."],
    ["direction", "string", "inbound, outbound, local or observed."],
    ["outcome", "string", "accepted, refused, rejected, unanswered, mid_stream or unsolicited."],
    ["tcp_flags", "integer", "Flags of the first packet."], ["agent_hostname", "string", "Host name of the observer."],
  ]],
  ["alerts", "Alerts as they stand now: one row an alert, with its life-cycle.", 14, [
    ["_time", "timestamp", "When it happened."], ["alert_id", "integer", "Number of the alert."], ["name", "string", "One line."],
    ["severity", "string", "How bad."], ["open_ports", "array of integers", "Probed ports that answered as open."],
  ]],
  ["vedette_quarantine", "Lines and records that could not be parsed, each with the reason.", 3, [
    ["_time", "timestamp", "When it happened."], ["reason", "string", "Why it could not be parsed."], ["_raw_log", "string", "The input as it came."],
  ]],
];

export const datasets = () =>
  DATASETS.map(([name, doc, rows, fields]) => ({
    name, doc, kind: "stored", rows, bytes: rows * 61, oldest: iso(-86_400_000), newest: iso(-800),
    fields: fields.map(([name, type, doc]) => ({ name, type, doc })),
  }));

/** Now plus `milliseconds`, as the server writes it. */
export function iso(milliseconds = 0) {
  return new Date(Date.now() + milliseconds).toISOString().replace("Z", "000Z");
}

export const HOSTILE = {
  script: `<img src=x onerror="window.__pwned=1"><script>window.__pwned=2</script>`,
  rtl: "invoice\u202Efdp.exe\u202C and \u0007bell",
  long: "A".repeat(6000),
};

/** A whole alert; `over` replaces parts of the summary, `detection` of the detection. */
export function makeAlert(id, over = {}, detection = {}) {
  const age = over.age ?? 600_000;
  const length = over.length ?? 4_200;
  const source = over.source ?? "192.0.2.77";
  const target = over.target ?? "198.51.100.5";
  const open = over.open ?? [22, 80, 443];
  const ports = over.ports ?? 1000;
  const first = iso(-age);
  const facts = {
    name: `TCP SYN scan of ${target} from ${source}`,
    summary: `${source} probed ${ports} TCP ports of ${target} in ${(length / 1000).toFixed(1)} s; ${open.length} answered as open. The source reset the connections it had asked for, so the address is real.`,
    severity: "medium", scan_types: ["tcp_syn"], shape: "vertical", direction: "inbound",
    first_seen: first, last_seen: iso(-age + length), detected_at: iso(-age + 41),
    probes: ports + open.length, distinct_ports: ports, distinct_hosts: 1, open_ports: open, attribution: "confirmed",
  };
  const { age: _a, length: _l, source: _s, target: _t, open: _o, ports: _p, ...rest } = over;
  return {
    id, status: "new", resolution: null, assignee: null, active: false, self_test: false,
    created_at: facts.detected_at, updated_at: facts.last_seen, closed_at: null, comment_count: 0, excluded_by: null, source: "detection", category: "Reconnaissance", duplicates: 0, rule_id: null, rule_name: null, hosts: [], users: [], detection_id: `d-${id}`, finding: null,
    ...facts, source_ips: [source], source_count: 1, target_ips: [target], target_count: 1, tool: "nmap",
    mitre_tactics: ["TA0007"], mitre_techniques: ["T1046"], ...rest,
    capture_bytes: 2_904, comments: [], history: [{ time: facts.detected_at, actor: "vedette", field: "created", old: null, new: null, note: null }],
    detection: {
      id: `d-${id}`, change: "updated", kind: "scan", ...facts, ...pick(rest, facts), source_ips: [source], candidate_ips: [], target_ips: [target], addresses_cut: false,
      ports: "1-1000,3306", open_services: open.map((port) => ({ host: target, port, protocol: 6 })),
      tool: { name: "nmap", version_hint: "7.x", confidence: 0.93, evidence: ["TCP window 1024 on every probe", "SYN with the single option MSS 1460", "Shuffled ports, the frequent ones first"] },
      mitre: { tactics: ["TA0007"], techniques: ["T1046"] }, score: 42.7, threshold: 11.5,
      reasons: [`${ports - open.length} ports refused the connection`, `${open.length} ports were open and the source said nothing`, "997 ports that nobody else used in the last 7 days", "240 new ports a second"],
      sensor_losses: { packets_dropped: 0, events_dropped: 0, attempts_aggregated: 0 }, observers: ["sensor-web-01"], ...detection,
    },
  };
}

const pick = (from, like) => Object.fromEntries(Object.entries(from).filter(([key]) => key in like));

export function startAlerts() {
  return [
    makeAlert(14, { severity: "high", age: 95_000, active: true, length: 90_000, ports: 3021, open: [22, 80, 443, 3306, 8080], tool: "masscan", source: "203.0.113.9" }),
    makeAlert(13, { status: "in_progress", assignee: "bob", age: 4_000_000, source: "192.0.2.31", severity: "medium" }),
    makeAlert(12, {
      age: 9_000_000, severity: "low", source: "2001:db8::dead:beef", target: "2001:db8:1::20", scan_types: ["host_sweep", "tcp_connect"], shape: "horizontal",
      name: "Sweep of port 445 over 60 hosts from 2001:db8::dead:beef", distinct_hosts: 60, distinct_ports: 1, probes: 60, ports: 1, open: [445], attribution: "confirmed", tool: null,
      target_count: 60, target_ips: Array.from({ length: 10 }, (_, i) => `2001:db8:1::${20 + i}`),
      summary: "2001:db8::dead:beef asked 60 hosts for TCP port 445 within 4.2 s and completed every handshake.",
    }, { ports: "445", reasons: ["60 hosts asked for the same port", "No data was exchanged"], tool: { name: "", version_hint: "", confidence: 0, evidence: [] } }),
    makeAlert(11, { age: 12_000_000, name: `UDP scan by ${HOSTILE.script}`, summary: `${HOSTILE.rtl} ${HOSTILE.script}`, tool: HOSTILE.script, severity: "critical", scan_types: ["udp"], attribution: "spoofed", assignee: HOSTILE.rtl },
      { reasons: [HOSTILE.script, HOSTILE.rtl, HOSTILE.long], tool: { name: HOSTILE.script, version_hint: HOSTILE.rtl, confidence: 0.5, evidence: [HOSTILE.long] }, observers: [HOSTILE.script] }),
    makeAlert(10, { age: 40_000_000, status: "closed", resolution: "known_scanner", closed_at: iso(-39_000_000), source: "198.51.100.250", severity: "informational", tool: "nessus" }),
    makeAlert(9, { age: 50_000_000, self_test: true, status: "closed", resolution: "self_test", severity: "informational", source: "127.0.0.1", target: "127.0.0.1", open: [] }),
    ...Array.from({ length: 8 }, (_, i) => makeAlert(8 - i, { age: 60_000_000 + i * 3_000_000, status: "closed", resolution: i % 2 ? "benign" : "true_positive", closed_at: iso(-55_000_000), source: `203.0.113.${20 + i}`, severity: ["low", "medium", "high"][i % 3] })),
  ];
}

/** The probes of an alert: shuffled ports over its length, most refused. */
export function probesOf(alert) {
  const start = Date.parse(alert.first_seen);
  const length = Math.max(1, Date.parse(alert.last_seen) - start);
  const total = Math.min(4000, alert.probes);
  const open = new Set(alert.open_ports);
  let seed = alert.id * 7919;
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const ports = Array.from({ length: total }, (_, i) => (alert.distinct_ports === 1 ? (alert.open_ports[0] ?? 445) : i + 1));
  for (let i = ports.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [ports[i], ports[j]] = [ports[j], ports[i]];
  }
  return ports.map((port, i) => ({
    time: new Date(start + (length * i) / total).toISOString().replace("Z", "000Z"),
    source_ip: alert.source_ips[0], source_port: 40_000 + (i % 20_000),
    target_ip: alert.target_ips[i % alert.target_ips.length], target_port: port,
    protocol: alert.scan_types.includes("udp") ? "udp" : "tcp",
    outcome: open.has(port) ? "accepted" : random() < 0.12 ? "unanswered" : "refused",
    tcp_flags: 2, handshake_completed: false, count: 1, retries: random() < 0.1 ? 1 : 0,
  }));
}

export const sensorRunning = () => ({
  state: "running", reason: null, help: null, interfaces: ["eth0", "lo"], packets: 1_204_430, packets_dropped: 0,
  events: 182_231, events_dropped: 0, started_at: iso(-7_200_000),
});

export const sensorOff = () => ({
  state: "not_permitted", reason: "The kernel refused the packet socket: no CAP_NET_RAW.", help: "sudo setcap cap_net_raw+ep /usr/local/bin/vedette",
  interfaces: [], packets: 0, packets_dropped: 0, events: 0, events_dropped: 0, started_at: null,
});
