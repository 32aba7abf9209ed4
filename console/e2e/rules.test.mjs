// Correlation rules: looked over, switched, tried on the past, saved, refused; an alert that one of
// them raised; and names that attackers wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, clean, mocked, open, shot, signIn, skip } from "./harness.mjs";

test("rules", { skip }, async (t) => {
  const { browser, mock } = await mocked(t);

  const start = async (options) => {
    const page = await open(browser, mock.url, options);
    await signIn(page);
    await page.getByRole("link", { name: "Rules" }).click();
    await page.getByRole("heading", { name: "Rules", exact: true }).waitFor();
    await page.locator("a[data-rule]").first().waitFor();
    return page;
  };

  for (const theme of ["dark", "light"]) {
    await t.test(`list and rule, ${theme}`, async () => {
      const page = await start({ theme });
      await page.getByText("1 rule fails and raises no alerts as it is.").waitFor();
      assert.equal(await page.locator("a[data-rule]").count(), 4);
      assert.deepEqual(await axe(page), []);
      await shot(page, `rules-${theme}`);
      await page.getByRole("link", { name: "Host sweep" }).click();
      await page.getByRole("textbox", { name: "XQL query" }).waitFor();
      await page.getByText("Last runs").waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `rule-${theme}`);
      await clean(page);
    });
  }

  await t.test("a rule is switched off and on", async () => {
    const page = await start();
    const toggle = page.getByRole("switch", { name: "Host sweep is on" });
    assert.equal(await toggle.isChecked(), true);
    await toggle.click();
    await page.waitForFunction(() => !document.querySelector("input[role=switch]").checked);
    assert.equal(mock.state.rules[0].enabled, false);
    await clean(page);
  });

  await t.test("a changed rule is tried on the past and saved", async () => {
    const page = await start();
    await page.getByRole("link", { name: "Host sweep" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Sweep of our hosts");
    await page.getByRole("button", { name: "Test run" }).click();
    await page.getByText("7 alerts", { exact: true }).waitFor();
    await page.getByText(/1,200,000 rows read in 812 ms/).waitFor();
    assert.deepEqual(await axe(page), []);
    await shot(page, "rule-trial");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Sweep of our hosts" }).waitFor();
    await page.getByRole("button", { name: "Back to what came with Vedette" }).waitFor();
    assert.equal(mock.state.rules[0].rule.query, "dataset = xdr_data\n| comp count() as attempts by source_ip");
    await clean(page);
  });

  await t.test("a wrong rule says which field is wrong", async () => {
    const page = await start({ allow: ["400"] });
    await page.getByRole("link", { name: "New rule" }).click();
    await page.getByLabel("Schedule").fill("whenever");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The schedule is neither a length nor five cron fields.").first().waitFor();
    assert.equal(await page.getByLabel("Schedule").getAttribute("aria-invalid"), "true");
    assert.deepEqual(await axe(page), []);
    await page.getByLabel("Name", { exact: true }).fill("Mine");
    await page.getByLabel("Schedule").fill("1 hour");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Mine" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "Rules", exact: true }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("a[data-rule]").length === 4);
    await clean(page);
  });

  await t.test("an alert of a rule, and hostile text in all of it, is text", async () => {
    const page = await start();
    mock.control("rule-alert");
    await page.goto("/alerts");
    await page.getByRole("link", { name: /^Sweep of 40 hosts/ }).click();
    await page.getByText("Raised by").waitFor();
    await page.getByText("3 later hits kept back as the same").waitFor();
    await page.getByRole("heading", { name: "The row" }).waitFor();
    assert.deepEqual(await axe(page), []);
    await shot(page, "alert-of-rule");
    await page.getByRole("link", { name: "Host sweep" }).click();
    await page.getByRole("heading", { name: "Host sweep" }).waitFor();
    await page.goto("/rules/3");
    await page.getByText("<img src=x").first().waitFor();
    await page.goto("/rules/4");
    await page.getByRole("alert").first().waitFor();
    await clean(page);
  });
});
