// Exclusions of the mock.
import { HOSTILE, iso } from "./data.mjs";

export const startExclusions = () => [
  {
    id: 1, conditions: { hosts: [HOSTILE.script], name: `${HOSTILE.script}*` }, reason: HOSTILE.script, alert_id: 3, in_force: true, created_at: iso(-9e8), created_by: HOSTILE.script,
    expires_at: iso(9e8), hits: 12, last_hit_at: iso(-60_000), hidden: 0, removed_at: null, removed_by: null,
  },
];

const meets = (conditions) => (alert) =>
  (!conditions.sources || alert.source_ips.every((ip) => conditions.sources.includes(ip))) &&
  (!conditions.name || alert.name === conditions.name);

/** [method, pattern, handler(call, ...groups) -> [status, body]] */
export const exclusionRoutes = (send, fail) => [
  ["GET", /^\/exclusions$/, ({ state, url, response }) => {
    const all = url.searchParams.get("all") === "true";
    const hidden = state.alerts.filter((alert) => alert.excluded_by !== null).length;
    send(response, 200, { exclusions: state.exclusions.filter((one) => all || one.in_force), hidden });
  }],
  ["GET", /^\/alerts\/(\d+)\/exclusion$/, ({ state, response }, id) => {
    const alert = state.alerts.find((one) => one.id === Number(id));
    send(response, 200, { raised_by: [alert.source], sources: alert.source_ips, targets: alert.target_ips, scan_types: alert.scan_types });
  }],
  ["POST", /^\/exclusions\/preview$/, ({ state, body, response }) => {
    const sources = body.conditions.sources ?? [];
    if (sources.some((one) => !/^[\da-f.:/]+$/i.test(one))) return fail(response, 400, "bad_request", `"${sources[0]}" is neither an address nor a network like 10.0.0.0/8.`);
    const found = state.alerts.filter(meets(body.conditions));
    const wide = !body.conditions.sources && !body.conditions.name;
    send(response, 200, {
      days: body.days, looked_at: state.alerts.length, matched: found.length, open: found.filter((one) => one.status !== "closed").length, true_positives: 0, cut: false,
      everything: false, wide, why_wide: wide ? "It names no source, target, host, rule, name or category, or only a vast network." : null, examples: found.slice(0, 5),
    });
  }],
  ["POST", /^\/exclusions$/, ({ state, me, body, response }) => {
    const id = state.exclusions.length + 1;
    const hidden = body.stored_days ? state.alerts.filter((one) => one.status !== "closed" && meets(body.conditions)(one)) : [];
    for (const alert of hidden) alert.excluded_by = id;
    const made = {
      id, conditions: body.conditions, reason: body.reason, alert_id: body.alert_id ?? null, in_force: true, created_at: iso(), created_by: me.username,
      expires_at: iso(body.expires_in_days * 86_400_000), hits: hidden.length, last_hit_at: null, hidden: hidden.length, removed_at: null, removed_by: null,
    };
    state.exclusions.push(made);
    send(response, 201, made);
  }],
  ["DELETE", /^\/exclusions\/(\d+)$/, ({ state, me, url, response }, id) => {
    const one = state.exclusions.find((each) => each.id === Number(id));
    Object.assign(one, { in_force: false, removed_at: iso(), removed_by: me.username });
    const shown = url.searchParams.get("show") === "true" ? state.alerts.filter((alert) => alert.excluded_by === one.id) : [];
    for (const alert of shown) alert.excluded_by = null;
    send(response, 200, { shown: shown.length });
  }],
];
