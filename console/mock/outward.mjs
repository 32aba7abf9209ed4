// Incidents and notification channels of the mock.
import { HOSTILE, iso } from "./data.mjs";
import { summary } from "./state.mjs";

export const startIncidents = () => [
  {
    id: 1, name: HOSTILE.script, status: "new", resolution: null, resolve_comment: null, assignee: null, severity: "high", severity_set: false,
    starred: false, created_at: iso(-3_600_000), updated_at: iso(-60_000), closed_at: null, first_alert_at: iso(-3_600_000), last_alert_at: iso(-60_000),
    alert_count: 2, source_ips: ["203.0.113.7"], source_count: 1, victims: ["10.0.0.5", "10.0.0.6"], victim_count: 12,
    history: [{ time: iso(-3_600_000), actor: "vedette", field: "created", old: null, new: null, note: null }],
  },
];

export const startChannels = () => [
  { id: 1, name: HOSTILE.script, enabled: true, address: "https://hooks.example:443", has_login: false, has_trust: false, settings: { shape: "json", min_severity: "high" }, created_at: iso(-8e8), created_by: "ada" },
];

export const startDeliveries = () => [
  { id: 7, channel_id: 1, alert_id: 1, state: "dead", attempts: 9, next_at: iso(-1_000), updated_at: iso(-1_000), last_error: `the receiver answered 500: ${HOSTILE.script}` },
  { id: 6, channel_id: 1, alert_id: 1, state: "delivered", attempts: 1, next_at: iso(-9_000), updated_at: iso(-9_000), last_error: null },
];

const alertsOf = (state, one) => state.alerts.slice(0, one.alert_count).map(summary);

function listed(state, one) {
  const { history: _, ...rest } = one;
  return { ...rest, alert_ids: alertsOf(state, one).map((alert) => alert.id) };
}

const whole = (state, one) => ({ ...listed(state, one), alerts: alertsOf(state, one), history: one.history });

/** [method, pattern, handler(call, ...groups) -> [status, body]] */
export const outwardRoutes = (send, fail) => [
  ["GET", /^\/incidents$/, ({ state, url, response }) => {
    const wanted = url.searchParams.get("status")?.split(",");
    const found = state.incidents.filter((one) => !wanted || wanted.includes(one.status));
    return send(response, 200, { incidents: found.map((one) => listed(state, one)), total: found.length, next_cursor: null });
  }],
  ["GET", /^\/incidents\/(\d+)$/, ({ state, response }, id) => {
    const one = state.incidents.find((incident) => incident.id === Number(id));
    return one ? send(response, 200, whole(state, one)) : fail(response, 404, "incident_not_found", `There is no incident ${id}.`);
  }],
  ["PATCH", /^\/incidents\/(\d+)$/, ({ state, me, body, response }, id) => {
    const one = state.incidents.find((incident) => incident.id === Number(id));
    for (const [field, value] of Object.entries(body)) {
      one.history.push({ time: iso(0), actor: me.username, field, old: null, new: value === null ? null : String(value), note: null });
    }
    const { comment: _, ...fields } = body;
    Object.assign(one, fields, { updated_at: iso(0) }, body.severity ? { severity_set: true } : {});
    return send(response, 200, whole(state, one));
  }],
  ["GET", /^\/channels$/, ({ state, response }) => send(response, 200, { channels: state.channels, waiting: 0, dead: state.deliveries.filter((one) => one.state === "dead").length })],
  ["POST", /^\/channels$/, ({ state, body, response }) => {
    if (/127\.0\.0\.1/.test(body.url) && !body.settings.allow_private) return fail(response, 400, "bad_request", "This address is of this host or of a private network: allow it with allow_private.");
    const { url, password: _, username: __, trust: ___, ...rest } = body;
    const channel = { ...rest, id: state.channels.length + 1, enabled: true, has_login: false, has_trust: false, address: new URL(url).origin, created_at: iso(0), created_by: "ada" };
    state.channels.push(channel);
    state.sent.push(body);
    return send(response, 201, { channel, key: url.startsWith("http") ? "whsec_0123456789abcdef" : null });
  }],
  ["PATCH", /^\/channels\/(\d+)$/, ({ state, body, response }, id) => {
    const { url, username: _, password: __, trust: ___, ...rest } = body;
    state.sent.push(body);
    return send(response, 200, Object.assign(state.channels.find((one) => one.id === Number(id)), rest, url ? { address: new URL(url).origin } : {}));
  }],
  ["DELETE", /^\/channels\/(\d+)$/, ({ state, response }, id) => {
    state.channels = state.channels.filter((one) => one.id !== Number(id));
    return send(response, 204);
  }],
  ["POST", /^\/channels\/(\d+)\/test$/, ({ response }, id) => send(response, 200, id === "1" ? { delivered: false, error: "the receiver answered 500: no" } : { delivered: true, error: null })],
  ["GET", /^\/deliveries$/, ({ state, url, response }) => {
    const wanted = url.searchParams.get("state");
    return send(response, 200, { deliveries: state.deliveries.filter((one) => !wanted || one.state === wanted) });
  }],
  ["POST", /^\/deliveries\/(\d+)\/retry$/, ({ state, response }, id) => {
    Object.assign(state.deliveries.find((one) => one.id === Number(id)), { state: "waiting", attempts: 0 });
    return send(response, 204);
  }],
];
