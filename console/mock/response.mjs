// Response of the mock: what a block would do, blocks, what is allowed.
import { HOSTILE, iso } from "./data.mjs";

export const startPolicy = () => ({ enabled: true, never_block: ["198.51.100.0/24"], automatic: { enabled: false, min_severity: "high", seconds: 3600 } });

export const startBlocks = () => [
  {
    id: 1, address: "203.0.113.66", alert_id: 3, reason: HOSTILE.script, automatic: true, overridden: false, created_at: iso(-600_000), created_by: HOSTILE.script,
    expires_at: iso(3_000_000), ended_at: null, ended_by: null, ending: null, hook: `block: ${HOSTILE.script}`,
  },
];

function plan(state, body) {
  const alert = state.alerts.find((one) => one.id === body.alert_id);
  const refusals = [];
  if (!state.policy.enabled) refusals.push({ code: "response_off", message: "Response is switched off.", help: "An administrator switches it on: vedette response set --on" });
  if (alert?.attribution !== "confirmed" && !body.override) refusals.push({ code: "not_confirmed", message: `Alert ${body.alert_id} does not confirm that ${body.address} sent the packets: its address may be forged.`, help: null });
  return {
    address: body.address, seconds: body.seconds, expires_at: iso(body.seconds * 1000), would_block: refusals.length === 0, refusals, warnings: [], blocked_until: null,
    evidence: alert ? { alert_id: alert.id, name: alert.name, severity: alert.severity, attribution: alert.attribution } : null, open_connections: 2,
    commands: `add element inet vedette blocked4 { ${body.address} timeout ${body.seconds}s }`, hook: false,
  };
}

const standing = (state) => ({
  policy: state.policy, ready: true, reason: null, help: null, blocks: state.blocks.filter((one) => one.ended_at === null).length,
  spared: { own: ["192.0.2.10"], routers: ["192.0.2.1"], resolvers: ["192.0.2.53"] }, hook: false, last_error: null,
  followers: [{ host: HOSTILE.script, address: "192.0.2.20", last_seen: iso(-3_000), trouble: null, blocked: ["203.0.113.7"], spared: [{ address: "192.0.2.1", why: "is a router of this host" }] }],
});

const end = (block, ending, by) => Object.assign(block, { ended_at: iso(), ended_by: by, ending });

/** [method, pattern, handler(call, ...groups) -> [status, body]] */
export const responseRoutes = (send, fail) => [
  ["GET", /^\/response$/, ({ state, response }) => send(response, 200, standing(state))],
  ["PATCH", /^\/response$/, ({ state, body, response }) => {
    Object.assign(state.policy, body);
    send(response, 200, standing(state));
  }],
  ["GET", /^\/response\/blocks$/, ({ state, url, response }) => {
    const all = url.searchParams.get("all") === "true";
    send(response, 200, { blocks: state.blocks.filter((one) => all || one.ended_at === null) });
  }],
  ["POST", /^\/response\/preview$/, ({ state, body, response }) => send(response, 200, plan(state, body))],
  ["POST", /^\/response\/blocks$/, ({ state, me, body, response }) => {
    const wanted = plan(state, body);
    if (!wanted.would_block) return fail(response, 409, "block_refused", wanted.refusals[0].message);
    const block = { ...startBlocks()[0], id: state.blocks.length + 1, address: body.address, alert_id: body.alert_id, reason: body.reason, automatic: false, overridden: !!body.override, created_by: me.username, expires_at: wanted.expires_at, hook: null };
    state.blocks.push(block);
    send(response, 201, block);
  }],
  ["DELETE", /^\/response\/blocks\/(\d+)$/, ({ state, me, response }, id) => send(response, 200, end(state.blocks.find((one) => one.id === Number(id)), "undone", me.username))],
  ["POST", /^\/response\/clear$/, ({ state, me, response }) => {
    const ended = state.blocks.filter((one) => one.ended_at === null);
    for (const block of ended) end(block, "cleared", me.username);
    send(response, 200, { blocks: ended });
  }],
];
