import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { routeOf } from "../base/page.js";
import { siteFolder } from "../index.js";
import { type Browser, noBrowser, startBrowser } from "../testing/browser.js";
import { type FixtureServer, startFixtureServer } from "../testing/fixture-server.js";
import { spanId, traceId } from "../testing/seeded.js";
import { pages } from "./pages.js";

// Every page in a real browser against made answers: what it shows, that it says nothing on the console, that keys and
// addresses work. real.test.ts does the same against the real server.

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const skip =
  noBrowser || (existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)");

describe("the pages", { skip }, () => {
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

  /** arriving tells open pages that something came in until they show it: a page may not listen yet, and asks rarely. */
  const arriving = async (shown: Promise<void>): Promise<void> => {
    const timer = setInterval(server.arrive, 300);
    await shown.finally(() => clearInterval(timer));
  };

  const shows: readonly (readonly [path: string, text: string | RegExp])[] = [
    ["/", "Different now"],
    ["/", /payment.*\d+ ms, usually/s],
    ["/", "Watched on this machine"],
    ["/services", "recommendation"],
    ["/services/checkout", "Slowest"],
    ["/traces", "root not here"],
    [`/traces/${traceId(0)}`, "400 spans"],
    [`/traces/${traceId(0)}?span=${spanId(4)}`, "shop.local"],
    ["/map", "13 nodes"],
    ["/map?as=table", "redis-server"],
    ["/logs", "handled request 0"],
    ["/sql?sql=SELECT+1", "120 rows"],
    ["/system", "not a Go program"],
    ["/metrics-explorer", "Pick a metric"],
    ["/metrics-explorer?expr=up&expr2=down", "20 of 20 series"],
    ["/metrics-explorer?expr=up&as=table", "recommendation"],
    ["/metrics-explorer?expr=sum((", 'unexpected "("'],
    ["/profiles", "cpu: 4 s in 400 samples"],
    ["/profiles?against=before", "red is more now"],
    ["/diagnosis", "Different now"],
    ["/diagnosis?service=checkout", /payment waits before it calls postgresql/],
    ["/diagnosis?service=cart", "No cause found: nothing changed"],
    ["/logs?as=patterns", "charge refused: pool exhausted"],
    ["/alerts", "no alert rules"],
    ["/probes", "Cookbook"],
    ["/probes?run=run-1", "3 records had no room"],
    ["/settings", "/var/lib/go3s"],
    ["/traces/missing", "No span of this trace"],
    ["/nowhere", "There is no page here"],
  ];
  for (const dark of [false, true]) {
    for (const [path, text] of shows) {
      it(`${path} shows ${text} ${dark ? "in the dark" : "in the light"}, on a phone too`, async () => {
        const page = await browser.open(server.url + path, { dark, width: dark ? 390 : 1440 });
        await page.locator("main").getByText(text).first().waitFor({ state: "attached" });
        const [theme, wide] = await page.evaluate(() => [
          document.documentElement.dataset["theme"],
          document.documentElement.scrollWidth > window.innerWidth,
        ]);
        assert.equal(theme, dark ? "dark" : "light");
        assert.equal(wide, false, "the page scrolls sideways");
        assert.equal(await page.evaluate(() => "__hacked" in window), false, "hostile text ran");
        await page.close();
      });
    }
  }

  const looked: readonly string[] = [
    "/",
    "/services",
    "/services/checkout",
    "/traces",
    `/traces/${traceId(0)}?span=${spanId(4)}`,
    "/map",
    "/map?as=table",
    "/logs",
    "/sql?sql=SELECT+1",
    "/metrics-explorer?expr=up",
    "/metrics-explorer?expr=up&as=table",
    "/profiles?against=day",
    "/diagnosis?service=checkout",
    "/logs?as=patterns",
    "/alerts",
    "/probes?example=read-latency&run=run-1",
    "/system",
    "/settings",
  ];
  for (const path of looked) {
    for (const dark of [false, true]) {
      it(`${path} has no serious fault for readers and keyboards ${dark ? "in the dark" : "in the light"}`, async () => {
        const page = await browser.open(server.url + path, { dark });
        await page.waitForTimeout(path.startsWith("/map") ? 1200 : 500);
        await page.evaluate(axe);
        const faults = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
        assert.deepEqual(serious(faults), []);
        await page.close();
      });
    }
  }

  it("looks at every page there is with axe-core", () => {
    const seen = new Set(looked.map((path) => routeOf(pages, path.replace(/\?.*/, ""))?.page.id));
    assert.deepEqual(
      pages.filter(({ id }) => !seen.has(id)).map(({ path }) => path),
      [],
    );
  });

  it("says nothing wrong on the console, but for the answers 404 and 400 it shows", () => {
    assert.deepEqual(
      browser.errors.filter((text) => !/missing.*404|sum\(\(.*400/.test(text)),
      [],
    );
  });

  it("loads at most 100 KB of gzipped script for the first page", async () => {
    const page = await browser.open(`${server.url}/`);
    await page.getByText("Different now").waitFor();
    const scripts = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .flatMap((entry) => (/\.js$/.test(entry.name) ? [new URL(entry.name).pathname] : [])),
    );
    const bytes = scripts.reduce(
      (sum, path) => sum + gzipSync(readFileSync(join(siteFolder, path))).length,
      0,
    );
    assert.ok(scripts.length > 0 && bytes < 100_000, `${bytes} bytes in ${scripts.length} files`);
    await page.close();
  });

  it("asks again for a range that has just ended while rows wait to be inserted, not for an older one", async () => {
    const at = Date.now();
    const opened = async (to: number): Promise<Page> => {
      const page = await browser.open(`${server.url}/services?from=${at - 7_200_000}&to=${to}`);
      await page.getByRole("grid", { name: "Services" }).getByText("checkout").first().waitFor();
      return page;
    };
    const times = (to: number): number =>
      server.asked.filter((each) => each.includes("/api/v1/services?") && each.includes(`to=${to}`)).length;
    const old = await opened(at - 3_600_000);
    const fresh = await opened(at);
    for (let i = 0; i < 100 && times(at) < 2; i++) {
      server.report();
      await fresh.waitForTimeout(100);
    }
    assert.ok(times(at) > 1, `asked ${times(at)} times`);
    assert.equal(times(at - 3_600_000), 1);
    await old.close();
    await fresh.close();
  });

  it("goes by g and a letter, opens rows by j and Enter, and goes back", async () => {
    const page = await browser.open(`${server.url}/`);
    await page.getByText("Different now").waitFor();
    await press(page, "g", "t");
    await page.getByText("root not here").waitFor();
    await press(page, "j", "j", "k", "j", "Enter");
    await page.getByText("400 spans").waitFor();
    assert.equal(new URL(page.url()).pathname, `/traces/${traceId(1)}`);
    await page.goBack();
    await page.getByText("root not here").waitFor();
    await press(page, "g", "s");
    await page.getByRole("heading", { name: "Services" }).waitFor();
    await page.close();
  });

  it("shows the system's last minutes as plots, follows them, and leads from a slow query to the SQL page", async () => {
    const page = await browser.open(`${server.url}/system`);
    const plots = page.getByRole("region", { name: "The last minutes" }).getByRole("img");
    await plots.first().waitFor();
    assert.equal(await plots.count(), 4);
    assert.match((await plots.first().getAttribute("aria-label")) ?? "", /Coming in\. spans: .*k\/s/);
    await page.getByRole("grid", { name: "Tenants" }).getByText("89 %").waitFor();
    for (const [grid, text] of [
      ["Drops by reason", "watch fewer processes or give it a CPU"],
      ["Ways in", "Fused OTLP (agent)"],
      ["Targets", "ECONNREFUSED 10.0.0.8:9100"],
      ["Tables", "71.9"],
      ["Tables", "90 days"],
      ["Sampling decisions", "nothing of their trace asked for it"],
      ["Programs", "480"],
      ["Processes", "not a Go program"],
    ] as const)
      await page.getByRole("grid", { name: grid, exact: true }).getByText(text).first().waitFor();
    await page.getByRole("grid", { name: "Slowest queries" }).getByText("SELECT count() FROM traces").click();
    await page.getByLabel("SQL statement").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("sql"), "SELECT count() FROM traces");
    await page.close();
  });

  it("walks, folds, finds and opens spans by keys, and keeps that in the address", async () => {
    const page = await browser.open(`${server.url}/traces/${traceId(0)}`);
    await page.getByRole("tree").waitFor();
    await press(page, "j", "j", "Enter");
    const drawer = page.getByRole("complementary", { name: "Span" });
    await drawer.getByText("payment refused: card expired").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("span"), spanId(2));
    await press(page, "Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).searchParams.get("span"), null);
    await press(page, "f");
    await page.keyboard.type("charge");
    await page.keyboard.press("Enter");
    await page.getByText(/\d+ of \d+ matches/).waitFor();
    assert.equal(new URL(page.url()).searchParams.get("find"), "charge");
    await page.getByRole("tree").focus();
    const before = await selected(page);
    await press(page, "n");
    assert.notEqual(await selected(page), before);
    await press(page, "c");
    await page.getByText("399 spans hidden").waitFor();
    await page.close();
  });

  it("walks, zooms and searches a flame graph by keys, and keeps that in the address", async () => {
    const page = await browser.open(`${server.url}/profiles`);
    const graph = page.getByRole("application", { name: /^Flame graph, 7 places/ });
    await graph.focus();
    await press(page, "ArrowDown", "ArrowDown", "ArrowDown");
    await page.getByText(/^encoding\/json.Marshal: 2 s \(50 %\)/).waitFor();
    await press(page, "Enter");
    await page.waitForURL(/zoom=runtime.main/, { waitUntil: "commit" });
    await press(page, "Escape");
    await page.waitForURL(/zoom=runtime.main%3Bmain.serve$/, { waitUntil: "commit" });
    await graph.evaluate((element) => element instanceof HTMLElement && element.blur());
    await press(page, "f");
    await page.keyboard.type("json");
    await page.getByText("50 % of all samples").waitFor();
    await page.close();
  });

  it("marks a mistake in the filter where it stands, and asks for nothing", async () => {
    const page = await browser.open(`${server.url}/traces`);
    await page.getByText("root not here").waitFor();
    await press(page, "/");
    await page.keyboard.type("service:cart (timeout");
    await page.getByText("the bracket is not closed").waitFor();
    assert.equal(await page.locator(".mistake").textContent(), "(");
    const asked = server.asked.length;
    await page.keyboard.press("Enter");
    assert.ok(!server.asked.slice(asked).some((line) => line.includes("/traces?")));
    assert.equal(new URL(page.url()).searchParams.get("q"), null);
    await page.close();
  });

  it("completes a filter and puts it into the address", async () => {
    const page = await browser.open(`${server.url}/traces`);
    await page.getByText("root not here").waitFor();
    await press(page, "/");
    await page.keyboard.type("serv");
    await page.getByRole("option", { name: /service:checkout/ }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=service:checkout/, { waitUntil: "commit" });
    await page.close();
  });

  it("lists every action in the palette and every key under ?", async () => {
    const page = await browser.open(`${server.url}/services`);
    await page.getByText("recommendation").waitFor();
    await press(page, "?");
    await page.getByRole("dialog", { name: "Keys" }).getByText("Next row").waitFor();
    await press(page, "Escape");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("last 24");
    await page.keyboard.press("Enter");
    await page.waitForURL(/from=now-24h/, { waitUntil: "commit" });
    await press(page, "[");
    await page.waitForURL(/from=\d{13}/, { waitUntil: "commit" });
    await page.close();
  });

  it("keeps old data while it fails, says what failed, and follows when it is well again", async () => {
    const page = await browser.open(`${server.url}/services`);
    await page.getByText("recommendation").waitFor();
    server.state.failing = true;
    await arriving(page.getByText("The store is starting.").waitFor());
    assert.ok(await page.getByText("recommendation").isVisible());
    server.state.failing = false;
    await arriving(page.getByText("The store is starting.").waitFor({ state: "detached" }));
    await page.close();
  });

  it("says what to do when there is nothing, and where the newest data is", async () => {
    server.state.empty = true;
    const page = await browser.open(`${server.url}/`);
    await page.getByText("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318").waitFor();
    await page.getByRole("link", { name: /20 connections; 1 failed: cart → redis-server/ }).waitFor();
    server.state.empty = false;
    await page.getByRole("link", { name: "Go there" }).click();
    await page.getByRole("grid", { name: "Services" }).waitFor();
    assert.match(page.url(), /from=\d{13}/);
    await page.close();
  });

  it("holds new lines back while someone reads further down", async () => {
    server.state.newLogs = 0;
    const page = await browser.open(`${server.url}/logs`);
    await page.getByText("handled request 0").waitFor();
    await page.locator(".table.fill").evaluate((box) => {
      box.scrollTop = 4000;
    });
    server.state.newLogs = 7;
    await page.waitForTimeout(1600);
    await arriving(page.getByRole("button", { name: "7 new" }).waitFor());
    assert.equal(await page.locator(".table.fill").evaluate((box) => box.scrollTop), 4000);
    await page.getByRole("button", { name: "7 new" }).click();
    await page.getByText("507 lines").waitFor();
    server.state.newLogs = 0;
    await page.close();
  });

  it("draws 100,000 spans by what shows: few elements, and the last row by one key", async () => {
    server.state.spans = 100_000;
    const page = await browser.open(`${server.url}/traces/${traceId(7)}`);
    await page.getByRole("tree").waitFor();
    await page.getByRole("tree").focus();
    await page.keyboard.press("End");
    await page.locator("#span-99999").waitFor({ state: "attached" });
    const count = await page.evaluate(() => document.querySelectorAll("*").length);
    assert.ok(count < 800, `${count} elements`);
    server.state.spans = 400;
    await page.close();
  });
});

/** serious lists what axe-core calls serious or critical, with the first element that has it. */
function serious(answer: unknown): readonly string[] {
  assert.ok(
    typeof answer === "object" &&
      answer !== null &&
      "violations" in answer &&
      Array.isArray(answer.violations),
  );
  return answer.violations
    .filter((row) => row.impact === "serious" || row.impact === "critical")
    .map((row) => `${row.id}: ${row.nodes[0]?.html}`);
}

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

const selected = (page: Page): Promise<string | null> =>
  page.getByRole("tree").getAttribute("aria-activedescendant");
