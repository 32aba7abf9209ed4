// What the mock server remembers, and what it computes from it.
import { startKeys, startUsers, startTokens } from "./access.mjs";
import { startChannels, startDeliveries, startIncidents } from "./outward.mjs";
import { startExclusions } from "./exclusions.mjs";
import { startModels } from "./models.mjs";
import { startBlocks, startPolicy } from "./response.mjs";
import { ruleAlert, startRules } from "./rules.mjs";
import { HOSTILE, iso, makeAlert, sensorOff, sensorRunning, startAlerts } from "./data.mjs";

export function newState({ setUp = true, empty = false } = {}) {
  return {
    setUp, token: "mock-setup-token", users: new Map(setUp ? [["ada", "correct horse battery"]] : []), sessions: new Map(),
    exclusions: startExclusions(), models: startModels(), blocks: startBlocks(), policy: startPolicy(), rules: startRules(), people: startUsers(), keys: startKeys(), tokens: startTokens(), alerts: empty ? [] : startAlerts(), sensor: sensorRunning(), nextId: 15, nextComment: 1, started: Date.now() - 7_200_000,
    incidents: startIncidents(), channels: startChannels(), deliveries: startDeliveries(), sent: [],
    streams: new Set(), brokenLink: null, selftests: 0,
  };
}

export const SUMMARY_LEFT_OUT = new Set(["detection", "finding", "comments", "history", "capture_bytes"]);
export const summary = (alert) => Object.fromEntries(Object.entries(alert).filter(([key]) => !SUMMARY_LEFT_OUT.has(key)));

const SEVERITIES = ["critical", "high", "medium", "low", "informational"];

export function listAlerts(state, params) {
  const set = (name) => params.get(name)?.split(",");
  const q = params.get("q")?.toLowerCase();
  const rows = state.alerts.filter((a) =>
    (!set("status") || set("status").includes(a.status)) &&
    (!set("severity") || set("severity").includes(a.severity)) &&
    (!params.get("source") || a.source_ips.includes(params.get("source"))) &&
    (params.get("self_test") !== "false" || !a.self_test) &&
    (["show", "only"].includes(params.get("excluded")) || a.excluded_by === null) &&
    (!q || `${a.name} ${a.summary} ${a.source_ips} ${a.tool}`.toLowerCase().includes(q)));
  const sort = params.get("sort") ?? "-detected_at";
  const key = sort.replace("-", "");
  const value = (a) => (key === "severity" ? -SEVERITIES.indexOf(a.severity) : a[key]);
  rows.sort((a, b) => (value(a) < value(b) ? -1 : 1) * (sort.startsWith("-") ? -1 : 1));
  return { alerts: rows.slice(0, Number(params.get("limit") ?? 50)).map(summary), total: rows.length, excluded: params.get("excluded") ? 0 : state.alerts.filter((a) => a.excluded_by !== null).length, next_cursor: null };
}

export function overview(state, hours) {
  const seconds = hours <= 1 ? 60 : hours <= 24 ? 3600 : hours <= 168 ? 21_600 : 86_400;
  const n = Math.round((hours * 3600) / seconds);
  const zero = () => Object.fromEntries(SEVERITIES.map((s) => [s, 0]));
  const buckets = Array.from({ length: n }, (_, i) => ({ start: iso(-(n - i) * seconds * 1000), ...zero() }));
  const real = state.alerts.filter((a) => !a.self_test);
  for (const alert of real) {
    const age = (Date.now() - Date.parse(alert.detected_at)) / 1000;
    const bucket = buckets[n - 1 - Math.floor(age / seconds)];
    if (bucket) bucket[alert.severity] += 1;
  }
  const open = zero();
  for (const alert of real) if (alert.status !== "closed") open[alert.severity] += 1;
  const of = (status) => real.filter((a) => a.status === status).length;
  const on = state.sensor.state === "running";
  return {
    time: iso(), hours,
    alerts: { total: real.length, new: of("new"), in_progress: of("in_progress"), closed: of("closed"), active: real.filter((a) => a.active).length, excluded: 0, open_by_severity: open, bucket_seconds: seconds, buckets },
    sensor: state.sensor,
    observed: {
      events_total: on ? 182_231 : 0, events_per_second: on ? 12.4 : 0,
      series: Array.from({ length: 60 }, (_, i) => ({ time: iso(-(60 - i) * 5000), events: on ? Math.round(60 + 30 * Math.sin(i / 4) + (i > 42 && i < 52 ? 900 : 0)) : 0 })),
      since: iso(-420_000),
      top_sources: on && real.length ? [["203.0.113.9", 3021], ["192.0.2.31", 1003], ["198.51.100.250", 412], ["2001:db8::dead:beef", 60], ["192.0.2.14", 22]].map(([value, count]) => ({ value, count })) : [],
      top_targets: on && real.length ? [["198.51.100.5", 4010], ["2001:db8:1::20", 60], ["198.51.100.6", 14]].map(([value, count]) => ({ value, count })) : [],
      top_ports: on && real.length ? [["tcp/445", 77], ["tcp/22", 41], ["udp/161", 33], ["tcp/3389", 18], ["tcp/8080", 9]].map(([value, count]) => ({ value, count })) : [],
    },
    degraded: degraded(state),
  };
}

