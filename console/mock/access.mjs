// Users and API keys of the mock.
import { HOSTILE, iso } from "./data.mjs";

export const startUsers = () => [
  { username: "ada", role: "administrator", created_at: iso(-9e8), last_sign_in: iso(-60_000), disabled: false },
  { username: "bob", role: "viewer", created_at: iso(-8e8), last_sign_in: null, disabled: false },
];

export const startKeys = () => [
  { id: 1, name: HOSTILE.script, kind: "advanced", role: "analyst", created_at: iso(-8e8), created_by: "ada", rotated_at: null, last_used: iso(-5_000), expires_at: null },
];

export const startTokens = () => [
  { id: 1, name: HOSTILE.script, role: "ingest", created_at: iso(-8e8), created_by: "ada", last_used: iso(-5_000), expires_at: null },
];

const secret = () => "0123456789abcdef".repeat(8);

/** [method, pattern, handler(call, ...groups) -> [status, body]] */
export const accessRoutes = (send, fail) => [
  ["GET", /^\/users$/, ({ state, response }) => send(response, 200, { users: state.people })],
  ["POST", /^\/users$/, ({ state, body, response }) => {
    if (state.people.some((user) => user.username === body.username)) return fail(response, 409, "user_exists", "There is a user of this name already.");
    const user = { username: body.username, role: body.role, created_at: iso(0), last_sign_in: null, disabled: false };
    state.people.push(user);
    return send(response, 201, user);
  }],
  ["PATCH", /^\/users\/([^/]+)$/, ({ state, body, response }, name) => {
    const user = Object.assign(state.people.find((one) => one.username === decodeURIComponent(name)), body);
    return send(response, 200, user);
  }],
  ["GET", /^\/tokens$/, ({ state, response }) => send(response, 200, { tokens: state.tokens, total: state.tokens.length, next_cursor: null })],
  ["POST", /^\/tokens$/, ({ state, body, response }) => {
    const token = { ...startTokens()[0], ...body, id: state.tokens.length + 1, last_used: null };
    state.tokens.push(token);
    return send(response, 201, { id: token.id, token: `vdt_${secret()}` });
  }],
  ["DELETE", /^\/tokens\/(\d+)$/, ({ state, response }, id) => {
    state.tokens = state.tokens.filter((token) => token.id !== Number(id));
    return send(response, 204);
  }],
  ["GET", /^\/api-keys$/, ({ state, response }) => send(response, 200, { api_keys: state.keys })],
  ["POST", /^\/api-keys$/, ({ state, body, response }) => {
    const key = { ...startKeys()[0], ...body, id: state.keys.length + 1, last_used: null };
    state.keys.push(key);
    return send(response, 201, { api_key: key, key: secret() });
  }],
  ["POST", /^\/api-keys\/(\d+)\/rotate$/, ({ state, response }, id) => send(response, 200, { api_key: state.keys.find((key) => key.id === Number(id)), key: secret() })],
  ["DELETE", /^\/api-keys\/(\d+)$/, ({ state, response }, id) => {
    state.keys = state.keys.filter((key) => key.id !== Number(id));
    return send(response, 204);
  }],
];
