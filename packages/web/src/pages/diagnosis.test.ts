import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { siteFolder } from "../index.js";
import { type Browser, noBrowser, startBrowser } from "../testing/browser.js";
import { type FixtureServer, startFixtureServer } from "../testing/fixture-server.js";

// Questions to the diagnosis and what leads to them, in a real browser against made answers.

const skip =
  noBrowser || (existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)");

const search = (page: Page): URLSearchParams => new URL(page.url()).searchParams;

describe("the diagnosis page", { skip }, () => {
  let browser: Browser;
  let server: FixtureServer;
  before(async () => {
    server = await startFixtureServer();
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  it("is asked from the overview with what changed and since when, at pinned times", async () => {
    const page = await browser.open(`${server.url}/`);
    await page.getByRole("link", { name: "Why? p99 of payment" }).click();
    await page
      .getByText(/payment waits before it calls postgresql/)
      .first()
      .waitFor();
    assert.equal(search(page).get("service"), "payment");
    assert.equal(search(page).get("figure"), "latency");
    for (const name of ["since", "from", "to"]) assert.match(search(page).get(name) ?? "", /^\d{13}$/, name);
    const causes = page.getByRole("list", { name: "Causes" });
    await causes.getByText("very likely").waitFor();
    await causes.getByRole("img").first().waitFor();
    await page
      .getByRole("region", { name: "Ruled out" })
      .getByText(/Traffic/)
      .waitFor();
    await page
      .getByRole("region", { name: "Looked at" })
      .getByText(/no metrics/)
      .waitFor();
    assert.equal(await page.evaluate(() => "__hacked" in window), false, "hostile text ran");
    await page.close();
  });

  it("takes a question by its form, shows a claim's statement, and keeps what was asked", async () => {
    const page = await browser.open(`${server.url}/diagnosis`);
    const form = page.getByRole("form", { name: "The question" });
    await form.getByText("Why?").waitFor();
    await form.getByLabel("Why is").selectOption("cart");
    await form.getByText("Why?").click();
    await page
      .getByText(/No cause found: nothing changed/)
      .first()
      .waitFor();
    assert.equal(search(page).get("service"), "cart");
    await form.getByLabel("Why is").selectOption("checkout");
    await form.getByText("Why?").click();
    await page.getByRole("link", { name: "SQL: By service.version" }).click();
    await page.getByLabel("SQL statement").waitFor();
    assert.match(search(page).get("sql") ?? "", /^SELECT start_time/);
    await page.goto(`${server.url}/diagnosis`);
    const before = page.getByRole("region", { name: "Asked before" });
    await before.getByText(/No cause found/).waitFor();
    await before.getByRole("link", { name: "checkout" }).first().click();
    await page
      .getByText(/payment waits before it calls postgresql/)
      .first()
      .waitFor();
    await page.close();
  });

  it("marks versions on a service's plots and opens the traces under a brush of its durations", async () => {
    const page = await browser.open(`${server.url}/services/checkout`);
    await page
      .getByRole("img", { name: /service\.version 1\.8\.3 seen first at/ })
      .first()
      .waitFor();
    await page.getByRole("img", { name: /^CPUs in use\. user: .*service\.version 1\.8\.3/ }).waitFor();
    const heat = page.getByRole("img", { name: /^Durations over time/ });
    await heat.scrollIntoViewIfNeeded();
    const box = await heat.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width * 0.6, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + 90);
    await page.mouse.up();
    await page.waitForURL(/\/traces\?/, { waitUntil: "commit" });
    assert.match(search(page).get("q") ?? "", /service:checkout .*duration:\d+ns\.\.\d+ns/);
    assert.match(search(page).get("from") ?? "", /^\d{13}$/);
    await page.close();
  });

  it("narrows log lines to those of a form", async () => {
    const page = await browser.open(`${server.url}/logs`);
    await page.getByRole("button", { name: "Patterns" }).click();
    await page.getByRole("grid", { name: "Forms of log lines" }).getByText("new").waitFor();
    await page.getByText("charge refused: pool exhausted, waited #ms").click();
    await page.getByRole("grid", { name: "Log lines" }).waitFor();
    assert.equal(search(page).get("as"), null);
    assert.equal(search(page).get("q"), "/charge\\s+refused:\\s+pool\\s+exhausted,\\s+waited\\s+[\\w.-]+ms/");
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});
