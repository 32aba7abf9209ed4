// Files of parsing and modelling rules.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, clean, mocked, open, shot, signIn, skip } from "./harness.mjs";

test("rule files", { skip }, async (t) => {
  const { browser, mock } = await mocked(t);

  const start = async (options) => {
    const page = await open(browser, mock.url, options);
    await signIn(page);
    await page.goto("/models");
    return page;
  };

  await t.test("a file is written, checked, kept, opened again and removed", async () => {
    const page = await start();
    await page.getByText("shop_raw").waitFor();
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "New file" }).click();
    await page.getByLabel("Name of the file").fill("till");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("No mistakes: models of my_product_raw.").waitFor();
    assert.equal(mock.state.models.some((one) => one.name === "till"), false, "checking keeps nothing");
    await shot(page, "models-edit");
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "till" }).first().click();
    await page.getByLabel("Rules").getByText("my_product_raw").waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Remove till" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove till" }).waitFor({ state: "detached" });
    await clean(page);
  });

  await t.test("a mistake is marked, and nothing is kept", async () => {
    const page = await start({ allow: ["400"] });
    await page.getByRole("button", { name: "shop", exact: true }).click();
    await page.getByLabel("Rules").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("stats count()");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").getByText("XQL has no stage").waitFor();
    await page.locator(".cm-lintRange-error").first().waitFor();
    assert.equal(mock.state.models.find((one) => one.name === "shop").text.includes("stats"), false);
    await clean(page);
  });
});
