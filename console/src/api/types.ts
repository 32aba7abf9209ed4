// The shapes of the HTTP API as the server's OpenAPI document states them. Nothing but types.

export type Severity = "critical" | "high" | "medium" | "low" | "informational";
export type AlertStatus = "new" | "in_progress" | "closed";
export type Resolution =
  | "true_positive"
  | "benign"
  | "false_positive"
  | "duplicate"
  | "known_scanner"
  | "other"
  | "self_test";
export type Role = "viewer" | "analyst" | "administrator" | "ingest";

export interface Me {
  username: string;
  role: Role;
  kind: "session" | "token" | "api_key" | "local";
  expires_at: string | null;
}

export interface SetupState {
  required: boolean;
  expires_at: string | null;
}

export interface Degraded {
  code: string;
  part: string;
  message: string;
  help: string | null;
}

export interface Sensor {
  state: "running" | "off" | "not_permitted" | "failed" | "stopped";
  reason: string | null;
  help: string | null;
  interfaces: string[];
  packets: number;
  packets_dropped: number;
  events: number;
  events_dropped: number;
  started_at: string | null;
  /** How well local programs behind attempts are known; absent from older servers. */
  processes?: { running: boolean; named: number; unnamed: number; limits: string[] } | null;
}

export interface AlertBucket extends Record<Severity, number> {
  start: string;
}

export interface Counted {
  value: string;
  count: number;
}

export interface Overview {
  time: string;
  hours: number;
  alerts: {
    total: number;
    new: number;
    in_progress: number;
    closed: number;
    active: number;
    excluded: number;
    open_by_severity: Record<Severity, number>;
    bucket_seconds: number;
    buckets: AlertBucket[];
  };
  sensor: Sensor;
  observed: {
    events_total: number;
    events_per_second: number;
    series: { time: string; events: number }[];
    since: string | null;
    top_sources: Counted[];
    top_targets: Counted[];
    top_ports: Counted[];
  };
  degraded: Degraded[];
}

export interface AlertSummary {
  incident_id?: number | null;
  id: number;
  status: AlertStatus;
  resolution: Resolution | null;
  assignee: string | null;
  active: boolean;
  self_test: boolean;
  created_at: string;
  updated_at: string;
  closed_at: string | null;
  comment_count: number;
  /** Number of the exclusion that hides it. */
  excluded_by: number | null;
  source: "detection" | "correlation" | "external";
  category: string;
  /** Later hits that were kept back as the same. */
  duplicates: number;
  rule_id: number | null;
  rule_name: string | null;
  hosts: string[];
  users: string[];
  /** Null for what is no detection, as are `shape` and `attribution`. */
  detection_id: string | null;
  name: string;
  summary: string;
  severity: Severity;
  source_ips: string[];
  source_count: number;
  target_ips: string[];
  target_count: number;
  scan_types: string[];
  shape: string | null;
  direction: string;
  first_seen: string;
  last_seen: string;
  detected_at: string;
  probes: number;
  distinct_ports: number;
  distinct_hosts: number;
  open_ports: number[];
  tool: string | null;
  attribution: Attribution | null;
  mitre_tactics: string[];
  mitre_techniques: string[];
}

export type Attribution = "confirmed" | "unconfirmed" | "spoofed";

export interface Detection {
  id: string;
  change: string;
  kind: string;
  name: string;
  summary: string;
  source_ips: string[];
  candidate_ips: string[];
  target_ips: string[];
  addresses_cut: boolean;
  scan_types: string[];
  shape: string;
  direction: string;
  first_seen: string;
  last_seen: string;
  detected_at: string;
  probes: number;
  distinct_ports: number;
  distinct_hosts: number;
  ports: string;
  open_ports: number[];
  open_services: { host: string; port: number; protocol: number }[];
  tool: { name: string; version_hint: string; confidence: number; evidence: string[] };
  attribution: Attribution;
  severity: Severity;
  mitre: { tactics: string[]; techniques: string[] };
  score: number;
  threshold: number;
  reasons: string[];
  sensor_losses: { packets_dropped: number; events_dropped: number; attempts_aggregated: number };
  /** Local processes that made the probes. */
  processes: { pid: number; name: string; path: string; command_line: string; user: string }[];
  observers: string[];
}

/** What a correlation rule or another product found. */
export interface Finding {
  source: "correlation" | "external";
  key: string;
  name: string;
  summary: string;
  severity: Severity;
  category: string;
  mitre: { tactics: string[]; techniques: string[] };
  source_ips: string[];
  target_ips: string[];
  hosts: string[];
  users: string[];
  first_seen: string;
  last_seen: string;
  detected_at: string;
  count: number;
  vendor: string;
  product: string;
  fields: Record<string, Cell>;
  rule: {
    rule_id: number;
    rule_name: string;
    query: string;
    from: string;
    to: string;
    row_count: number;
    rows: Record<string, Cell>[];
    drilldown: string;
  } | null;
}

