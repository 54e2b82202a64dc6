import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { sendBigTrace, sendLogs, sendRequests, sendSeries } from "./load/page-data.js";
import { type RunningGo3s, startGo3s } from "./measure/go3s.js";
import { median, pause } from "./measure/processes.js";
import { printTable, thousands } from "./measure/table.js";
import { type Frames, framesWhile, heapBytes, wheel, zoom } from "./web/frames.js";
import { type Visit, visit } from "./web/visit.js";

/** Result is one measured thing beside what it is held to, and what Jaeger's page was measured at. */
type Result = readonly [what: string, measured: string, goal: string, peer: string];

const parts = ["first", "trace", "logs", "day", "series"] as const;
type Part = (typeof parts)[number];

const row = '[role="grid"] [role="row"]:nth-child(1) [role="gridcell"]';

/** web opens the pages in a headless Chromium without a GPU over a real server, and measures what a reader waits for. */
export async function web(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      spans: { type: "string", default: "100000" },
      lines: { type: "string", default: "1000000" },
      series: { type: "string", default: "10000" },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "4" },
      part: { type: "string", multiple: true },
    },
  });
  const wanted = new Set<string>((values.part ?? parts).flatMap((name) => name.split(",")));
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  const go3s = await startGo3s(["--no-agent"]);
  try {
    const measured: Result[] = [];
    const does = async (part: Part, run: () => Promise<Result[]>) => {
      if (!wanted.has(part)) return;
      console.log(`${part} …`);
      measured.push(...(await run()));
    };
    await does("trace", () => ofTrace(go3s, Number(values.spans), rounds, seconds));
    await does("first", () => ofFirst(go3s, rounds));
    await does("day", () => ofDay(go3s, rounds, seconds));
    await does("series", () => ofSeries(go3s, Number(values.series), rounds, seconds));
    await does("logs", () => ofLogs(go3s, Number(values.lines), rounds, seconds));
    const [busy = 0] = loadavg();
    console.log(
      `\nheadless Chromium without a GPU, 1440x900, empty cache; medians of ${rounds}, frames over ${seconds} s; ${availableParallelism()} processors, load ${busy.toFixed(1)}`,
    );
    printTable(["what", "Go3s", "held to", "Jaeger (reference)"], measured);
    console.log(
      "\nreference: Jaeger UI 2.20 as measured on such a machine before (web-field-notes); it cannot be had from a package registry, so it does not run beside",
    );
  } finally {
    await go3s.stop();
  }
}

/** stored waits until a count is reached: what was acknowledged is inserted in batches. */
async function stored(go3s: RunningGo3s, sql: string, count: number): Promise<void> {
  for (;;) {
    const [found] = await go3s.query(sql);
    if (Number(found?.["n"]) >= count) break;
    await pause(500);
  }
  // Merges of what just came in are the store's work, not the page's.
  await pause(3000);
}

const ms = (value: number): string => `${Math.round(value)} ms`;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const drawn = ({ perSecond, worst_ms, over50, cpu_ms }: Frames): string =>
  `${perSecond.toFixed(0)}/s, worst ${worst_ms.toFixed(0)} ms, ${over50} over 50, ${cpu_ms.toFixed(1)} ms CPU`;

/** opened opens an address some times; all but the last visit are closed again. */
async function opened(
  url: string,
  selector: string,
  rounds: number,
): Promise<{ readonly last: Visit; readonly shown: number }> {
  const times: number[] = [];
  for (let round = 1; ; round++) {
    const last = await visit(url, selector);
    times.push(last.shown_ms);
    if (round >= rounds) return { last, shown: median(times) };
    await last.close();
  }
}

async function ofFirst(go3s: RunningGo3s, rounds: number): Promise<Result[]> {
  await sendRequests(go3s.otlpHttp, Date.now(), 0.5, 5000);
  await stored(go3s, "SELECT count() AS n FROM traces WHERE service_name = 'day'", 5000);
  const { last, shown } = await opened(`${go3s.web}/`, row, rounds);
  const bytes = last.scriptBytes;
  await last.close();
  return [
    ["first page, cold: rows of services", ms(shown), "800 ms", "-"],
    ["first page: JavaScript over the wire", `${(bytes / 1000).toFixed(0)} KB`, "100 KB", "872 KB"],
  ];
}

