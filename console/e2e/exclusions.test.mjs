// Alerts that are hidden, changed many at a time, and sources that are cut off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, clean, mocked, open, shot, signIn, skip } from "./harness.mjs";

test("exclusions, bulk changes and response", { skip }, async (t) => {
  const { browser, mock } = await mocked(t);

  const start = async (path, options) => {
    const page = await open(browser, mock.url, options);
    await signIn(page);
    await page.goto(path);
    return page;
  };

  await t.test("an alert is excluded with a look at what that hides, and shown again", async () => {
    const page = await start("/alerts/14");
    await page.getByRole("button", { name: "Exclude…" }).click();
    const dialog = page.getByRole("dialog");
    const preview = dialog.getByRole("region", { name: "What it would hide" });
    await preview.getByText(/Would have hidden \d+ of/).waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Exclude", exact: true }).isDisabled(), true, "a reason is needed");
    assert.deepEqual(await axe(page), []);
    await shot(page, "alert-exclude");
    await dialog.getByLabel("Reason").fill("our own scanner");
    await dialog.getByRole("button", { name: "Exclude", exact: true }).click();
    await page.getByText("excluded by 2").waitFor();
    await page.goto("/alerts");
    await page.getByText(/\d+ more hidden by/).waitFor();
    await page.getByRole("link", { name: "Exclusions" }).first().click();
    await page.getByText("our own scanner").waitFor();
    await page.getByRole("button", { name: "Remove exclusion 2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("our own scanner").waitFor({ state: "detached" });
    assert.equal(mock.state.alerts.every((alert) => alert.excluded_by === null), true);
    await clean(page);
  });

  await t.test("one that is too wide needs to be meant, a wrong one says why", async () => {
    const page = await start("/exclusions", { allow: ["400"] });
    await page.getByRole("button", { name: "New exclusion…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Ports", { exact: true }).fill("22");
    await dialog.getByLabel("Reason").fill("too much noise");
    await dialog.getByText("It names no source").waitFor();
    assert.equal(await dialog.getByRole("button", { name: "Exclude", exact: true }).isDisabled(), true);
    await dialog.getByLabel("It is meant to be this wide").check();
    assert.equal(await dialog.getByRole("button", { name: "Exclude", exact: true }).isDisabled(), false);
    await dialog.getByLabel("Sources", { exact: true }).fill("<b>me</b>");
    await dialog.getByRole("alert").getByText("is neither an address nor a network").waitFor();
    await clean(page);
  });

  await t.test("many alerts are chosen and closed at once", async () => {
    const page = await start("/alerts");
    await page.getByRole("checkbox", { name: "Choose all shown" }).check();
    const bar = page.getByRole("group", { name: "Chosen alerts" });
    const said = await bar.getByRole("status").textContent();
    const number = Number(/\d+/.exec(said)[0]);
    assert.ok(number > 3);
    await page.getByRole("checkbox", { name: /Choose alert 14/ }).uncheck();
    await bar.getByText(`${number - 1} alerts chosen`).waitFor();
    assert.deepEqual(await axe(page), []);
    await shot(page, "alerts-bulk");
    await bar.getByRole("button", { name: /^Close/ }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("radio", { name: "Benign" }).check();
    await dialog.getByRole("button", { name: `Close ${number - 1} alerts` }).click();
    await bar.waitFor({ state: "detached" });
    assert.equal(mock.state.alerts.find((alert) => alert.id === 14).status, "new");
    await clean(page);
  });

  await t.test("a source is blocked after a dry run, and the block undone", async () => {
    const page = await start("/alerts/14");
    await page.getByRole("button", { name: "Block source…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("region", { name: "What would happen" }).waitFor();
    const confirmed = mock.state.alerts.find((alert) => alert.id === 14).attribution === "confirmed";
    if (!confirmed) {
      await dialog.getByText("its address may be forged.").waitFor();
      await dialog.getByRole("checkbox", { name: /Do without confirmed evidence/ }).check();
    }
    await dialog.getByText("is cut off from this host until").waitFor();
    await dialog.getByText("add element inet vedette").waitFor();
    assert.deepEqual(await axe(page), []);
    await shot(page, "alert-block");
    await dialog.getByLabel("Reason").fill("it scans us");
    await dialog.getByRole("button", { name: /^Block / }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("link", { name: "Response" }).click();
    await page.getByText("it scans us").waitFor();
    const address = mock.state.blocks[1].address;
    await page.getByRole("button", { name: `Undo the block of ${address}` }).click();
    await page.getByText("it scans us").waitFor({ state: "detached" });
    assert.equal(mock.state.blocks[1].ending, "undone");
    await clean(page);
  });

  await t.test("what is allowed is changed", async () => {
    const page = await start("/response");
    await page.getByLabel("Never block").fill("198.51.100.0/24\n10.0.0.0/8");
    await page.getByLabel(/Also without a person/).check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForFunction(() => document.querySelector("textarea")?.value.includes("10.0.0.0/8"));
    for (let i = 0; i < 50 && mock.state.policy.never_block.length < 2; i++) await page.waitForTimeout(50);
    assert.deepEqual([mock.state.policy.never_block.length, mock.state.policy.automatic.enabled], [2, true]);
    await clean(page);
  });

  for (const theme of ["dark", "light"]) {
    await t.test(`hostile text in exclusions and blocks is text, ${theme}`, async () => {
      const page = await start("/exclusions", { theme });
      await page.getByText("<script>").first().waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `exclusions-${theme}`);
      await page.goto("/response");
      await page.getByText("<script>").first().waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `response-${theme}`);
      assert.equal(await page.locator("img").count(), 0);
      await clean(page);
    });
  }
});
