import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CDPSession, chromium, type Page } from "playwright-core";

/** chromiumPath is where Debian's package puts the browser. */
const chromiumPath = "/usr/bin/chromium";

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-sync",
];

/** Visit is a page opened with an empty cache, and what its opening cost. */
export interface Visit {
  readonly page: Page;
  readonly session: CDPSession;
  /** shown_ms: from navigation to the frame after the element was there. */
  readonly shown_ms: number;
  /** scriptBytes: of JavaScript, as it came over the wire. */
  readonly scriptBytes: number;
  /** received gives the bytes over the wire of the answers whose address has `part`. */
  received(part: string): number;
  close(): Promise<void>;
}

/** visit starts a browser with a fresh profile and opens an address until an element is there. */
export async function visit(url: string, selector: string): Promise<Visit> {
  if (!existsSync(chromiumPath)) throw new Error(`no browser at ${chromiumPath}: apt-get install chromium`);
  const profile = mkdtempSync(join(tmpdir(), "go3s-bench-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: flags,
    viewport: { width: 1440, height: 900 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(120_000);
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  const addresses = new Map<string, string>();
  const bytes = new Map<string, number>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, request.url));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const address = addresses.get(requestId) ?? "";
    bytes.set(address, (bytes.get(address) ?? 0) + encodedDataLength);
  });
  const received = (part: string): number =>
    [...bytes].reduce((sum, [address, size]) => sum + (address.includes(part) ? size : 0), 0);
  await page.addInitScript((wanted: string) => {
    const look = () => {
      if (document.querySelector(wanted) === null) return;
      watcher.disconnect();
      requestAnimationFrame(() =>
        requestAnimationFrame((at) => {
          Reflect.set(window, "__shown", at);
        }),
      );
    };
    const watcher = new MutationObserver(look);
    watcher.observe(document, { childList: true, subtree: true });
  }, selector);
  await page.goto(url, { waitUntil: "commit" });
  await page.waitForFunction(() => Reflect.has(window, "__shown"));
  const shown_ms = await page.evaluate(() => Number(Reflect.get(window, "__shown")));
  // The size of an answer is told when it has ended; scripts of the page have, the stream never does.
  await page.waitForTimeout(300);
  return {
    page,
    session,
    shown_ms,
    scriptBytes: [...bytes].reduce((sum, [address, size]) => sum + (/\.js$/.test(address) ? size : 0), 0),
    received,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
