// Every page in both themes: no axe violation, no error, no violation of the content security
// policy, no request to another host; a screenshot of each.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, launch, mockServer, open, server, shot, signIn, skip, user } from "./harness.mjs";

test("pages", { skip }, async (t) => {
  const browser = await launch();
  const site = await server();
  const mock = await mockServer();
  t.after(async () => {
    await browser.close();
    await site.close();
    await mock.close();
  });

  await t.test("the checks themselves notice what they are for", async () => {
    const page = await open(browser, site.url);
    await page.goto("/signin");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.evaluate(() => {
      document.querySelector("main").insertAdjacentHTML("beforeend", '<img src="http://example.invalid/x.png"><p style="color:red">grey</p>');
      document.querySelector("h1 + div").style.color = "#555";
    });
    const found = (await axe(page)).join("\n");
    assert.match(found, /image-alt/);
    assert.match(found, /color-contrast/);
    const problems = page.problems.join("\n");
    assert.match(problems, /CSP style-src-attr/);
    assert.match(problems, /CSP img-src/);
  });

  for (const theme of ["dark", "light"]) {
    await t.test(theme, async (t) => {
      const page = await open(browser, site.url, { theme });
      await signIn(page);
      assert.equal(await page.locator("html").getAttribute("data-theme"), theme);

      await t.test("overview", async () => {
        await page.getByRole("heading", { name: "What is being observed" }).waitFor();
        await page.waitForTimeout(400);
        assert.deepEqual(await axe(page), []);
        await shot(page, `overview-${theme}`);
      });
      await t.test("alerts", async () => {
        await page.getByRole("link", { name: "Alerts" }).first().click();
        await page.getByRole("heading", { name: "Alerts", exact: true }).waitFor();
        await page.getByRole("button", { name: "All", exact: true }).click();
        await page.waitForTimeout(400);
        assert.deepEqual(await axe(page), []);
        await shot(page, `alerts-${theme}`);
      });
      await t.test("alert", async (t) => {
        const row = page.locator("a[data-row]").first();
        if ((await row.count()) === 0) return t.skip("this server has no alert");
        await row.click();
        await page.getByText("Who", { exact: true }).waitFor();
        await page.waitForTimeout(700);
        assert.deepEqual(await axe(page), []);
        await shot(page, `alert-${theme}`);
      });
      await t.test("xql", async () => {
        await page.getByRole("link", { name: "XQL search" }).click();
        await page.getByRole("button", { name: "Run query" }).click();
        await page.getByText(/\d+ rows? in/).or(page.getByText("No rows.")).first().waitFor();
        await page.waitForTimeout(300);
        assert.deepEqual(await axe(page), []);
        await shot(page, `xql-${theme}`);
      });
      await t.test("a page that does not exist", async () => {
        await page.goto("/nowhere");
        await page.getByText("There is no such page").waitFor();
        assert.deepEqual(await axe(page), []);
      });
      assert.deepEqual(page.problems, []);
      assert.deepEqual(await page.evaluate(() => window.__violations ?? []), []);
    });
  }

  await t.test("the theme is switched by hand and kept", async () => {
    const page = await open(browser, site.url, { theme: "dark" });
    await signIn(page);
    await page.getByRole("button", { name: user.name }).click();
    await page.getByRole("menuitemradio", { name: "Light" }).click();
    assert.equal(await page.locator("html").getAttribute("data-theme"), "light");
    await page.reload();
    assert.equal(await page.locator("html").getAttribute("data-theme"), "light");
    await page.emulateMedia({ colorScheme: "light" });
    await page.getByRole("button", { name: user.name }).click();
    await page.getByRole("menuitemradio", { name: "As the system" }).click();
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator('html[data-theme="dark"]').waitFor();
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator('html[data-theme="light"]').waitFor();
  });

  await t.test("a narrow window still works", async () => {
    const page = await open(browser, site.url, { width: 420, height: 800 });
    await signIn(page);
    await page.getByRole("heading", { name: "What is being observed" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true, "no sideways scrolling");
    assert.deepEqual(await axe(page), []);
    await shot(page, "overview-narrow");
  });

  await t.test("without a sensor every page says so, with the fix", async () => {
    mock.control("sensor-off");
    mock.control("empty");
    const page = await open(browser, mock.url);
    await signIn(page);
    await page.getByText("may not read packets").waitFor();
    await page.getByText("No alerts, because nothing is watched.").waitFor();
    await page.getByText("sudo setcap cap_net_raw+ep").first().waitFor();
    assert.deepEqual(await axe(page), []);
    await shot(page, "overview-sensor-off");
    for (const path of ["/alerts", "/xql"]) {
      await page.goto(path);
      await page.getByText("The sensor is off: scans of this host are not seen.").waitFor();
    }
    mock.control("sensor-on");
    await page.goto("/alerts");
    await page.getByText("No scan seen yet.").waitFor();
    await page.getByText(/nmap 127\.0\.0\.1/).waitFor();
    await shot(page, "alerts-empty");
    assert.deepEqual(page.problems, []);
  });
});
