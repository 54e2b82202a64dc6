import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { siteFolder } from "../index.js";
import { type Browser, noBrowser, startBrowser } from "../testing/browser.js";
import { type FixtureServer, startFixtureServer } from "../testing/fixture-server.js";
import { spanId, traceId } from "../testing/seeded.js";

// One trace in its projections, compared, and the search's heatmap and marks, in a real browser against made answers.

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const skip =
  noBrowser || (existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)");

describe("one trace", { skip }, () => {
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
  const trace = `/traces/${traceId(0)}`;
  const search = (page: Page) => new URL(page.url()).searchParams;

  /** faults lists what axe-core calls serious or critical. */
  const faults = async (page: Page): Promise<readonly string[]> => {
    await page.evaluate(axe);
    const answer: { violations: { id: string; impact: string; nodes: { html: string }[] }[] } =
      await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
    return answer.violations
      .filter((row) => row.impact === "serious" || row.impact === "critical")
      .map((row) => `${row.id}: ${row.nodes[0]?.html}`);
  };

  // Looked at by turns in the light on a wide screen and in the dark on a phone.
  for (const [turn, { path, shown }] of [
    { path: `${trace}?span=${spanId(0)}`, shown: "waits for a lock" },
    { path: `${trace}?as=flame`, shown: /: 400 ms/ },
    { path: `${trace}?as=merged`, shown: "with all below (100 %)" },
    { path: `${trace}?as=table`, shown: "Critical path" },
    { path: `${trace}?as=table&by=span&sort=-self`, shown: "By itself" },
    { path: `${trace}?as=map`, shown: "calls with the called spans' time" },
    { path: `${trace}?as=compare`, shown: "of 5 traces looked at" },
    { path: `${trace}?as=compare&against=${traceId(1)}`, shown: "the other" },
    { path: `${trace}?find=error&only=1`, shown: "spans hidden" },
    { path: "/traces?over=heat", shown: "drag over a part" },
  ].entries()) {
    const phone = turn % 2 === 1;
    it(`${path} shows ${shown}, ${phone ? "in the dark on a phone" : "in the light"}, for readers too`, async () => {
      const page = await browser.open(server.url + path, phone ? { dark: true, width: 390 } : {});
      await page.locator("main").getByText(shown).first().waitFor({ state: "attached" });
      if (path.endsWith("map")) await page.getByRole("button", { name: /^checkout/ }).waitFor();
      assert.deepEqual(await faults(page), []);
      assert.ok(
        await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
        "the page scrolls sideways",
      );
      assert.equal(await page.evaluate(() => "__hacked" in window), false, "hostile text ran");
      await page.close();
    });
  }

  it("keeps span and find from projection to projection, by keys and in the address", async () => {
    const page = await browser.open(server.url + trace);
    await page.getByRole("tree").waitFor();
    await page.keyboard.press("f");
    await page.keyboard.type("charge");
    await page.keyboard.press("Enter");
    await page.getByText(/1 of \d+ matches/).waitFor();
    await page.getByRole("tree").focus();
    const chosen = await page.getByRole("tree").getAttribute("aria-activedescendant");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Span" }).waitFor();
    const span = search(page).get("span");
    assert.equal(`span-${spanRow(span)}`, chosen);
    await page.keyboard.press("2");
    await page.getByRole("application", { name: /^Flame graph by time.*charge card/ }).waitFor();
    await page.keyboard.press("3");
    await page.getByRole("application", { name: /^Flame graph, .*charge card/ }).waitFor();
    await page.keyboard.press("4");
    await eachSpan(page);
    await page.locator(".tr.chosen").getByText("charge card").waitFor();
    assert.deepEqual(
      ["as", "find", "span"].map((name) => search(page).get(name)),
      ["table", "charge", span],
    );
    await page.goBack();
    await page.getByText("a row opens the longest").waitFor();
    await page.keyboard.press("1");
    await page.getByRole("tree").waitFor();
    assert.equal(await page.getByRole("tree").getAttribute("aria-activedescendant"), chosen);
    await page.close();
  });

  it("walks a flame graph by arrows and opens a span by Enter", async () => {
    const page = await browser.open(`${server.url}${trace}?as=flame`);
    const graph = page.getByRole("application", { name: /^Flame graph by time/ });
    await graph.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Span" }).waitFor();
    assert.equal(search(page).get("span"), spanId(1));
    await page.close();
  });

  it("leaves a row for what a filter hides, and shows it by a key", async () => {
    const page = await browser.open(`${server.url}${trace}?find=http.route:/x&only=1`);
    const tree = page.getByRole("tree");
    await page.getByText(/^\d matches$/).waitFor();
    const gap = tree.getByRole("treeitem", { name: /^hidden: \d+ spans/ }).first();
    await gap.waitFor({ state: "attached" });
    const rows = async () => Number(/\d+/.exec((await tree.getAttribute("aria-label")) ?? "")?.[0]);
    const before = await rows();
    const id = await gap.getAttribute("id");
    await tree.focus();
    for (let step = 0; step < before; step++) {
      if ((await tree.getAttribute("aria-activedescendant")) === id) break;
      await page.keyboard.press("ArrowDown");
    }
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      (count) => Number(/\d+/.exec(document.querySelector('[role="tree"]')?.ariaLabel ?? "")?.[0]) > count,
      before,
    );
    await page.close();
  });

  it("says where a trace failed first, and opens that span", async () => {
    const page = await browser.open(server.url + trace);
    await page.getByText("Failed first").waitFor();
    await page.locator(".trace-said").getByRole("button").first().click();
    await page.getByRole("complementary", { name: "Span" }).waitFor();
    assert.ok(search(page).get("span"));
    await page.close();
  });

  it("copies a span as curl and OTLP JSON", async () => {
    const page = await browser.open(`${server.url}${trace}?span=${spanId(4)}`);
    const copies = page.getByRole("group", { name: "Copy the span as" });
    await copies.getByRole("button", { name: "curl" }).click();
    await copies.getByText("curl copied").waitFor();
    await copies.getByRole("button", { name: "OTLP JSON" }).click();
    await copies.getByText("OTLP JSON copied").waitFor();
    assert.ok(server.asked.some((line) => line.endsWith(`${spanId(4)}/otlp`)));
    await page.close();
  });

  it("compares two traces that were marked in the search", async () => {
    const page = await browser.open(`${server.url}/traces`);
    await page.getByText("root not here").waitFor();
    for (const key of ["j", "m", "j", "m"]) await page.keyboard.press(key);
    await page.getByRole("link", { name: "Compare the 2 marked" }).click();
    await page.getByText("No operation's own time differs.").waitFor();
    assert.deepEqual(
      [new URL(page.url()).pathname, search(page).get("as"), search(page).get("against")],
      [trace, "compare", traceId(1)],
    );
    await page.close();
  });

  it("narrows a search to what is under the heatmap's brush", async () => {
    const page = await browser.open(`${server.url}/traces?over=heat&q=service:cart`);
    const heat = page.getByRole("img", { name: /^Durations over time: 5,436 spans/ });
    const box = await heat.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.86, box.y + 4);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.98, box.y + 20, { steps: 3 });
    await page.mouse.up();
    await page.waitForURL(/q=service:cart\+duration/, { waitUntil: "commit" });
    assert.match(search(page).get("q") ?? "", /^service:cart duration:\d+ns\.\.\d+ns$/);
    assert.ok(Number(search(page).get("from")) < Number(search(page).get("to")));
    await page.close();
  });

  it("draws a flame graph, a merged one and a table of 100,000 spans", async () => {
    server.state.spans = 100_000;
    const page = await browser.open(`${server.url}${trace}?as=flame`);
    await page.getByRole("application", { name: /^Flame graph by time/ }).waitFor();
    await page.keyboard.press("3");
    await page.getByRole("application", { name: /^Flame graph, / }).waitFor();
    await page.keyboard.press("4");
    await eachSpan(page);
    await page.getByRole("grid", { name: "Spans" }).waitFor();
    assert.equal(await page.getByRole("grid", { name: "Spans" }).getAttribute("aria-rowcount"), "100001");
    assert.ok((await page.evaluate(() => document.querySelectorAll("*").length)) < 1500);
    server.state.spans = 400;
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});

const eachSpan = (page: Page): Promise<void> =>
  page.getByRole("group", { name: "Rows" }).getByRole("button", { name: "Spans" }).click();

const spanRow = (id: string | null): number => {
  for (let row = 0; row < 400; row++) if (spanId(row) === id) return row;
  return -1;
};
