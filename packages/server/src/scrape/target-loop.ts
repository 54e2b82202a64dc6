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
import { type Fetching, fetchPage } from "./fetch-page.js";
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
  readonly gate: Gate;
}

const protocol = "scrape";
// A page without a limit of its own: some hundred thousand samples.
const pageBytes = 16 << 20;
// Each sample is an object of some 200 bytes for a moment; a page of short lines would make many.
const pageSamples = 1_000_000;
const accept = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.8,*/*;q=0.1";

/** startTargetLoop begins with the target's own place in the interval. */
export function startTargetLoop(scraping: Scraping, target: Target): TargetLoop {
  const { job, fetching, receiver, gate } = scraping;
  const signal = otlpSignals.find((each) => each.signal === "metrics");
  if (signal === undefined) throw new TypeError("no signal is called metrics");
  const translator = createScrapeTranslator();
  const closed = new AbortController();
  let last: LastScrape | undefined;
  let running: Promise<void> = Promise.resolve();

  const store = async (make: () => ReturnType<typeof translator.end>): Promise<string> => {
    try {
      const bytes = encodeProtobuf(ExportMetricsServiceRequest, make());
      succeed(receiver, protocol, signal, await receiver.intake.accept("metrics", bytes));
      return "";
    } catch (error) {
      return `not stored: ${refuse(receiver, protocol, "metrics", error).message}`;
    }
  };

  const scrape = async (): Promise<void> => {
    const atMs = Date.now();
    const began = performance.now();
    let page: Exposition = { families: new Map(), samples: [] };
    let samples: ExpositionSample[] = [];
    let error = "";
    let scraped = 0;
    try {
      page = await fetchAndParse();
      scraped = page.samples.length;
      samples = labelled(page, job, target.labels);
    } catch (thrown) {
      if (closed.signal.aborted) return;
      error = messageOf(thrown);
      samples = [];
      count(receiver.counters, "requests", protocol, "metrics", "scrape-failed").value++;
    }
    const durationMs = performance.now() - began;
    const report = (added: number): ExpositionSample[] =>
      ownSamples(target, {
        up: error === "" ? 1 : 0,
        scrape_duration_seconds: durationMs / 1000,
        scrape_samples_scraped: scraped,
        scrape_samples_post_metric_relabeling: samples.length,
        scrape_series_added: added,
      });
    const refused = await store(() => translator.translate(samples, page.families, atMs, report));
    last = {
      up: error === "",
      error: error || refused,
      atMs,
      durationMs,
      samples: scraped,
      kept: samples.length,
    };
  };

  const fetchAndParse = async (): Promise<Exposition> => {
    const headers = {
      Accept: accept,
      "Accept-Encoding": "gzip",
      "User-Agent": "go3s",
      "X-Prometheus-Scrape-Timeout-Seconds": String(target.timeoutMs / 1000),
    };
    const bodyBytes = job.bodySizeLimit === 0 ? pageBytes : job.bodySizeLimit;
    const limits = { timeoutMs: target.timeoutMs, bodyBytes, signal: closed.signal };
    const { body, contentType, wireBytes } = await fetchPage(target.url, fetching, headers, limits);
    count(receiver.counters, "bytes", protocol, "metrics").value += wireBytes;
    const openMetrics = contentType.includes("application/openmetrics-text");
    const page = parseExposition(utf8Of(body), { openMetrics, samplesMost: pageSamples });
    if (page.samples.length > pageSamples)
      throw new ServerError("scrape-failed", `more than ${pageSamples} samples`, {
        hint: "split the target",
      });
    return page;
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
      if (gone) await store(() => translator.end(Date.now()));
    },
  };
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
