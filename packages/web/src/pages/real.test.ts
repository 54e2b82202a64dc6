import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { siteFolder } from "../index.js";
import { type Browser, noBrowser, startBrowser } from "../testing/browser.js";
import { noServer, type RealServer, startRealServer } from "../testing/real-server.js";
import { hostile } from "../testing/seeded.js";
import { sendBigTrace, sendOne, sendShop } from "../testing/shop-traffic.js";

// The page against the real server and the real store: a shop's hour sent by OTLP, looked at in a real browser.

const skip =
  noBrowser ||
  noServer ||
  (existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)");

describe("the page over the real store", { skip }, () => {
  let browser: Browser;
  let server: RealServer;
  let failed = "";
  // What is different is asked of the shop's own hour: on a slow machine minutes pass between it and the question.
  let hour = "";
  before(async () => {
    server = await startRealServer();
    const until = Date.now();
    hour = `from=${until - 3_600_000}&to=${until}`;
    const shop = await sendShop(server.otlp_http, until, 60, 30);
    failed = shop.failed;
    // A range that ended is asked for once: what the engine does not have by then is never seen.
    await untilStored(server.web, "SELECT count() FROM traces", shop.sent);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  const open = (path: string): Promise<Page> => browser.open(server.web + path);

  it("says on the overview what is different, and lists every service", async () => {
    const page = await open(`/?${hour}`);
    await page.getByRole("heading", { name: "Different now" }).waitFor();
    const list = page.getByRole("grid", { name: "Services" });
    for (const name of ["frontend", "checkout", "cart", "payment", "catalog"])
      await list.getByText(name).first().waitFor();
    const changed = await page.getByRole("region", { name: "What is different now" }).textContent();
    assert.match(changed ?? "", /payment/);
    await page.close();
  });

  it("explains why a service fails, with evidence out of the store", async () => {
    const page = await open("/diagnosis?service=checkout");
    const causes = page.getByRole("list", { name: "Causes" });
    await causes.getByText(/Failures begin in payment/).waitFor();
    await causes
      .getByText(/charge refused: pool exhausted/)
      .first()
      .waitFor();
    await causes.getByRole("img").first().waitFor();
    await causes.getByRole("link", { name: /^SQL: What fails in payment/ }).click();
    await page.getByRole("img", { name: /failed: / }).waitFor();
    await page.close();
  });

  it("shows a service with its plots, operations, examples, callers and callees", async () => {
    const page = await open("/services/checkout");
    await page.getByRole("grid", { name: "Operations" }).getByText("POST /v1/orders").waitFor();
    await page
      .getByRole("img", { name: /^Duration. p99: / })
      .locator("canvas")
      .waitFor();
    await page.getByRole("grid", { name: "Called by" }).getByText("frontend").waitFor();
    await page.getByRole("grid", { name: "Calls" }).getByText("payment").waitFor();
    await page.getByRole("grid", { name: "Failing" }).getByRole("link").first().click();
    await page.getByRole("tree").waitFor();
    await page.getByText("on the critical path").waitFor();
    await page.close();
  });

  it("finds traces by service, status, duration and attribute, and opens the match", async () => {
    const page = await open("/traces");
    const results = page.getByRole("grid", { name: "Traces" });
    await results.getByRole("link").first().waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type('service:payment status:error duration:>1ms http.route:"/v1/charge"');
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=/, { waitUntil: "commit" });
    await results.getByText("GET /products").first().waitFor({ state: "detached" });
    await results.getByText("POST /checkout").first().waitFor();
    await results.getByRole("link").first().click();
    await page.getByText("payment answered 502").first().waitFor();
    await page.goBack();
    await results.getByText("POST /checkout").first().waitFor();
    await page.close();
  });

  it("marks a filter's mistake as the server's parser sees it, and completes from the data", async () => {
    const page = await open("/traces");
    await page.keyboard.press("/");
    await page.keyboard.type("service:(");
    await page.locator(".mistake").waitFor();
    await page.locator("#filter").fill("");
    await page.keyboard.type("service:che");
    await page.getByRole("listbox", { name: "Completions" }).getByText("checkout").waitFor();
    // What was said of a text before is not held against the one that is there: whoever types fast is not refused.
    await page.locator("#filter").fill("service:(");
    await page.locator(".mistake").waitFor();
    await page.keyboard.press("Enter");
    await page.route(/filter\/parse/, () => undefined);
    await page.locator("#filter").fill("service:payment");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=service.*payment/, { waitUntil: "commit" });
    await page.close();
  });

  it("opens a trace by its address, with the span's attributes, event and logs", async () => {
    const page = await open(`/traces/${failed}`);
    await page.getByRole("tree").waitFor();
    await page.keyboard.press("f");
    await page.keyboard.type("charge");
    await page.keyboard.press("Enter");
    await page.getByText(/1 of \d+ match/).waitFor();
    await page.getByRole("tree").focus();
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("complementary", { name: "Span" });
    await drawer.getByText("http.response.status_code").waitFor();
    await drawer.getByText("exception", { exact: true }).waitFor();
    await drawer.getByText(/pool exhausted/).waitFor();
    const deep = await browser.open(page.url());
    await deep
      .getByRole("complementary", { name: "Span" })
      .getByText(/pool exhausted/)
      .waitFor();
    await deep.close();
    await page.close();
  });

  it("finds a trace's spans by attribute, compares it with what is usual, and copies a span as OTLP", async () => {
    const page = await open(`/traces/${failed}?find=http.route:/v1/charge&only=1`);
    await page.getByText(/^2 matches$/).waitFor();
    await page.getByRole("treeitem", { name: /^payment POST/ }).waitFor({ state: "attached" });
    await page
      .getByRole("treeitem", { name: /^hidden: / })
      .first()
      .waitFor({ state: "attached" });
    await page.keyboard.press("6");
    await page.getByText(/of 30 traces looked at took as long/).waitFor();
    await page.getByRole("grid", { name: "Operations of both" }).getByText("INSERT").waitFor();
    await page.keyboard.press("1");
    await page.getByRole("tree").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "OTLP JSON" }).click();
    await page.getByText("OTLP JSON copied").waitFor();
    await page.goto(`${server.web}/traces?over=heat`);
    await page.getByRole("img", { name: /^Durations over time: [\d,]+ spans/ }).waitFor();
    await page.close();
  });

  it("draws the map from spans and TCP, and gives the same as a table", async () => {
    const page = await open("/map");
    await page.getByRole("button", { name: /^redis-server/ }).waitFor();
    await page.getByRole("button", { name: /^checkout/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Node of the map" }).getByText("payment").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Table" }).click();
    await page.getByRole("grid", { name: "Edges of the map" }).getByText("redis-server").waitFor();
    await page.close();
  });

  it("searches logs, opens a line, and leads to its trace", async () => {
    const page = await open("/logs?q=level:error");
    await page
      .getByText(/pool exhausted/)
      .first()
      .waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("complementary", { name: "Log line" });
    await drawer.waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await page.getByRole("grid").getByRole("link", { name: "trace" }).first().click();
    await page.getByRole("tree").waitFor();
    await page.close();
  });

  it("runs SQL by Ctrl+Enter, tells its cost, and shows a mistake in words", async () => {
    const page = await open("/sql");
    await page.keyboard.press("i");
    await page.locator(".code:not([hidden])").waitFor();
    // Emptied first: Playwright's replacing asks Chromium for an inline style, which the page's policy forbids.
    await page.getByLabel("SQL statement").fill("");
    await page.keyboard.insertText(
      "SELECT service_name, count() AS n FROM traces GROUP BY service_name ORDER BY n DESC",
    );
    await page.keyboard.press("Control+Enter");
    await page.getByRole("grid", { name: "Result" }).getByText("frontend").waitFor();
    await page.getByText(/5 rows · .* read/).waitFor();
    await page.getByLabel("SQL statement").fill("");
    await page.keyboard.insertText("SELECT nothing FROM nowhere");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("alert").waitFor();
    await page.close();
    // The refusal is an HTTP error on purpose, and Chromium says so on the console.
    browser.errors.splice(
      0,
      browser.errors.length,
      ...browser.errors.filter((text) => !/\/sql.*status of 4/.test(text)),
    );
  });

  it("shows what arrives without a reload", async () => {
    const page = await open("/services");
    await page.getByText("catalog").first().waitFor();
    await sendOne(server.otlp_http, Date.now(), "newcomer", "GET /first");
    await page.getByRole("grid", { name: "Services" }).getByText("newcomer").waitFor();
    await page.close();
  });

  it("shows hostile names as text", async () => {
    const trace = await sendOne(server.otlp_http, Date.now(), hostile, hostile);
    for (const path of [
      "/",
      "/services",
      `/services/${encodeURIComponent(hostile)}`,
      "/traces",
      `/traces/${trace}`,
      "/map",
      "/logs",
    ]) {
      const page = await open(path);
      await page.waitForLoadState("networkidle", { timeout: 3000 }).catch(() => undefined);
      assert.equal(await page.evaluate(() => "__hacked" in window), false, path);
      assert.equal(await page.locator("main img").count(), 0, path);
      await page.close();
    }
  });

  it("opens a trace of 20,000 spans and shows its last one", async () => {
    const id = await sendBigTrace(server.otlp_http, Date.now(), 20_000);
    await untilStored(server.web, `SELECT count() FROM traces WHERE trace_id = '${id}'`, 20_000);
    const page = await open(`/traces/${id}`);
    await page.getByText("20,000 spans").waitFor();
    await page.getByRole("tree").focus();
    await page.keyboard.press("End");
    await page.locator("#span-19999").waitFor({ state: "attached" });
    await page.close();
  });

  it("shows the system's state", async () => {
    const page = await open("/system");
    await page.getByText("Store ready").waitFor();
    await page.getByText("Agent off", { exact: true }).waitFor();
    await page.getByText("nothing since the start").waitFor();
    await page.getByText("Engine ready").waitFor();
    await page.getByRole("grid", { name: "Ways in" }).getByText("OTLP/HTTP").first().waitFor();
    await page.getByRole("grid", { name: "Tables" }).getByText("traces", { exact: true }).waitFor();
    await page.getByRole("grid", { name: "Tenants" }).getByText("default").waitFor();
    await page.getByRole("grid", { name: "Slowest queries" }).getByText("SELECT").first().waitFor();
    await page.getByRole("region", { name: "The last minutes" }).getByRole("img").first().waitFor();
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});

/** untilStored waits until a count is reached: what was acknowledged is inserted in batches. */
async function untilStored(web: string, sql: string, count: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`${web}/api/v1/query?format=TSV`, { method: "POST", body: sql });
    if (Number(await response.text()) >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`not stored after 20 s: ${sql}`);
}
