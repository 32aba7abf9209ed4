// The browser and the server under test. With VEDETTE_URL it is a real server the caller started
// (VEDETTE_SETUP_URL for the first set-up, or VEDETTE_USER and VEDETTE_PASSWORD); else the mock. Tests
// that need a certain state of things use the mock in either case.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startMock } from "../mock/server.mjs";

const BROWSER = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
const SHOTS = process.env.SCREENSHOT_DIR ?? fileURLToPath(new URL("../../target/e2e-screenshots", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const real = !!process.env.VEDETTE_URL;
const mockUser = { name: "ada", password: "correct horse battery" };
/** The account on the server under test. */
export const user = { name: process.env.VEDETTE_USER ?? "ada", password: process.env.VEDETTE_PASSWORD ?? "correct horse battery" };

/** Why the browser tests cannot run here; false when they can. */
export const skip = BROWSER && existsSync(BROWSER) ? false : "no Chromium found: apt-get install chromium, or set CHROMIUM";

export async function launch() {
  mkdirSync(SHOTS, { recursive: true });
  const args = [
    "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-default-apps", "--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  ];
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  return chromium.launch({ executablePath: BROWSER, args });
}

/** The server under test. */
export async function server(options) {
  if (!real) return startMock(options);
  return { url: new URL(process.env.VEDETTE_URL).origin, close: async () => {} };
}

/** The mock, which a test may steer. */
export const mockServer = startMock;

/** A browser and a mock for a test; the mock is as at its start before each part of it. */
export async function mocked(t) {
  const browser = await launch();
  const mock = await mockServer();
  t.after(async () => {
    await browser.close();
    await mock.close();
  });
  t.beforeEach(() => mock.control("reset"));
  return { browser, mock };
}

/**
 * A page that notes everything that must not happen: errors, violations of the content security
 * policy, requests to other hosts. `page.problems` has them; `allow` are status codes that are part
 * of the test.
 */
export async function open(browser, base, { theme = "dark", width = 1440, height = 900, allow = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, ignoreHTTPSErrors: true, baseURL: base });
  const page = await context.newPage();
  page.user = real && base === new URL(process.env.VEDETTE_URL).origin ? user : mockUser;
  page.setDefaultTimeout(10_000);
  page.problems = [];
  await page.addInitScript(() => {
    window.addEventListener("securitypolicyviolation", (event) => {
      (window.__violations ??= []).push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
      console.error(`CSP ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.on("pageerror", (error) => page.problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const status = /status of (\d+)/.exec(message.text())?.[1];
    // Being asked "who are you" before signing in is no problem.
    if (status && ["401", ...allow].includes(status)) return;
    page.problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== new URL(base).origin && !["blob:", "data:"].includes(url.protocol)) page.problems.push(`external request: ${request.url()}`);
  });
  return page;
}

export async function signIn(page) {
  await page.goto("/signin");
  await page.getByLabel("User name").fill(page.user.name);
  await page.getByLabel("Password").fill(page.user.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

export const shot = (page, name) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: !name.includes("xql") });

/** No error, no breach of the content policy, nothing of an attacker's has run. */
export async function clean(page) {
  assert.deepEqual(page.problems, []);
  assert.deepEqual(await page.evaluate(() => window.__violations ?? []), []);
  assert.equal(await page.evaluate(() => window.__pwned), undefined);
}

/** The violations axe finds, as readable lines. */
export async function axe(page) {
  // Injected through the debugger, which the page's policy does not govern.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const result = await window.axe.run(document, { resultTypes: ["violations"] });
    return result.violations.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")} ${node.failureSummary?.replace(/\s+/g, " ").slice(0, 240)}`));
  });
}
