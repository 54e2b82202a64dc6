import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { siteFolder } from "../index.js";
import { type Browser, noBrowser, startBrowser } from "../testing/browser.js";
import { type FixtureServer, startFixtureServer } from "../testing/fixture-server.js";
import { noServer, type RealServer, startRealServer } from "../testing/real-server.js";

const built = existsSync(join(siteFolder, "index.html")) ? false : "the page is not built (npm run build)";

describe("the probes page, the settings and the tour", { skip: noBrowser || built }, () => {
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

  it("marks what is wrong at its place while one types, and leads there", async () => {
    const page = await browser.open(`${server.url}/probes?example=read-latency`);
    await page.locator(".code:not([hidden])").waitFor();
    await page.getByText("compiles, in 11.4 ms").waitFor();
    await page.getByRole("grid", { name: "Programs" }).getByText("sys_exit_read").waitFor();
    await page.keyboard.press("i");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\n  wrong");
    await page.locator(".cm-said").getByText("did you mean args?").waitFor();
    assert.equal(await page.locator(".cm-mistake").first().textContent(), "wrong");
    assert.ok(await page.getByRole("button", { name: /^Run Ctrl/ }).isDisabled());
    await page.getByRole("list", { name: "Mistakes" }).getByRole("button").click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("fine");
    await page.getByText("compiles, in 11.4 ms").waitFor();
    await page.close();
  });

  it("runs by a key, shows what comes in its shapes, is linked, and stops by a key", async () => {
    const page = await browser.open(`${server.url}/probes?example=read-latency`);
    await page.getByText("compiles, in 11.4 ms").waitFor();
    await page.keyboard.press("Control+Enter");
    await page.waitForURL(/run=run-1/, { waitUntil: "commit" });
    await page.getByText("2 probes attached").waitFor();
    for (const name of ["Map @ns", "Map @by", "Map @calls", "Events Open", "Output"])
      await page.getByRole("region", { name }).waitFor();
    await page.getByRole("grid", { name: "Programs" }).getByText("120,402").waitFor();
    assert.equal(await page.evaluate(() => "__hacked" in window), false, "hostile text ran");
    await page.reload();
    await page.getByRole("region", { name: "Map @ns" }).waitFor();
    await page.keyboard.press("x");
    while (!server.asked.includes("DELETE /api/v1/probes/runs/run-1")) await page.waitForTimeout(20);
    await page.close();
  });

  it("offers the tour once, walks through five pages by Enter, and never asks again", async () => {
    const page = await browser.open(`${server.url}/`);
    await page.getByRole("button", { name: "Show me" }).click();
    for (const title of [
      "different now",
      "talks to whom",
      "Find a request",
      "Ask anything",
      "Ask the kernel",
    ]) {
      await page
        .getByRole("dialog", { name: /^Tour, step/ })
        .getByRole("heading", { name: title })
        .waitFor();
      await page.keyboard.press("Enter");
    }
    await page.getByRole("dialog", { name: /^Tour/ }).waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).pathname, "/probes");
    await page.goto(`${server.url}/`);
    await page.getByText("Different now").waitFor();
    assert.equal(await page.getByRole("button", { name: "Show me" }).count(), 0);
    await page.close();
  });

  it("keeps the reader's choices, and shows the server and the keys", async () => {
    const page = await browser.open(`${server.url}/settings`);
    await page.getByText("/var/lib/go3s").waitFor();
    await page.getByLabel("Dark").check();
    await page.getByLabel("Dense").check();
    await page.getByLabel(/^UTC/).check();
    await page.reload();
    await page.getByRole("region", { name: "Keyboard" }).getByText("Follow new data").waitFor();
    const look = await page.evaluate(() => ({ ...document.documentElement.dataset }));
    assert.deepEqual([look["theme"], look["density"]], ["dark", "dense"]);
    assert.ok(await page.getByLabel(/^UTC/).isChecked());
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});

describe("a server that other machines reach", { skip: noBrowser || built || noServer }, () => {
  let browser: Browser;
  let server: RealServer;
  before(async () => {
    server = await startRealServer(["--host", "0.0.0.0"]);
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it("asks for the token, opens what was asked for, and runs no probes", async () => {
    const page = await browser.open(`${server.web.replace("0.0.0.0", "127.0.0.1")}/probes?example=opens`);
    await page.getByLabel("Token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("That is not the token").waitFor();
    await page.getByLabel("Token").fill(server.token);
    await page.keyboard.press("Enter");
    await page.getByText(/You can read the probes here, not run them/).waitFor();
    assert.equal(new URL(page.url()).search, "?example=opens");
    assert.ok(await page.getByRole("button", { name: /^Run Ctrl/ }).isDisabled());
    // A browser tells of every 401 on its console: what it showed before the token was right.
    assert.deepEqual(
      browser.errors.filter((text) => !text.includes("status of 401")),
      [],
    );
    await page.close();
  });
});

const isRoot = process.getuid?.() === 0;
const realSkip = noBrowser || built || noServer || (isRoot ? false : "probes need root");

describe("the probes page over the real compiler and kernel", { skip: realSkip }, () => {
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

  it("compiles what is typed, runs it, shows its map, and detaches it at a click", async () => {
    const page = await browser.open(`${server.web}/probes?example=syscalls`);
    await page.getByText(/^compiles, in/).waitFor();
    await page.getByLabel("For").selectOption("3600000");
    await page.getByRole("button", { name: /^Run Ctrl/ }).click();
    await page.getByRole("grid", { name: "Values of @calls" }).getByText("node").first().waitFor();
    await page.getByRole("button", { name: "Stop x" }).click();
    await page.getByText(/^stopped after/).waitFor();
    await page.getByRole("button", { name: /^Run Ctrl/ }).waitFor();
    await page.close();
  });

  it("says nothing wrong on the console", () => assert.deepEqual(browser.errors, []));
});
