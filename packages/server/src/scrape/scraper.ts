import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { resolve } from "node:path";
import type { ScrapeTarget } from "../api/scrape-types.js";
import { ServerError, textOf } from "../errors.js";
import type { Receiver } from "../receive/receiver.js";
import type { ScrapeConfig, ScrapeJob, TargetGroup } from "./config.js";
import { type Discovery, discover } from "./discover.js";
import type { Fetching } from "./fetch-page.js";
import { createGate } from "./gate.js";
import { type Target, targetsOf } from "./target.js";
import { type Scraping, startTargetLoop, type TargetLoop } from "./target-loop.js";

/** Scraper scrapes all targets of a configuration. */
export interface Scraper {
  /** targets tells how each target's last scrape went, by job and address. */
  targets(): ScrapeTarget[];
  /** problems are sources and addresses that give no target, and why. */
  problems(): { readonly job: string; readonly source: string; readonly error: string }[];
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// A page waits for its target, not for us: this many sockets and pages in memory at once.
const scrapesAtOnce = 32;

/** createScraper starts at once. Throws ServerError "bad-config" for certificates that cannot be read; then nothing runs. */
export function createScraper(config: ScrapeConfig, receiver: Receiver): Scraper {
  const gates = { gate: createGate(scrapesAtOnce), bench: createGate(1) };
  const fetchings = config.jobs.map((job) => fetchingOf(job, config.dir));
  const jobs = config.jobs.map((job, i) => {
    const fetching = fetchings[i] ?? fetchingOf(job, config.dir);
    return startJob(job, config.dir, fetching, receiver, gates);
  });
  const close = async (): Promise<void> => {
    await Promise.all(jobs.map((job) => job.close()));
    for (const { agents } of fetchings) {
      agents.http.destroy();
      agents.https.destroy();
    }
  };
  return {
    targets: () => jobs.flatMap((job) => job.targets()),
    problems: () => jobs.flatMap((job) => job.problems()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function fetchingOf(job: ScrapeJob, dir: string): Fetching {
  const path = (file: string): string => resolve(dir, file);
  const bytes = (file: string | undefined): Buffer | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(path(file));
    } catch (cause) {
      throw new ServerError("bad-config", `job ${job.name}: ${textOf(cause)}`, {
        hint: "tls_config names files from the configuration's folder on",
        cause,
      });
    }
  };
  const [ca, cert, key] = [job.http.tls.caFile, job.http.tls.certFile, job.http.tls.keyFile].map(bytes);
  const https = new HttpsAgent({
    keepAlive: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  return { http: job.http, path, agents: { http: new Agent({ keepAlive: true }), https } };
}

interface RunningJob {
  targets(): ScrapeTarget[];
  problems(): { job: string; source: string; error: string }[];
  close(): Promise<void>;
}

function startJob(
  job: ScrapeJob,
  dir: string,
  fetching: Fetching,
  receiver: Receiver,
  gates: Pick<Scraping, "gate" | "bench">,
): RunningJob {
  const sources = new Map<string, readonly TargetGroup[]>();
  const failures = new Map<string, string>();
  let refused: string[] = [];
  let loops = new Map<string, TargetLoop>();
  const ending = new Set<Promise<void>>();
  let closed = false;

  const update = (): void => {
    if (closed) return;
    refused = [];
    const wanted = new Map<string, Target>();
    for (const groups of sources.values())
      for (const group of groups)
        for (const target of targetsOf(job, group, (what) => refused.push(what)))
          wanted.set(target.key, target);
    if (job.targetLimit > 0 && wanted.size > job.targetLimit) {
      refused.push(`${wanted.size} targets are more than target_limit ${job.targetLimit}: none is scraped`);
      wanted.clear();
    }
    const next = new Map<string, TargetLoop>();
    for (const [key, loop] of loops) {
      if (wanted.has(key)) next.set(key, loop);
      else {
        const end = loop.close(true).finally(() => ending.delete(end));
        ending.add(end);
      }
    }
    for (const [key, target] of wanted)
      if (!next.has(key)) next.set(key, startTargetLoop({ job, fetching, receiver, ...gates }, target));
    loops = next;
  };

  const discovery: Discovery = discover(job, dir, fetching, {
    groups(source, groups) {
      failures.delete(source);
      sources.set(source, groups);
      update();
    },
    failed(source, why) {
      failures.set(source, why);
    },
  });

  return {
    targets: () => [...loops.values()].map((loop) => targetStatus(job, loop)),
    problems: () => [
      ...Array.from(failures, ([source, error]) => ({ job: job.name, source, error })),
      ...refused.map((error) => ({ job: job.name, source: "relabel_configs", error })),
    ],
    async close() {
      closed = true;
      discovery.close();
      await Promise.all([...Array.from(loops.values(), (loop) => loop.close(false)), ...ending]);
    },
  };
}

function targetStatus(job: ScrapeJob, loop: TargetLoop): ScrapeTarget {
  const { target } = loop;
  const last = loop.last();
  return {
    job: job.name,
    url: target.url,
    labels: Object.fromEntries(target.labels),
    state: last === undefined ? "unknown" : last.up ? "up" : "down",
    error: last?.error ?? "",
    last_ms: last?.atMs ?? null,
    duration_ms: last?.durationMs ?? null,
    samples: last?.samples ?? null,
    kept: last?.kept ?? null,
    interval_ms: target.intervalMs,
    timeout_ms: target.timeoutMs,
  };
}
