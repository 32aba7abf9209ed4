// Set-up and sign-in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, launch, open, real, server, shot, skip, user } from "./harness.mjs";

const setupUrl = process.env.VEDETTE_SETUP_URL;

test("set-up and sign-in", { skip }, async (t) => {
  const browser = await launch();
  const site = await server({ setUp: false });
  t.after(async () => {
    await browser.close();
    await site.close();
  });

  await t.test("a link without a token explains itself", { skip: real && !setupUrl && "already set up" }, async () => {
    const page = await open(browser, site.url);
    await page.goto("/");
    await page.getByRole("heading", { name: "Open the set-up link" }).waitFor();
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(page.problems, []);
  });

  await t.test("the link makes the first administrator and signs in", { skip: real && !setupUrl && "no VEDETTE_SETUP_URL" }, async () => {
    const page = await open(browser, site.url);
    await page.goto(setupUrl ?? "/setup#token=mock-setup-token");
    await page.getByLabel("User name").fill(user.name);
    await page.getByLabel("Password", { exact: true }).fill("short");
    await page.getByLabel("Password again").fill("short");
    await page.getByText("5 of at least 12").waitFor();
    assert.equal(await page.getByRole("button", { name: "Create and sign in" }).isDisabled(), true);
    await page.getByLabel("Password", { exact: true }).fill(user.password);
    await page.getByLabel("Password again").fill(user.password);
    assert.ok(!page.url().includes("token"), "the token left the address bar");
    assert.deepEqual(await axe(page), []);
    await shot(page, "setup");
    await page.getByRole("button", { name: "Create and sign in" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    assert.deepEqual(page.problems, []);
  });

  await t.test("the link works only once", async () => {
    const page = await open(browser, site.url);
    await page.goto("/setup#token=mock-setup-token");
    await page.getByRole("heading", { name: "Already set up" }).waitFor();
  });

  for (const theme of ["dark", "light"]) {
    await t.test(`sign-in page, ${theme}`, async () => {
      const page = await open(browser, site.url, { theme });
      await page.goto("/alerts");
      await page.getByRole("heading", { name: "Sign in" }).waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `signin-${theme}`);
      assert.deepEqual(page.problems, []);
    });
  }

  await t.test("a wrong password says so; the right one leads where one wanted to go", async () => {
    const page = await open(browser, site.url);
    await page.goto("/alerts?status=closed");
    await page.getByLabel("User name").fill(user.name);
    await page.getByLabel("Password").fill("wrong password here");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(user.password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Alerts" }).waitFor();
    assert.match(page.url(), /\/alerts\?status=closed/);
  });

  await t.test("another site cannot be the place to go after sign-in", async () => {
    const page = await open(browser, site.url);
    await page.goto("/signin?next=//evil.example/");
    await page.getByLabel("User name").fill(user.name);
    await page.getByLabel("Password").fill(user.password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    assert.equal(new URL(page.url()).origin, site.url);
    assert.deepEqual(page.problems, []);
  });

  await t.test("signing out ends the session", async () => {
    const page = await open(browser, site.url);
    await page.goto("/signin");
    await page.getByLabel("User name").fill(user.name);
    await page.getByLabel("Password").fill(user.password);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: user.name }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.goto("/");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });
});