async function ofTrace(go3s: RunningGo3s, spans: number, rounds: number, seconds: number): Promise<Result[]> {
  const id = await sendBigTrace(go3s.otlpHttp, Date.now() - 5000, spans);
  await stored(go3s, `SELECT count() AS n FROM traces WHERE trace_id = '${id}'`, spans);
  const url = `${go3s.web}/traces/${id}`;
  const { last, shown } = await opened(url, '[role="treeitem"]', rounds);
  const { page, session } = last;
  const bytes = last.received(`/api/v1/traces/${id}`);
  const results: Result[] = [
    [`${thousands(spans)} spans: first rows`, ms(shown), "1,500 ms", "4,500-4,800 ms"],
    ["over the wire, a span", `${(bytes / spans).toFixed(1)} B`, "100 B", "840 B"],
    ["heap, opened", megabytes(await heapBytes(session)), "80 MB", "220 MB"],
  ];
  const put = (what: string, frames: Frames, peer: string) =>
    results.push([what, drawn(frames), "55/s, worst 50 ms", peer]);
  await page.mouse.move(900, 600);
  put(
    "waterfall, wheel 120 px a step",
    await framesWhile(last, seconds, wheel(page, 120)),
    "36/s, worst 880 ms",
  );
  put(
    "fast fling, 1,500 px a step",
    await framesWhile(last, seconds, wheel(page, 1500)),
    "7-9/s, worst 1,250 ms",
  );
  put("leaps, 100,000 px a step", await framesWhile(last, seconds, wheel(page, 100_000, 12)), "-");
  put("zoom about the pointer", await framesWhile(last, seconds, zoom(session, 900, 600)), "-");
  await page.keyboard.press("0");
  await page.keyboard.press("2");
  await page.getByRole("application", { name: /^Flame graph by time/ }).waitFor();
  put("flame graph, zoom", await framesWhile(last, seconds, zoom(session, 900, 500)), "-");
  await page.keyboard.press("0");
  await page.keyboard.press("4");
  await page.getByRole("group", { name: "Rows" }).getByRole("button", { name: "Spans" }).click();
  await page.getByRole("grid", { name: "Spans" }).waitFor();
  await page.mouse.move(700, 600);
  put("table of all spans, fling", await framesWhile(last, seconds, wheel(page, 1500)), "-");
  results.push(["find over all spans", await foundIn(page, "step/7"), "-", "680 ms"]);
  results.push(["heap, after all that", megabytes(await heapBytes(session)), "80 MB", "268 MB"]);
  await last.close();
  return results;
}

/** foundIn is the time from the last key of a text in the find box to the count of its matches. */
async function foundIn(page: Visit["page"], text: string): Promise<string> {
  await page.keyboard.press("1");
  await page.getByRole("tree").waitFor();
  await page.keyboard.press("f");
  await page.keyboard.type(text.slice(0, -1));
  await page.waitForTimeout(600);
  await page.evaluate(() => {
    const box = document.querySelector(".trace-tools");
    const start = { at: 0 };
    document.addEventListener("keydown", () => Object.assign(start, { at: performance.now() }), {
      capture: true,
    });
    if (box === null) return;
    const watcher = new MutationObserver(() => {
      if (!/match/.test(box.textContent ?? "")) return;
      requestAnimationFrame(() => Reflect.set(window, "__found", performance.now() - start.at));
    });
    watcher.observe(box, { childList: true, subtree: true, characterData: true });
  });
  await page.keyboard.type(text.slice(-1));
  await page.waitForFunction(() => Reflect.has(window, "__found"));
  return ms(await page.evaluate(() => Number(Reflect.get(window, "__found"))));
}

async function ofLogs(go3s: RunningGo3s, lines: number, rounds: number, seconds: number): Promise<Result[]> {
  await sendLogs(go3s.otlpHttp, Date.now(), lines);
  await stored(go3s, "SELECT count() AS n FROM logs WHERE service_name = 'talker'", lines);
  const { last, shown } = await opened(`${go3s.web}/logs`, row, rounds);
  const { page, session } = last;
  const heap = await heapBytes(session);
  await page.mouse.move(900, 600);
  const frames = await framesWhile(last, 2 * seconds, wheel(page, 1500, 100_000));
  const results: Result[] = [
    [`${thousands(lines)} log lines: first rows`, ms(shown), "-", "-"],
    ["heap, opened", megabytes(heap), "-", "-"],
    ["fling back through the lines", drawn(frames), "-", "-"],
    ["heap, after it", megabytes(await heapBytes(session)), "-", "-"],
  ];
  await last.close();
  return results;
}

async function ofDay(go3s: RunningGo3s, rounds: number, seconds: number): Promise<Result[]> {
  const count = 200_000;
  await sendRequests(go3s.otlpHttp, Date.now(), 23.5, count);
  await stored(go3s, "SELECT count() AS n FROM traces WHERE service_name = 'day'", count);
  const url = `${go3s.web}/traces?q=service:day&from=now-24h&over=heat`;
  const { last, shown } = await opened(url, ".heat canvas", rounds);
  const { page, session } = last;
  const heap = await heapBytes(session);
  const frames = await framesWhile(last, seconds, (step) => page.mouse.move(300 + ((step * 7) % 900), 190));
  await last.close();
  return [
    [`heatmap of a day, ${thousands(count)} requests`, ms(shown), "-", "-"],
    ["hovered", drawn(frames), "-", "-"],
    ["heap", megabytes(heap), "-", "-"],
  ];
}

async function ofSeries(
  go3s: RunningGo3s,
  count: number,
  rounds: number,
  seconds: number,
): Promise<Result[]> {
  await sendSeries(go3s.otlpHttp, Date.now(), count);
  await stored(go3s, "SELECT count() AS n FROM metrics WHERE name = 'bench_gauge'", 2 * count);
  const url = `${go3s.web}/metrics-explorer?expr=bench_gauge&as=table`;
  const { last, shown } = await opened(url, row, rounds);
  const { page, session } = last;
  const heap = await heapBytes(session);
  await page.mouse.move(900, 600);
  const frames = await framesWhile(last, seconds, wheel(page, 1500));
  await last.close();
  return [
    [`${thousands(count)} series in the list: first rows`, ms(shown), "-", "-"],
    ["fling through them", drawn(frames), "-", "-"],
    ["heap", megabytes(heap), "-", "-"],
  ];
}
