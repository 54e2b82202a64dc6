import {
  createScrapeTranslator,
  ExportMetricsServiceRequest,
  type Exposition,
  type ExpositionSample,
  encodeProtobuf,
  parseExposition,
  TelemetryError,
} from "@go3s/telemetry";
import { count } from "../counters.js";
import { ServerError, textOf } from "../errors.js";
import { type Receiver, refuse, succeed } from "../receive/receiver.js";
import { otlpSignals } from "../receive/status.js";
import type { ScrapeJob } from "./config.js";
import { type Fetching, fetchPage, type Page } from "./fetch-page.js";
import type { Gate } from "./gate.js";
import { labelled } from "./samples.js";
import { firstDelayMs, type Target } from "./target.js";

/** LastScrape is how the last scrape of a target went. */
export interface LastScrape {
  readonly up: boolean;
  /** error is "" when it went well. */
  readonly error: string;
  readonly atMs: number;
  readonly durationMs: number;
  /** samples on the page, and what metric_relabel_configs left of them. */
  readonly samples: number;
  readonly kept: number;
}

/** TargetLoop scrapes one target again and again. */
export interface TargetLoop {
  readonly target: Target;
  last(): LastScrape | undefined;
  /** close ends it; with `gone` its series are ended, too, since the target is no more. */
  close(gone: boolean): Promise<void>;
}

/** Scraping is what the loops of a job share. */
export interface Scraping {
  readonly job: ScrapeJob;
  readonly fetching: Fetching;
  readonly receiver: Receiver;
  /** gate bounds how many scrapes run, bench how many pages are taken apart at once: their samples take most of the memory. */
  readonly gate: Gate;
  readonly bench: Gate;
}

