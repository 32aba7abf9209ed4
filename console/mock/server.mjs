// A stand-in for the Vedette server: serves dist/ and canned data with the real security headers.
//   node mock/server.mjs [--port 8799] [--setup] [--empty]
// POST /mock/<what> changes what it tells (see control in state.mjs); the tests drive it.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { datasets, iso, probesOf } from "./data.mjs";
import * as query from "./query.mjs";
import { accessRoutes } from "./access.mjs";
import { outwardRoutes } from "./outward.mjs";
import { exclusionRoutes } from "./exclusions.mjs";
import { responseRoutes } from "./response.mjs";
import { modelRoutes } from "./models.mjs";
import { ruleRoutes } from "./rules.mjs";
import { comment, control, listAlerts, newState, overview, patch, status, summary } from "./state.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8" };

export function startMock({ port = 0, ...options } = {}) {
  const state = newState(options);
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error) => fail(response, 500, "internal", String(error)));
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve({
      url: `http://127.0.0.1:${server.address().port}`, state,
      control: (what) => steer(state, what),
      close: () => (server.closeAllConnections(), new Promise((done) => server.close(done))),
    }));
  });
}

function steer(state, what) {
  const made = control(state, what);
  if (made) tell(state, { change: "opened", alert: summary(made) });
}

const tell = (state, message) => state.streams.forEach((stream) => stream.write(`event: alert\ndata: ${JSON.stringify(message)}\n\n`));

function send(response, code, body, headers = {}) {
  response.writeHead(code, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
  response.end(body === undefined ? undefined : query.stringify(body));
}

const fail = (response, code, name, message, more = {}) => send(response, code, { error: { code: name, message, help: null, request_id: "mock", ...more } });

async function handle(state, request, response) {
  const url = new URL(request.url, "http://mock");
  if (url.pathname.startsWith("/mock/")) return steer(state, url.pathname.slice(6)), send(response, 204);
  if (!url.pathname.startsWith("/api/v1/")) return file(url.pathname, response);
  if (request.method !== "GET" && request.headers["x-vedette-request"] !== "1") return fail(response, 403, "csrf", "The header X-Vedette-Request is missing.");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const me = state.sessions.get(/vedette_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1]);
  const plain = request.headers["content-type"]?.startsWith("text/plain");
  const call = { state, me, url, text, body: text && !plain ? JSON.parse(text) : {}, request, response };
  const path = url.pathname.slice("/api/v1".length);
  const open = OPEN[`${request.method} ${path}`];
  if (open) return open(call);
  if (!me) return fail(response, 401, "unauthenticated", "Sign in first.");
  const found = ROUTES.find(([method, pattern]) => method === request.method && pattern.test(path));
  if (!found) return fail(response, 404, "not_found", `There is no ${path}.`);
  return found[2](call, ...found[1].exec(path).slice(1));
}