export function degraded(state) {
  if (state.sensor.state === "running") return [];
  return [{ code: "sensor_not_permitted", part: "sensor", message: "The sensor is off: scans of this host are not seen.", help: state.sensor.help }];
}

export function status(state) {
  const open = state.alerts.filter((a) => a.status !== "closed").length;
  return {
    version: "0.1.0", time: iso(), started_at: new Date(state.started).toISOString(), uptime_seconds: (Date.now() - state.started) / 1000, hostname: "web-01", ready: true,
    parts: ["state", "lake", "ingest", "detector", "alerts", "sensor"].map((name) => ({ name, ok: true, message: null, help: null })),
    sensor: state.sensor,
    ingest: { events_received: 182_231, events_stored: 182_231, events_dropped: 0, queue_length: 0, queue_capacity: 4096, lines_accepted: 0, lines_quarantined: 3, log_events_examined: 0, log_events_unexamined: 0, batches_failed: 0, last_error: null },
    detector: { state: "running", reason: null, events: 182_231, events_dropped: 0, detections: 14, queue_length: 0, queue_capacity: 4096 },
    alerts: { total: state.alerts.length, open, active: 1, excluded: 0, exclusions: state.exclusions.length, duplicates: 0, closed_alert_days: 365, expired: 0, store_failures: 0 },
    lake: { bytes: 11_000_000, wal_bytes: 40_000, retention_days: 30, retention_bytes: 21_474_836_480, datasets: [] },
    quarantined_rows: 3, live: { subscribers: state.streams.size, messages_missed: 0 }, degraded: degraded(state),
  };
}

/** Changes an alert as PATCH does; returns an error or null. */
export function patch(state, alert, change, actor) {
  if (change.status === "closed" && !change.resolution) return ["resolution_required", "Closing an alert needs a reason."];
  if (change.assignee && !state.users.has(change.assignee) && change.assignee !== "bob") return ["unknown_user", `There is no user ${change.assignee}.`];
  const log = (field, old, now) => old !== now && alert.history.push({ time: iso(), actor, field, old, new: now, note: null });
  if (change.status) {
    log("status", alert.status, change.status);
    alert.status = change.status;
    const resolution = change.status === "closed" ? change.resolution : null;
    log("resolution", alert.resolution, resolution);
    alert.resolution = resolution;
  }
  if ("assignee" in change) {
    log("assignee", alert.assignee, change.assignee);
    alert.assignee = change.assignee;
  }
  if (change.comment) comment(state, alert, actor, change.comment);
  alert.updated_at = iso();
  return null;
}

export function comment(state, alert, author, text) {
  const made = { id: state.nextComment++, author, created_at: iso(), text };
  alert.comments.push(made);
  alert.comment_count = alert.comments.length;
  return made;
}

export function control(state, what) {
  if (what === "alert") return state.alerts.unshift(makeAlert(state.nextId++, { age: 900, active: true, length: 800, severity: "high", source: "192.0.2.200" })), state.alerts[0];
  if (what === "hostile-alert") return state.alerts.unshift(makeAlert(state.nextId++, { age: 900, name: HOSTILE.script })), state.alerts[0];
  if (what === "rule-alert") return state.alerts.unshift(ruleAlert(state.nextId++)), state.alerts[0];
  if (what === "sensor-off") state.sensor = sensorOff();
  if (what === "sensor-on") state.sensor = sensorRunning();
  if (what === "empty") state.alerts = [];
  if (what === "break-capture") state.brokenLink = "capture";
  if (what === "repair") state.brokenLink = null;
  if (what === "reset") Object.assign(state, newState(), { streams: state.streams, sessions: state.sessions });
  if (what === "end-sessions") state.sessions.clear();
  return null;
}