export interface Comment {
  id: number;
  author: string;
  created_at: string;
  text: string;
}

export interface Change {
  time: string;
  actor: string;
  field: string;
  old: string | null;
  new: string | null;
  note: string | null;
}

export interface Alert extends AlertSummary {
  detection: Detection | null;
  finding: Finding | null;
  comments: Comment[];
  history: Change[];
  /** Others that saw the same scan; absent from older servers. */
  seen_by?: { detection_id: string; observers: string[]; summary: string; reasons: string[]; xql: string }[];
  /** Size of the capture file of its probes; null where the sensor kept none. */
  capture_bytes: number | null;
}

export interface AlertPage {
  alerts: AlertSummary[];
  total: number;
  /** How many more would match, were they not excluded. */
  excluded: number;
  next_cursor: string | null;
}

export interface AlertPatch {
  status?: AlertStatus;
  resolution?: Resolution;
  assignee?: string | null;
  comment?: string;
}

export type Outcome = "accepted" | "refused" | "rejected" | "unanswered" | "mid_stream" | "unsolicited";

export interface Probe {
  time: string;
  source_ip: string;
  source_port: number;
  target_ip: string;
  target_port: number;
  protocol: string;
  outcome: Outcome;
  tcp_flags: number | null;
  handshake_completed: boolean | null;
  count: number;
  retries: number;
}

export interface Evidence {
  xql: string;
  from: string;
  to: string;
  limit_hit: boolean;
  probes: Probe[];
  /** Connections to what was found open; absent from older servers. */
  afterwards?: {
    xql: string;
    connections: { source_ip: string; scanner: boolean; target_ip: string; target_port: number; connections: number; bytes_sent: number; bytes_received: number; first_seen: string }[];
  } | null;
}

export interface Diagnostic {
  severity: "error" | "warning";
  code: string;
  message: string;
  help: string | null;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  start: number;
  end: number;
  /** The edit that mends it, in bytes of the text. */
  fix?: { start: number; end: number; text: string } | null;
}

export interface Column {
  name: string;
  type: string;
}

/** A cell. Integers beyond 2^53 arrive as decimal text, see `parseExact`. */
export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell };

export interface ViewParameter {
  name: string;
  values: { text: string }[];
}
export type View =
  | { view: "graph"; parameters: ViewParameter[] }
  | { view: "highlight"; fields: { name: string }[]; values: string[] }
  | { view: "column_order"; populated: boolean };

export interface QueryResult {
  columns: Column[];
  rows: Cell[][];
  row_count: number;
  limit_hit: boolean;
  stats: { elapsed_ms: number; rows_scanned: number | null; bytes_scanned: number | null };
  warnings: Diagnostic[];
  /** What the query's `view` stages ask for. */
  views: View[];
}

export type Timeframe = { last_seconds: number } | { from: string; to: string };

export interface DatasetField {
  name: string;
  type: string;
  doc: string;
}

export interface Dataset {
  name: string;
  doc: string;
  kind: string;
  rows: number | null;
  bytes: number | null;
  oldest: string | null;
  newest: string | null;
  fields: DatasetField[];
}

/** The text of a correlation rule. */
export interface RuleText {
  name: string;
  description: string;
  query: string;
  severity: string;
  category: string;
  alert_name: string;
  alert_description: string;
  alert_fields: Record<string, string>;
  mitre: { tactics: string[]; techniques: string[] };
  mode: "scheduled" | "real_time";
  schedule: string;
  timezone: string;
  search_window: string;
  suppress_for: string;
  suppress_by: string[];
  drilldown: string;
  action: "alert" | "dataset" | "lookup" | "lookup_remove";
  dataset: string;
  lookup_keys?: string[];
  lookup_fields?: Record<string, string>;
}

export interface RuleRun {
  status: "ok" | "failed" | "skipped";
  window_start: string;
  window_end: string;
  finished_at: string;
  duration_ms: number;
  rows_scanned: number;
  rows_found: number;
  alerts: number;
  suppressed: number;
  aggregated: number;
  error: string | null;
  note: string | null;
}

export interface Rule {
  id: number;
  enabled: boolean;
  shipped: string | null;
  modified: boolean;
  created_at: string;
  created_by: string;
  updated_at: string;
  updated_by: string;
  next_run: string | null;
  failing_since: string | null;
  last_error: string | null;
  last_run: RuleRun | null;
  rule: RuleText;
}

export interface Mistake {
  field: string;
  message: string;
}

export interface RuleTrial {
  runs: number;
  alerts: number;
  suppressed: number;
  aggregated: number;
  rows_found: number;
  rows_scanned: number;
  elapsed_ms: number;
  days: { day: string; alerts: number }[];
  examples: Finding[];
}

export type RuleTrialLine =
  | { progress: { done: number; total: number } }
  | { result: RuleTrial }
  | { error: { message: string; diagnostics?: Diagnostic[] } };