function file(path, response) {
  const name = normalize(path).replace(/^\/+/, "");
  const nonce = randomBytes(16).toString("base64");
  let content;
  let type = TYPES[extname(name)];
  try {
    content = type && name !== "index.html" ? readFileSync(join(DIST, name)) : undefined;
  } catch {
    if (name.startsWith("assets/")) return fail(response, 404, "not_found", "No such file.");
  }
  if (!content) {
    content = readFileSync(join(DIST, "index.html"), "utf8").replaceAll("__CSP_NONCE__", nonce);
    type = TYPES[".html"];
  }
  response.writeHead(200, {
    "Content-Type": type, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
    "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  });
  response.end(content);
}

function signIn({ state, response }, username, code = 200) {
  const id = randomBytes(16).toString("hex");
  const me = { username, role: "administrator", kind: "session", expires_at: iso(43_200_000) };
  state.sessions.set(id, me);
  send(response, code, me, { "Set-Cookie": `vedette_session=${id}; HttpOnly; SameSite=Strict; Path=/` });
}

const OPEN = {
  "GET /setup": ({ state, response }) => send(response, 200, { required: !state.setUp, expires_at: state.setUp ? null : iso(3_600_000) }),
  "POST /setup": (call) => {
    const { state, body, response } = call;
    if (state.setUp) return fail(response, 410, "setup_done", "Vedette is set up already.");
    if (body.token !== state.token) return fail(response, 403, "setup_token_invalid", "This set-up link is not valid any more.");
    if (body.password.length < 12) return fail(response, 400, "password_too_short", "The password needs at least 12 characters.");
    state.setUp = true;
    state.users.set(body.username, body.password);
    return signIn(call, body.username, 201);
  },
  "GET /session": ({ me, response }) => (me ? send(response, 200, me) : fail(response, 401, "unauthenticated", "Sign in first.")),
  "POST /session": (call) => {
    const { state, body, response } = call;
    if (state.users.get(body.username) !== body.password) return fail(response, 401, "invalid_credentials", "The user name or the password is wrong.");
    return signIn(call, body.username);
  },
};

const find = ({ state, response }, id) => {
  const alert = state.alerts.find((a) => a.id === Number(id));
  if (!alert) fail(response, 404, "alert_not_found", `There is no alert ${id}.`);
  return alert;
};

function bulk({ state, me, body, response }) {
  const wanted = body.ids ? state.alerts.filter((alert) => body.ids.includes(alert.id)) : null;
  const alerts = wanted ?? state.alerts.filter((alert) => listAlerts(state, new URLSearchParams(`${body.filter}&limit=500`)).alerts.some((row) => row.id === alert.id));
  if (body.filter && body.expected !== alerts.length) return fail(response, 409, "count_changed", `The filter matches ${alerts.length} alerts now, not ${body.expected}; nothing was changed.`);
  for (const alert of alerts) patch(state, alert, body.change, me.username);
  send(response, 200, { dry_run: false, matched: alerts.length, changed: alerts.length, unchanged: 0, missing: [], refused: [] });
}

const ROUTES = [
  ["DELETE", /^\/session$/, ({ state, response }) => (state.sessions.clear(), send(response, 204))],
  ["GET", /^\/overview$/, ({ state, url, response }) => send(response, 200, overview(state, Number(url.searchParams.get("hours") ?? 24)))],
  ["GET", /^\/status$/, ({ state, response }) => send(response, 200, status(state))],
  ["GET", /^\/alerts$/, ({ state, url, response }) => send(response, 200, listAlerts(state, url.searchParams))],
  ["GET", /^\/alerts\/(\d+)$/, (call, id) => { const alert = find(call, id); if (alert) send(call.response, 200, alert); }],
  ["PATCH", /^\/alerts\/(\d+)$/, (call, id) => {
    const alert = find(call, id);
    if (!alert) return;
    const wrong = patch(call.state, alert, call.body, call.me.username);
    if (wrong) return fail(call.response, 400, ...wrong);
    tell(call.state, { change: "edited", alert: summary(alert) });
    send(call.response, 200, alert);
  }],
  ["POST", /^\/alerts\/(\d+)\/comments$/, (call, id) => { const alert = find(call, id); if (alert) send(call.response, 201, comment(call.state, alert, call.me.username, call.body.text)); }],
  ["GET", /^\/alerts\/(\d+)\/evidence$/, (call, id) => {
    const alert = find(call, id);
    if (!alert) return;
    const xql = `config timeframe between "${alert.first_seen}" and "${alert.last_seen}"\n| dataset = xdr_data\n| filter source_ip in ("${alert.source_ips[0]}") and target_ip in ("${alert.target_ips[0]}")\n| sort asc _time`;
    send(call.response, 200, { xql, from: alert.first_seen, to: alert.last_seen, limit_hit: false, probes: probesOf(alert) });
  }],
  ["GET", /^\/assignees$/, ({ state, response }) => send(response, 200, { users: [...state.users.keys(), "bob"] })],
  ["GET", /^\/datasets$/, ({ response }) => send(response, 200, { datasets: datasets() })],
  ["POST", /^\/xql\/complete$/, ({ body, response }) => send(response, 200, query.complete(body.query, body.offset))],
  ["POST", /^\/xql\/hover$/, ({ body, response }) => send(response, 200, query.hover(body.query, body.offset))],
  ["POST", /^\/query\/check$/, ({ body, response }) => { const diagnostics = query.check(body.query); send(response, 200, { ok: diagnostics.length === 0, diagnostics }); }],
  ["POST", /^\/query$/, ({ body, response }) => {
    const diagnostics = query.check(body.query);
    if (diagnostics.length) return fail(response, 400, "query_invalid", "The query has a mistake.", { diagnostics });
    const answer = () => send(response, 200, query.run(body.query, body.limit));
    body.query.includes("slow") ? setTimeout(answer, 8000) : answer();
  }],
  ...exclusionRoutes(send, fail),
  ...modelRoutes(send, fail),
  ...responseRoutes(send, fail),
  ["POST", /^\/alerts\/bulk$/, (call) => bulk(call)],
  ...ruleRoutes(send, fail),
  ...accessRoutes(send, fail),
  ...outwardRoutes(send, fail),
  ["POST", /^\/selftest$/, selfTest],
  ["GET", /^\/events$/, ({ state, request, response }) => {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(`event: hello\ndata: ${JSON.stringify({ time: iso(), version: "0.1.0" })}\n\n`);
    state.streams.add(response);
    request.on("close", () => state.streams.delete(response));
    response.on("close", () => state.streams.delete(response));
  }],
];

const LINKS = [["server", "Server reachable"], ["capture", "Capture open"], ["packets", "Packets seen"], ["events", "Events made"], ["stored", "Stored"], ["queryable", "Queryable"], ["detected", "Detected"], ["alert", "Alert visible"], ["notification", "Notification path"]];

async function selfTest({ state, response }) {
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  let broken = null;
  for (const [name, title] of LINKS) {
    await new Promise((done) => setTimeout(done, 60));
    const step = { name, title, state: broken ? "skipped" : "ok", milliseconds: Math.random() * 40, detail: null, cause: null, fix: null };
    if (name === state.brokenLink) {
      broken = name;
      Object.assign(step, { state: "broken", detail: "The kernel refused the packet socket.", cause: "no CAP_NET_RAW", fix: "sudo setcap cap_net_raw+ep /usr/local/bin/vedette" });
    }
    response.write(`${JSON.stringify({ step })}\n`);
  }
  const message = broken ? "The chain is broken at: Capture open." : "Every link works: the alert was visible after 0.41 s.";
  response.end(`${JSON.stringify({ result: { ok: !broken, broken, alert_id: broken ? null : 9, milliseconds: 540, message } })}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.argv[process.argv.indexOf("--port") + 1] || 8799);
  const mock = await startMock({ port, setUp: !process.argv.includes("--setup"), empty: process.argv.includes("--empty") });
  console.log(`Mock server: ${mock.url}  (user ada, password "correct horse battery")`);
}
