import dns from "node:dns/promises";
import { type FSWatcher, readdirSync, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { textOf } from "../errors.js";
import type { DnsDiscovery, FileDiscovery, HttpDiscovery, ScrapeJob, TargetGroup } from "./config.js";
import { type Fetching, fetchPage } from "./fetch-page.js";
import { readGroup } from "./read-config.js";
import { readYaml } from "./yaml-reader.js";

/** Discovery keeps a job's groups up to date until it is closed. */
export interface Discovery {
  close(): void;
  [Symbol.dispose](): void;
}

/** Found is told when a source's groups are known anew, or why they are not: then those from before count on. */
export interface Found {
  groups(source: string, groups: readonly TargetGroup[]): void;
  failed(source: string, why: string): void;
}

// An editor writes a file in several steps; what is half written is no YAML.
const settleMs = 100;
const discoveryBytes = 16 << 20;

/** discover begins to look for a job's targets; those of static_configs are told at once. */
export function discover(job: ScrapeJob, dir: string, fetching: Fetching, found: Found): Discovery {
  found.groups("static_configs", job.statics);
  const closers = [
    ...job.files.map((each) => fromFiles(each, dir, found)),
    ...job.dns.map((each) => repeat(each.refreshMs, () => fromDns(each, found))),
    ...job.urls.map((each) => fromUrl(each, fetching, found)),
  ];
  const close = (): void => {
    for (const each of closers) each();
  };
  return { close, [Symbol.dispose]: close };
}

/** repeat does a thing at once and then again and again, never two at a time. */
function repeat(ms: number, work: () => Promise<void>): () => void {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const round = async (): Promise<void> => {
    await work();
    if (closed) return;
    timer = setTimeout(() => void round(), ms);
    timer.unref();
  };
  void round();
  return () => {
    closed = true;
    clearTimeout(timer);
  };
}

// ------------------------------------------------------------------------------------------------------------------- files

function fromFiles({ files, refreshMs }: FileDiscovery, dir: string, found: Found): () => void {
  const patterns = files.map((file) => resolve(dir, file));
  let known = new Set<string>();
  const load = async (): Promise<void> => {
    const names = new Set(patterns.flatMap(matching));
    for (const gone of known) if (!names.has(gone)) found.groups(gone, []);
    known = names;
    await Promise.all([...names].map((name) => fromFile(name, found)));
  };
  const stop = repeat(refreshMs, load);
  let settling: NodeJS.Timeout | undefined;
  const watchers = [...new Set(patterns.map((pattern) => dirname(pattern)))].flatMap(
    (folder): FSWatcher[] => {
      try {
        const watcher = watch(folder, () => {
          clearTimeout(settling);
          settling = setTimeout(() => void load(), settleMs);
          settling.unref();
        });
        // A folder that goes away: the refresh finds it again.
        watcher.on("error", () => watcher.close());
        watcher.unref();
        return [watcher];
      } catch {
        return [];
      }
    },
  );
  return () => {
    stop();
    clearTimeout(settling);
    for (const watcher of watchers) watcher.close();
  };
}

/** matching lists the files of a path whose last part may have a `*`. */
function matching(pattern: string): string[] {
  const [before = "", after] = basename(pattern).split("*");
  if (after === undefined) return [pattern];
  try {
    return readdirSync(dirname(pattern))
      .filter(
        (name) =>
          name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length,
      )
      .map((name) => join(dirname(pattern), name));
  } catch {
    return [];
  }
}

async function fromFile(file: string, found: Found): Promise<void> {
  try {
    const root = readYaml(await readFile(file, "utf8"), file);
    const groups = root.empty ? [] : root.list().map(readGroup);
    found.groups(
      file,
      groups.map(({ targets, labels }) => ({ targets, labels: { __meta_filepath: file, ...labels } })),
    );
  } catch (error) {
    found.failed(file, textOf(error));
  }
}

// --------------------------------------------------------------------------------------------------------------------- DNS

async function fromDns({ names, type, port }: DnsDiscovery, found: Found): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      const source = `${type} ${name}`;
      try {
        found.groups(source, await asked(name, type, port));
      } catch (error) {
        // An answer that there is nothing is one; no answer leaves what was known.
        if (isNothing(error)) found.groups(source, []);
        found.failed(source, textOf(error));
      }
    }),
  );
}

function isNothing(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === dns.NOTFOUND || error.code === dns.NODATA;
}

async function asked(name: string, type: DnsDiscovery["type"], port: number): Promise<TargetGroup[]> {
  const meta = { __meta_dns_name: name };
  if (type === "SRV")
    return (await dns.resolveSrv(name)).map((record) => ({
      targets: [`${record.name}:${record.port}`],
      labels: {
        ...meta,
        // With the dot at the end, as DNS has it and Prometheus keeps it.
        __meta_dns_srv_record_target: `${record.name}.`,
        __meta_dns_srv_record_port: String(record.port),
      },
    }));
  if (type === "A")
    return [{ targets: (await dns.resolve4(name)).map((address) => `${address}:${port}`), labels: meta }];
  return [{ targets: (await dns.resolve6(name)).map((address) => `[${address}]:${port}`), labels: meta }];
}

// -------------------------------------------------------------------------------------------------------------------- HTTP

function fromUrl({ url, refreshMs }: HttpDiscovery, fetching: Fetching, found: Found): () => void {
  const gone = new AbortController();
  const stop = repeat(refreshMs, async () => {
    try {
      const headers = {
        Accept: "application/json",
        "X-Prometheus-Refresh-Interval-Seconds": String(refreshMs / 1000),
      };
      const limits = {
        timeoutMs: Math.min(refreshMs, 30_000),
        bodyBytes: discoveryBytes,
        signal: gone.signal,
      };
      const { body } = await fetchPage(url, fetching, headers, limits);
      const root = readYaml(body.toString("utf8"), url);
      const groups = root.empty ? [] : root.list().map(readGroup);
      found.groups(
        url,
        groups.map(({ targets, labels }) => ({ targets, labels: { __meta_url: url, ...labels } })),
      );
    } catch (error) {
      if (!gone.signal.aborted) found.failed(url, textOf(error));
    }
  });
  return () => {
    gone.abort();
    stop();
  };
}
