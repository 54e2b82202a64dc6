import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { siteFolder } from "../index.js";
import { type Browser, completed, noBrowser, startBrowser } from "../testing/browser.js";
import { type FixtureServer, startFixtureServer } from "../testing/fixture-server.js";
import { traceId } from "../testing/seeded.js";

const skip =
  noBrowser || (existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)");

describe("the metrics explorer", { skip }, () => {
  let browser: Browser;
  let server: FixtureServer;
  before(async () => {
    server = await startFixtureServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it("completes metrics, labels and values by keys, runs by Enter, and keeps the query in the address", async () => {
    const page = await browser.open(`${server.url}/metrics-explorer`);
    await page.getByText("10,000 metrics").waitFor();
    await page.locator(".code:not([hidden])").waitFor();
    await page.keyboard.press("i");
    await page.keyboard.type("process_mem");
    await completed(page, "process_memory_usage_bytes");
    await page.keyboard.press("Tab");
    await page.keyboard.type("{j");
    await completed(page, "job");
    await page.keyboard.press("Tab");
    await page.keyboard.type('="chec');
    await completed(page, "checkout");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/expr=process_memory_usage_bytes/, { waitUntil: "commit" });
    assert.equal(new URL(page.url()).searchParams.get("expr"), 'process_memory_usage_bytes{job="checkout"}');
    await page.getByRole("img", { name: /^10 of 10 series/ }).waitFor();
    await page.close();
  });

  it("marks a mistake where it stands", async () => {
    const page = await browser.open(`${server.url}/metrics-explorer?expr=sum((`);
    await page.locator(".cm-mistake").waitFor();
    assert.equal(await page.locator(".cm-mistake").textContent(), "(");
    await page.getByRole("alert").getByText("parse error").waitFor();
    browser.errors.splice(0, browser.errors.length);
    await page.close();
  });

  it("finds among 10,000 names with few elements, and asks what the metric's type is asked for", async () => {
    const page = await browser.open(`${server.url}/metrics-explorer`);
    await page.getByText("10,000 metrics").waitFor();
    const count = await page.evaluate(() => document.querySelectorAll("*").length);
    assert.ok(count < 900, `${count} elements`);
    await page.keyboard.press("f");
    await page.keyboard.type("request bucket");
    await page.getByText("1 of 10,000 metrics").waitFor();
    await page.getByRole("grid", { name: "Metrics" }).getByRole("button").first().click();
    await page.waitForURL(/histogram_quantile/, { waitUntil: "commit" });
    await page.close();
  });

  it("leads from an exemplar to its trace, by the list too, and draws the largest of 2,000 series", async () => {
    const page = await browser.open(`${server.url}/metrics-explorer?expr=many`);
    await page.getByText("the 100 largest of 2,000 are drawn").waitFor();
    await page.getByLabel("Filter series").fill('index="1999"');
    await page.getByRole("img", { name: /^1 of 2,000 series/ }).waitFor();
    await page.getByText("3 exemplars").click();
    await page.locator(".examples a").first().click();
    await page.getByText("400 spans").waitFor();
    assert.ok(page.url().includes(traceId(0).slice(0, 8)));
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});
