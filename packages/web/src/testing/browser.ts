import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";

/** chromiumPath is where Debian's package puts the browser. */
export const chromiumPath = "/usr/bin/chromium";

/** noBrowser is why browser tests are skipped here; false where they run. */
export const noBrowser: string | false = existsSync(chromiumPath)
  ? false
  : `no browser at ${chromiumPath} (apt-get install chromium)`;

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Browser is one browser with a profile of its own; `errors` is everything a console or page error said. */
export interface Browser {
  readonly errors: string[];
  open(url: string, look?: { readonly dark?: boolean; readonly width?: number }): Promise<Page>;
  close(): Promise<void>;
}

/** startBrowser starts Chromium with a fresh profile, which close() takes away. */
export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "go3s-browser-"));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: flags,
    viewport: { width: 1440, height: 900 },
    timezoneId: "UTC",
    locale: "en-US",
  });
  // A busy machine is slow, not wrong: Playwright's own 30 s were too short with 18 processes waiting for 2 cores.
  context.setDefaultTimeout(120_000);
  const errors: string[] = [];
  return {
    errors,
    async open(url, look = {}) {
      const page = await context.newPage();
      await page.setViewportSize({ width: look.width ?? 1440, height: 900 });
      await page.emulateMedia({ colorScheme: look.dark === true ? "dark" : "light" });
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(`${page.url()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => errors.push(`${page.url()}: ${error.message}`));
      await page.goto(url);
      return page;
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** completed waits until the editor's list of completions has `text` and takes keys: not while one is looked for. */
export async function completed(page: Page, text: string): Promise<void> {
  await page
    .locator(".cm-tooltip-autocomplete:not(.cm-tooltip-autocomplete-disabled)")
    .getByText(text)
    .first()
    .waitFor();
  // The editor takes no key in the first 75 ms of a list, so that what is typed on does not choose from it.
  await page.waitForTimeout(150);
}