export interface Status {
  version: string;
  time: string;
  started_at: string;
  uptime_seconds: number;
  hostname: string;
  ready: boolean;
  parts: { name: string; ok: boolean; message: string | null; help: string | null }[];
  sensor: Sensor;
  ingest: {
    events_received: number;
    events_stored: number;
    events_dropped: number;
    queue_length: number;
    queue_capacity: number;
    lines_accepted: number;
    lines_quarantined: number;
    log_events_examined: number;
    log_events_unexamined: number;
    batches_failed: number;
    last_error: string | null;
  };
  detector: {
    state: string;
    reason: string | null;
    events: number;
    events_dropped: number;
    detections: number;
    queue_length: number;
    queue_capacity: number;
  };
  alerts: {
    total: number;
    open: number;
    active: number;
    excluded: number;
    exclusions: number;
    duplicates: number;
    closed_alert_days: number;
    expired: number;
    store_failures: number;
  };
  lake: {
    bytes: number;
    wal_bytes: number;
    retention_days: number;
    retention_bytes: number;
    datasets: { name: string; rows: number; bytes: number; oldest: string | null; newest: string | null }[];
  };
  quarantined_rows: number;
  live: { subscribers: number; messages_missed: number };
  degraded: Degraded[];
}

export interface SelfTestStep {
  name: string;
  title: string;
  state: "ok" | "broken" | "skipped";
  milliseconds: number;
  detail: string | null;
  cause: string | null;
  fix: string | null;
}

export interface SelfTestResult {
  ok: boolean;
  broken: string | null;
  alert_id: number | null;
  milliseconds: number;
  message: string;
}

export type SelfTestLine = { step: SelfTestStep } | { result: SelfTestResult };

export interface LiveAlert {
  change: "opened" | "updated" | "closed" | "edited";
  alert: AlertSummary;
}

export interface User {
  username: string;
  role: Role;
  created_at: string;
  last_sign_in: string | null;
  disabled: boolean;
}

export type KeyKind = "standard" | "advanced";

export interface ApiKey {
  id: number;
  name: string;
  kind: KeyKind;
  role: Role;
  created_at: string;
  created_by: string;
  rotated_at: string | null;
  last_used: string | null;
  expires_at: string | null;
}

export interface Token {
  id: number;
  name: string;
  role: Role;
  created_at: string;
  created_by: string;
  last_used: string | null;
  expires_at: string | null;
}

/** The answer that shows a token, this once. */
export interface MadeToken {
  id: number;
  token: string;
}

/** The answer that shows a key, this once. */
export interface MadeKey {
  api_key: ApiKey;
  key: string;
}

export interface IncidentSummary {
  id: number;
  name: string;
  status: AlertStatus;
  resolution: Resolution | null;
  resolve_comment: string | null;
  assignee: string | null;
  severity: Severity;
  /** A person set it. */
  severity_set: boolean;
  starred: boolean;
  created_at: string;
  updated_at: string;
  closed_at: string | null;
  first_alert_at: string;
  last_alert_at: string;
  alert_count: number;
  alert_ids: number[];
  source_ips: string[];
  source_count: number;
  victims: string[];
  victim_count: number;
}

export interface Incident extends IncidentSummary {
  alerts: AlertSummary[];
  history: Change[];
}

export interface IncidentPage {
  incidents: IncidentSummary[];
  total: number;
  next_cursor: string | null;
}

export interface IncidentPatch {
  status?: AlertStatus;
  resolution?: Resolution;
  assignee?: string | null;
  severity?: Severity;
  starred?: boolean;
  comment?: string;
}

export type ChannelShape = "json" | "ocsf" | "slack" | "teams" | "cef";

export interface ChannelSettings {
  shape?: ChannelShape;
  min_severity?: Severity | null;
  sources?: string[] | null;
  quiet_hours?: { from: string; to: string; timezone: string } | null;
  allow_private?: boolean;
  mail?: { from: string; to: string[] } | null;
  title?: string | null;
  body?: string | null;
}

export interface Channel {
  id: number;
  name: string;
  enabled: boolean;
  address: string;
  has_login: boolean;
  has_trust: boolean;
  settings: ChannelSettings;
  created_at: string;
  created_by: string;
}

export interface NewChannel {
  name: string;
  url: string;
  username?: string;
  password?: string;
  trust?: string;
  settings: ChannelSettings;
}

/** What is absent stays; an empty text takes a login or an authority away. */
export interface ChannelEdit extends Partial<NewChannel> {
  enabled?: boolean;
}

export interface MadeChannel {
  channel: Channel;
  key: string | null;
}

export interface ChannelTrial {
  delivered: boolean;
  error: string | null;
}

export interface Delivery {
  id: number;
  channel_id: number;
  alert_id: number;
  state: "waiting" | "delivered" | "dead";
  attempts: number;
  next_at: string;
  updated_at: string;
  last_error: string | null;
}
