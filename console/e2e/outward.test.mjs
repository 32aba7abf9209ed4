// Incidents are looked at and worked on; channels are added, tried out, removed; what did not arrive is
// shown and tried again; and names that attackers wrote stay names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, clean, mocked, open, shot, signIn, skip } from "./harness.mjs";

test("incidents and notifications", { skip }, async (t) => {
  const { browser, mock } = await mocked(t);

  const start = async (name, options) => {
    const page = await open(browser, mock.url, options);
    await signIn(page);
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name, exact: true }).waitFor();
    return page;
  };

  for (const theme of ["dark", "light"]) {
    await t.test(`an incident, ${theme}`, async () => {
      const page = await start("Incidents", { theme });
      await page.locator("[data-incident]").first().waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `incidents-${theme}`);
      await page.locator("[data-incident]").first().click();
      await page.getByRole("heading", { name: "Alerts, oldest first" }).waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `incident-${theme}`);
      await clean(page);
    });

    await t.test(`notifications, ${theme}`, async () => {
      const page = await start("Notifications", { theme });
      await page.getByRole("button", { name: "Try again: delivery 7" }).waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `notifications-${theme}`);
      await page.getByRole("button", { name: "Add channel" }).click();
      await page.getByLabel("Kind").selectOption("mail");
      assert.deepEqual(await axe(page), []);
      await shot(page, `channel-${theme}`);
      await clean(page);
    });
  }

  await t.test("an incident is taken, commented on and closed", async () => {
    const page = await start("Incidents");
    await page.locator("[data-incident]").first().click();
    await page.getByRole("button", { name: "Start work" }).click();
    await page.getByRole("button", { name: "Start work" }).waitFor({ state: "detached" });
    assert.equal(mock.state.incidents[0].assignee, "ada");
    await page.getByLabel("Severity").selectOption("low");
    await page.getByText("severity set by hand").waitFor();
    await page.getByLabel("Comment").fill("asked the owner");
    await page.getByRole("button", { name: "Add comment" }).click();
    await page.getByText("asked the owner").waitFor();
    await page.getByRole("button", { name: "Close incident…" }).click();
    await page.getByLabel("Benign").check();
    await page.getByRole("button", { name: "Close incident", exact: true }).click();
    await page.getByRole("button", { name: "Reopen" }).waitFor();
    assert.deepEqual([mock.state.incidents[0].status, mock.state.incidents[0].resolution], ["closed", "benign"]);
    await page.getByRole("link", { name: "Incidents" }).first().click();
    await page.getByText("No incidents here.").waitFor();
    await page.getByRole("button", { name: "Show all incidents" }).click();
    await page.locator("[data-incident]").first().waitFor();
    await clean(page);
  });

  await t.test("a channel is added, tried out and removed", async () => {
    const page = await start("Notifications", { allow: ["400"] });
    await page.getByRole("button", { name: "Add channel" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("soc");
    await dialog.getByLabel("Address").fill("http://127.0.0.1:9/hook");
    await dialog.getByRole("button", { name: "Add channel" }).click();
    await dialog.getByRole("alert").getByText("private network").waitFor();
    await dialog.getByText("More").click();
    await dialog.getByLabel("It may reach this host").check();
    await dialog.getByRole("button", { name: "Add channel" }).click();
    await page.getByText("whsec_0123456789abcdef").waitFor();
    assert.equal(mock.state.sent[0].settings.allow_private, true);
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("button", { name: "Test soc" }).click();
    await page.getByText("The test arrived.").waitFor();
    await page.getByRole("button", { name: "Change soc" }).click();
    assert.equal(await dialog.getByLabel("Address").inputValue(), "", "the whole address is not told");
    await dialog.getByLabel("Name").fill("soc at night");
    await dialog.getByLabel("Least severity").selectOption("high");
    assert.deepEqual(await axe(page), []);
    await dialog.getByRole("button", { name: "Save channel" }).click();
    await page.getByRole("button", { name: "Test soc at night" }).waitFor();
    const edit = mock.state.sent.at(-1);
    assert.deepEqual([edit.name, edit.url, edit.settings.min_severity, edit.settings.allow_private], ["soc at night", undefined, "high", true]);
    await page.getByRole("button", { name: "Change soc at night" }).click();
    await dialog.getByLabel("Name").fill("soc");
    await dialog.getByRole("button", { name: "Save channel" }).click();
    await page.getByRole("switch", { name: "soc is on" }).click();
    await page.getByRole("button", { name: "Remove soc" }).click();
    await page.getByRole("button", { name: "Remove soc for good" }).click();
    await page.getByRole("button", { name: "Test soc" }).waitFor({ state: "detached" });
    assert.equal(mock.state.channels.length, 1);
    await clean(page);
  });

  await t.test("what was given up is tried again", async () => {
    const page = await start("Notifications");
    await page.getByText("1 delivery was given up").waitFor();
    await page.getByRole("button", { name: "Try again: delivery 7" }).click();
    await page.getByRole("button", { name: "Try again: delivery 7" }).waitFor({ state: "detached" });
    assert.equal(mock.state.deliveries[0].state, "waiting");
    await page.getByLabel("Which deliveries").selectOption("dead");
    await page.getByText("No deliveries here.").waitFor();
    await clean(page);
  });
});