const protocol = "scrape";
// A page without a limit of its own: some hundred thousand samples.
const pageBytes = 16 << 20;
// Of a page whose sample_limit does not allow more: a sample takes some 2 KB for a moment, and 5 us of the thread that receives.
const pageSamples = 100_000;
const accept = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.8,*/*;q=0.1";

/** startTargetLoop begins with the target's own place in the interval. */
export function startTargetLoop(scraping: Scraping, target: Target): TargetLoop {
  const { job, fetching, receiver, gate, bench } = scraping;
  const signal = otlpSignals.find((each) => each.signal === "metrics");
  if (signal === undefined) throw new TypeError("no signal is called metrics");
  const translator = createScrapeTranslator();
  const closed = new AbortController();
  let last: LastScrape | undefined;
  let running: Promise<void> = Promise.resolve();

  const store = async (make: () => Promise<Uint8Array>): Promise<string> => {
    try {
      succeed(receiver, protocol, signal, await receiver.intake.accept("metrics", await make()));
      return "";
    } catch (error) {
      return `not stored: ${refuse(receiver, protocol, "metrics", error).message}`;
    }
  };

  const scrape = async (): Promise<void> => {
    const atMs = Date.now();
    const began = performance.now();
    let page: Page | undefined;
    let error = "";
    try {
      page = await fetchIt();
    } catch (thrown) {
      if (closed.signal.aborted) return;
      error = messageOf(thrown);
    }
    let counts = { samples: 0, kept: 0 };
    let durationMs = 0;
    const refused = await store(async () => {
      await bench.enter(closed.signal);
      try {
        const read = await readPage(page);
        error ||= read.error;
        counts = { samples: read.scraped, kept: read.samples.length };
        durationMs = performance.now() - began;
        const report = (added: number): ExpositionSample[] =>
          ownSamples(target, {
            up: error === "" ? 1 : 0,
            scrape_duration_seconds: durationMs / 1000,
            scrape_samples_scraped: counts.samples,
            scrape_samples_post_metric_relabeling: counts.kept,
            scrape_series_added: added,
          });
        const request = translator.translate(read.samples, read.families, atMs, report);
        await others();
        return encodeProtobuf(ExportMetricsServiceRequest, request);
      } finally {
        bench.leave();
      }
    });
    if (error !== "") count(receiver.counters, "requests", protocol, "metrics", "scrape-failed").value++;
    last = { up: error === "", error: error || refused, atMs, durationMs, ...counts };
  };

  const fetchIt = async (): Promise<Page> => {
    const headers = {
      Accept: accept,
      "Accept-Encoding": "gzip",
      "User-Agent": "go3s",
      "X-Prometheus-Scrape-Timeout-Seconds": String(target.timeoutMs / 1000),
    };
    const bodyBytes = job.bodySizeLimit === 0 ? pageBytes : job.bodySizeLimit;
    const limits = { timeoutMs: target.timeoutMs, bodyBytes, signal: closed.signal };
    const page = await fetchPage(target.url, fetching, headers, limits);
    count(receiver.counters, "bytes", protocol, "metrics").value += page.wireBytes;
    return page;
  };

  /** readPage gives no samples for a page that cannot be taken, and why. */
  const readPage = async (page: Page | undefined): Promise<ReadPage> => {
    let families: Exposition["families"] = new Map();
    let scraped = 0;
    if (page === undefined) return { families, samples: [], scraped, error: "" };
    try {
      const exposition = parse(page, Math.max(pageSamples, job.sampleLimit));
      families = exposition.families;
      scraped = exposition.samples.length;
      await others();
      const samples = labelled(exposition, job, target.labels);
      await others();
      return { families, samples, scraped, error: "" };
    } catch (thrown) {
      return { families, samples: [], scraped, error: messageOf(thrown) };
    }
  };

  let due = Date.now() + firstDelayMs(target, Date.now());
  let timer: NodeJS.Timeout;
  const round = async (): Promise<void> => {
    await gate.enter(closed.signal);
    try {
      if (!closed.signal.aborted) await scrape();
    } finally {
      gate.leave();
    }
    // A scrape that was late does not move the ones after it; those that were missed are left out.
    const late = Math.max(0, Date.now() - due);
    due += target.intervalMs * (1 + Math.floor(late / target.intervalMs));
    plan();
  };
  const plan = (): void => {
    if (closed.signal.aborted) return;
    timer = setTimeout(() => {
      running = round();
    }, due - Date.now());
  };
  plan();

  return {
    target,
    last: () => last,
    async close(gone) {
      closed.abort();
      clearTimeout(timer);
      await running;
      if (!gone) return;
      await store(async () => encodeProtobuf(ExportMetricsServiceRequest, translator.end(Date.now())));
    },
  };
}

interface ReadPage {
  readonly families: Exposition["families"];
  readonly samples: readonly ExpositionSample[];
  readonly scraped: number;
  readonly error: string;
}

function parse({ body, contentType }: Page, samplesMost: number): Exposition {
  const openMetrics = contentType.includes("application/openmetrics-text");
  const exposition = parseExposition(utf8Of(body), { openMetrics, samplesMost });
  if (exposition.samples.length > samplesMost)
    throw new ServerError("scrape-failed", `more than ${samplesMost} samples on the page`, {
      hint: "set sample_limit to how many there may be, or split the target",
    });
  return exposition;
}

/** others lets those who wait for this thread go first: a large page takes it for tens of milliseconds a step. */
function others(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function ownSamples(target: Target, values: Readonly<Record<string, number>>): ExpositionSample[] {
  const labels = Array.from(target.labels, ([name, value]) => ({ name, value }));
  return Object.entries(values).map(([name, value]) => ({
    labels: [{ name: "__name__", value: name }, ...labels],
    value,
  }));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function utf8Of(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new ServerError("scrape-failed", "the page is not UTF-8", { cause });
  }
}

function messageOf(thrown: unknown): string {
  const hint = thrown instanceof ServerError || thrown instanceof TelemetryError ? (thrown.hint ?? "") : "";
  return hint === "" ? textOf(thrown) : `${textOf(thrown)} (${hint})`;
}
