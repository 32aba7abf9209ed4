// Users and API keys: added, changed, shown once, revoked; and names that attackers wrote.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, clean, mocked, open, shot, signIn, skip } from "./harness.mjs";

test("access", { skip }, async (t) => {
  const { browser, mock } = await mocked(t);

  const start = async (options) => {
    const page = await open(browser, mock.url, options);
    await signIn(page);
    await page.getByRole("link", { name: "Access" }).click();
    await page.getByRole("heading", { name: "Access", exact: true }).waitFor();
    await page.getByRole("button", { name: "Disable bob" }).waitFor();
    return page;
  };

  for (const theme of ["dark", "light"]) {
    await t.test(`the page, ${theme}`, async () => {
      const page = await start({ theme });
      await page.getByRole("button", { name: "Revoke key 1" }).waitFor();
      assert.deepEqual(await axe(page), []);
      await shot(page, `access-${theme}`);
      await clean(page);
    });
  }

  await t.test("a user is added, gets another role and is disabled", async () => {
    const page = await start();
    await page.getByLabel("User name").fill("eve");
    await page.getByLabel("Password, 12 characters or more").fill("long enough for this");
    await page.getByRole("button", { name: "Add user" }).click();
    await page.getByLabel("Role of eve").selectOption("analyst");
    await page.getByRole("button", { name: "Disable eve" }).click();
    await page.getByRole("button", { name: "Enable eve" }).waitFor();
    assert.deepEqual([mock.state.people[2].role, mock.state.people[2].disabled], ["analyst", true]);
    assert.equal(await page.getByRole("button", { name: "Disable ada" }).count(), 0, "nobody locks themselves out");
    await clean(page);
  });

  await t.test("a key is made, shown once, rotated and revoked", async () => {
    const page = await start();
    await page.getByLabel("What the key is for").fill("soar");
    await page.getByLabel("Kind of the new key").selectOption("standard");
    await page.getByRole("button", { name: "Make key" }).click();
    await page.getByText("it is shown this once").waitFor();
    assert.equal(mock.state.keys[1].kind, "standard");
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "I have it" }).click();
    assert.equal(await page.getByText("0123456789abcdef").count(), 0);
    await page.getByRole("button", { name: "Rotate key 2" }).click();
    await page.getByText("it is shown this once").waitFor();
    await page.getByRole("button", { name: "Revoke key 2" }).click();
    await page.getByRole("button", { name: "Revoke key 2" }).waitFor({ state: "detached" });
    assert.equal(mock.state.keys.length, 1);
    await clean(page);
  });

  await t.test("a token is made, shown once and ended", async () => {
    const page = await start();
    await page.getByLabel("What the token is for").fill("followers");
    await page.getByLabel("Role of the new token").selectOption("ingest");
    await page.getByRole("button", { name: "Make token" }).click();
    await page.getByText("vdt_0123456789abcdef").waitFor();
    assert.deepEqual([mock.state.tokens[1].name, mock.state.tokens[1].role], ["followers", "ingest"]);
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "I have it" }).click();
    assert.equal(await page.getByText("vdt_").count(), 0);
    await page.getByRole("button", { name: "Revoke token 2" }).click();
    await page.getByRole("button", { name: "Revoke token 2" }).waitFor({ state: "detached" });
    assert.equal(mock.state.tokens.length, 1);
    await clean(page);
  });

  await t.test("a name that is taken is said", async () => {
    const page = await start({ allow: ["409"] });
    await page.getByLabel("User name").fill("bob");
    await page.getByLabel("Password, 12 characters or more").fill("long enough for this");
    await page.getByRole("button", { name: "Add user" }).click();
    await page.getByRole("alert").getByText("There is a user of this name already.").waitFor();
    await clean(page);
  });
});
