import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { siteFolder } from "../index.js";
import { type Browser, completed, noBrowser, startBrowser } from "../testing/browser.js";
import { noServer, type RealServer, startRealServer } from "../testing/real-server.js";

const skip =
  noBrowser ||
  noServer ||
  (existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)");

describe("the SQL page over the real store", { skip }, () => {
  let browser: Browser;
  let server: RealServer;
  before(async () => {
    server = await startRealServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it("completes tables and columns of the store", async () => {
    const page = await browser.open(`${server.web}/sql`);
    await page.locator(".code:not([hidden])").waitFor();
    await page.getByLabel("SQL statement").fill("");
    await page.keyboard.press("i");
    await page.keyboard.type("SELECT count() FROM trac");
    await completed(page, "traces");
    await page.keyboard.press("Tab");
    await page.keyboard.type(" WHERE duration");
    await page.getByRole("option", { name: /duration_ns/ }).waitFor();
    await page.keyboard.press("Escape");
    await page.close();
  });

  it("scrolls through a million rows with few elements, and gives them as a file", async () => {
    const sql = "SELECT number, toString(number * 7) AS text FROM numbers(1000000)";
    const page = await browser.open(`${server.web}/sql?sql=${encodeURIComponent(sql)}`);
    await page.getByText(/1,000,000 rows · .* read/).waitFor();
    await page.locator(".table.fill").evaluate((box) => {
      box.scrollTop = box.scrollHeight;
    });
    await page.getByText("6999993", { exact: true }).waitFor();
    const count = await page.evaluate(() => document.querySelectorAll("*").length);
    assert.ok(count < 900, `${count} elements`);
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV" }).click(),
    ]);
    assert.equal(file.suggestedFilename(), "go3s.csv");
    const text = readFileSync(await file.path(), "utf8");
    assert.equal(text.slice(0, 24), '"number","text"\n0,"0"\n1,');
    assert.equal(text.trimEnd().split("\n").length, 1_000_001);
    await page.close();
  });

  it("keeps statements by name, explains them, and draws the column that is picked", async () => {
    const sql = "SELECT toDateTime(number * 60) AS t, number AS a, number * 2 AS b FROM numbers(50)";
    const page = await browser.open(`${server.web}/sql?sql=${encodeURIComponent(sql)}`);
    await page.getByRole("img", { name: /b: .*a: / }).waitFor();
    await page.getByLabel("Column of y").selectOption("b");
    await page.waitForURL(/y=b/, { waitUntil: "commit" });
    await page.getByRole("img", { name: /^50 rows. b: 0 to 98/ }).waitFor();
    await page.getByRole("button", { name: "Save…" }).click();
    await page.keyboard.type("squares");
    await page.keyboard.press("Enter");
    await page.getByLabel("Saved").waitFor();
    await page.getByRole("button", { name: "Explain" }).click();
    await page
      .getByRole("grid", { name: "Result" })
      .getByText(/ReadFrom/)
      .waitFor();
    await page.reload();
    await page.getByLabel("Saved").selectOption({ label: "squares" });
    await page.getByRole("button", { name: /Forget/ }).click();
    await page.getByLabel("Saved").waitFor({ state: "detached" });
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});
