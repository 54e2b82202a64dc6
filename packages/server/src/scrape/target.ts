import type { ScrapeJob, TargetGroup } from "./config.js";
import { type Labels, md5Low, relabel } from "./relabel.js";
import { parseDuration } from "./units.js";

/** Target is one URL with the labels that its samples get; `key` is the same for the same target. */
export interface Target {
  readonly key: string;
  readonly url: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** targetsOf makes the targets of a group, by the job's relabel_configs; what cannot be scraped is told to `wrong`. */
export function targetsOf(job: ScrapeJob, group: TargetGroup, wrong: (what: string) => void): Target[] {
  return group.targets.flatMap((address) => {
    const target = targetOf(job, group, address);
    if (typeof target === "string") wrong(`${address}: ${target}`);
    return target === undefined || typeof target === "string" ? [] : [target];
  });
}

/** targetOf gives undefined for what relabeling drops, a text for what cannot be. */
function targetOf(job: ScrapeJob, group: TargetGroup, address: string): Target | string | undefined {
  const labels: Labels = new Map([
    ["job", job.name],
    ["__scrape_interval__", `${job.intervalMs}ms`],
    ["__scrape_timeout__", `${job.timeoutMs}ms`],
    ["__metrics_path__", job.metricsPath],
    ["__scheme__", job.scheme],
    ...Object.entries(job.params).map(([name, values]): [string, string] => [
      `__param_${name}`,
      values[0] ?? "",
    ]),
    ...Object.entries(group.labels),
    ["__address__", address],
  ]);
  if (!relabel(labels, job.relabel)) return undefined;
  const host = labels.get("__address__") ?? "";
  if (host === "") return undefined;
  if (host.includes("/")) return `${JSON.stringify(host)} is no HOST:PORT`;
  const scheme = labels.get("__scheme__") ?? "";
  if (scheme !== "http" && scheme !== "https")
    return `the scheme ${JSON.stringify(scheme)} is neither http nor https`;
  const intervalMs = parseDuration(labels.get("__scrape_interval__") ?? "") ?? 0;
  const timeoutMs = parseDuration(labels.get("__scrape_timeout__") ?? "") ?? 0;
  if (intervalMs === 0 || timeoutMs === 0 || timeoutMs > intervalMs)
    return "relabeling made times that cannot be of __scrape_interval__ and __scrape_timeout__";
  const url = urlOf(job, labels, `${scheme}://${host}`);
  if (url === undefined) return `${scheme}://${host} is no URL`;
  if (!labels.has("instance")) labels.set("instance", host);
  for (const [name, value] of labels) if (name.startsWith("__") || value === "") labels.delete(name);
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    key: JSON.stringify([job.name, url, intervalMs, timeoutMs, sorted]),
    url,
    labels: new Map(sorted),
    intervalMs,
    timeoutMs,
  };
}

function urlOf(job: ScrapeJob, labels: Labels, base: string): string | undefined {
  if (!URL.canParse(base)) return undefined;
  const url = new URL(base);
  const [path = "", ...query] = (labels.get("__metrics_path__") ?? "").split("?");
  url.pathname = path;
  const search = new URLSearchParams(query.join("?"));
  // The first value went through relabeling.
  for (const [name, values] of Object.entries(job.params))
    for (const value of values.slice(1)) search.append(name, value);
  for (const [name, value] of labels) {
    if (!name.startsWith("__param_")) continue;
    const key = name.slice("__param_".length);
    const others = search.getAll(key);
    search.delete(key);
    for (const each of [value, ...others]) search.append(key, each);
  }
  url.search = search.toString();
  return url.href;
}

/** firstDelayMs spreads targets over their interval: each has its own place in it, the same after every start. */
export function firstDelayMs({ key, intervalMs }: Target, nowMs: number): number {
  const place = Number(md5Low(key) % BigInt(intervalMs));
  return (place - (nowMs % intervalMs) + intervalMs) % intervalMs;
}
