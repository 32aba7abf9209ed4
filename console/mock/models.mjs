// Files of rules of the mock.
import { HOSTILE } from "./data.mjs";

export const startModels = () => [
  { name: "shop", text: '[MODEL: dataset = "shop_raw"]\nalter xdm.source.ipv4 = src;\n' },
  { name: "hostile", text: `// ${HOSTILE.script}\n[RULE: r]\nalter a = b;\n` },
];

const names = (text, head) => [...text.matchAll(new RegExp(`\\[${head}[^\\]]*?(?:dataset\\s*=\\s*"?|:\\s*)([\\w.]+)"?\\s*[\\],]`, "gi"))].map((found) => found[1]);
const file = ({ name, text }) => ({ name, bytes: text.length, models: names(text, "MODEL"), ingests: names(text, "INGEST"), rules: names(text, "RULE") });

/** What the server says of a text: here a file is wrong when it has a `stats` in it. */
const wrong = (text) => {
  const at = text.indexOf("stats");
  if (at < 0) return null;
  return {
    message: "The rules are wrong (file `x`): XQL has no stage `stats`",
    diagnostics: [{ severity: "error", code: "XQL104", message: "XQL has no stage `stats`", help: "use comp", start: at, end: at + 5, line: 1, column: 1, fix: null }],
  };
};

/** [method, pattern, handler(call, ...groups)] */
export const modelRoutes = (send, fail) => {
  const judged = (response, name, text) => {
    const mistake = wrong(text);
    if (mistake) return fail(response, 400, "rules_invalid", mistake.message, { diagnostics: mistake.diagnostics });
    send(response, 200, file({ name, text }));
  };
  return [
    ["GET", /^\/models$/, ({ state, response }) => send(response, 200, { files: state.models.map(file) })],
    ["GET", /^\/models\/([^/]+)$/, ({ state, response }, name) => {
      const found = state.models.find((one) => one.name === decodeURIComponent(name));
      return found ? send(response, 200, found) : fail(response, 404, "not_found", "There is no file of rules of this name.");
    }],
    ["POST", /^\/models\/([^/]+)\/check$/, ({ text, response }, name) => judged(response, decodeURIComponent(name), text)],
    ["PUT", /^\/models\/([^/]+)$/, ({ state, text, response }, name) => {
      const called = decodeURIComponent(name);
      if (!wrong(text)) state.models = [...state.models.filter((one) => one.name !== called), { name: called, text }];
      judged(response, called, text);
    }],
    ["DELETE", /^\/models\/([^/]+)$/, ({ state, response }, name) => {
      state.models = state.models.filter((one) => one.name !== decodeURIComponent(name));
      send(response, 204);
    }],
  ];
};
