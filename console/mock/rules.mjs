// Correlation rules of the mock: a few that stand for all states, and an alert that one of them raised.
import { HOSTILE, iso, makeAlert } from "./data.mjs";

const TEXT = {
  description: "", severity: "medium", category: "Discovery", alert_name: "", alert_description: "", alert_fields: {}, mitre: { tactics: ["TA0007"], techniques: ["T1046"] },
  mode: "scheduled", schedule: "10 minutes", timezone: "", search_window: "1 hour", suppress_for: "", suppress_by: [], drilldown: "", action: "alert", dataset: "",
};

const run = (over = {}) => ({
  status: "ok", window_start: iso(-4_200_000), window_end: iso(-600_000), finished_at: iso(-590_000), duration_ms: 41, rows_scanned: 18_000, rows_found: 1,
  alerts: 1, suppressed: 0, aggregated: 0, error: null, note: null, ...over,
});

export function makeRule(id, text, over = {}) {
  return {
    id, enabled: true, shipped: null, modified: false, created_at: iso(-86_400_000), created_by: "ada", updated_at: iso(-86_400_000), updated_by: "ada",
    next_run: iso(420_000), failing_since: null, last_error: null, last_run: run(), rule: { ...TEXT, query: "dataset = xdr_data\n| comp count() as attempts by source_ip", ...text }, ...over,
  };
}

export const startRules = () => [
  makeRule(1, { name: "Host sweep", description: "A source asked many hosts for the same port.\nMore." }, { shipped: "host-sweep.toml", created_by: "vedette" }),
  makeRule(2, { name: "The firewall names a port scanner", mode: "real_time", schedule: "", search_window: "", severity: "$severity" }, { shipped: "known-scan-names.toml", next_run: null, last_run: null }),
  makeRule(3, { name: HOSTILE.script, description: HOSTILE.rtl, severity: "high" }, { enabled: false, next_run: null }),
  makeRule(4, { name: "Broken one" }, { failing_since: iso(-7_200_000), last_error: `There is no field ${HOSTILE.script}.`, last_run: run({ status: "failed", error: "There is no field x.", alerts: 0 }) }),
];

/** What a rule raised, with text that attackers wrote. */
export function ruleAlert(id) {
  const alert = makeAlert(id, { name: `Sweep of 40 hosts by ${HOSTILE.script}`, severity: "high", source: "192.0.2.9", scan_types: [], open: [], shape: null, attribution: null, tool: null });
  const { name, summary, first_seen, last_seen, detected_at } = alert;
  const rows = [{ source_ip: "192.0.2.9", hosts_tried: 40, looked_for: HOSTILE.script, target_ips: ["198.51.100.5", "198.51.100.6"], blob: HOSTILE.long }];
  return Object.assign(alert, {
    source: "correlation", category: "Discovery", duplicates: 3, rule_id: 1, rule_name: "Host sweep", hosts: ["web-01"], detection_id: null, detection: null, capture_bytes: null,
    finding: {
      source: "correlation", key: "rule:1:1:0", name, summary, severity: "high", category: "Discovery", mitre: { tactics: ["TA0007"], techniques: ["T1018"] },
      source_ips: ["192.0.2.9"], target_ips: ["198.51.100.5"], hosts: ["web-01"], users: [HOSTILE.script], first_seen, last_seen, detected_at, count: 1, vendor: "Vedette", product: "Correlation rules",
      fields: { ticket: HOSTILE.script }, rule: { rule_id: 1, rule_name: "Host sweep", query: "dataset = xdr_data", from: first_seen, to: last_seen, row_count: 1, rows, drilldown: "dataset = xdr_data | filter source_ip = \"192.0.2.9\"" },
    },
  });
}

/** The rules of the server that matter to the console. */
export function ruleRoutes(send, fail) {
  const find = ({ state, response }, id) => {
    const rule = state.rules.find((one) => one.id === Number(id));
    if (!rule) fail(response, 404, "rule_not_found", `There is no rule ${id}.`);
    return rule;
  };
  const wrong = ({ response }, text) => {
    const mistakes = [];
    if (!text.name.trim()) mistakes.push({ field: "name", message: "It has 0 characters; 1 to 200 are allowed." });
    if (text.mode === "scheduled" && !/^\d+ \w+$|( .*){4}/.test(text.schedule)) mistakes.push({ field: "schedule", message: "The schedule is neither a length nor five cron fields." });
    if (mistakes.length) fail(response, 400, "rule_invalid", `${mistakes[0].field}: ${mistakes[0].message}`, { mistakes });
    return mistakes.length > 0;
  };
  return [
    ["GET", /^\/rules$/, ({ state, response }) => send(response, 200, { rules: state.rules })],
    ["POST", /^\/rules$/, (call) => {
      if (wrong(call, call.body.rule)) return;
      const made = makeRule(Math.max(...call.state.rules.map((rule) => rule.id)) + 1, call.body.rule, { last_run: null });
      call.state.rules.push(made);
      send(call.response, 201, made);
    }],
    ["POST", /^\/rules\/test$/, (call) => {
      if (wrong(call, call.body.rule)) return;
      const { response, body } = call;
      response.writeHead(200, { "Content-Type": "application/x-ndjson" });
      response.write(`${JSON.stringify({ progress: { done: 0, total: body.days * 144 } })}\n`);
      const days = Array.from({ length: body.days }, (_, i) => ({ day: iso(-(body.days - 1 - i) * 86_400_000).slice(0, 10), alerts: i % 3 }));
      const result = { runs: body.days * 144, alerts: 7, suppressed: 12, aggregated: 0, rows_found: 19, rows_scanned: 1_200_000, elapsed_ms: 812, days, examples: [{ ...ruleAlert(99).finding }] };
      setTimeout(() => response.end(`${JSON.stringify({ result })}\n`), 300);
    }],
    ["GET", /^\/rules\/(\d+)$/, (call, id) => { const rule = find(call, id); if (rule) send(call.response, 200, rule); }],
    ["PATCH", /^\/rules\/(\d+)$/, (call, id) => {
      const rule = find(call, id);
      if (!rule || (call.body.rule && wrong(call, call.body.rule))) return;
      if (call.body.rule) Object.assign(rule, { rule: call.body.rule, modified: rule.shipped !== null });
      if ("enabled" in call.body) rule.enabled = call.body.enabled;
      rule.updated_at = iso();
      send(call.response, 200, rule);
    }],
    ["DELETE", /^\/rules\/(\d+)$/, (call, id) => { if (find(call, id)) { call.state.rules = call.state.rules.filter((one) => one.id !== Number(id)); send(call.response, 204); } }],
    ["POST", /^\/rules\/(\d+)\/restore$/, (call, id) => { const rule = find(call, id); if (rule) { rule.modified = false; rule.updated_at = iso(); send(call.response, 200, rule); } }],
    ["GET", /^\/rules\/(\d+)\/runs$/, (call, id) => { const rule = find(call, id); if (rule) send(call.response, 200, { runs: rule.last_run ? [rule.last_run] : [] }); }],
  ];
}
