import type { Explained } from "./explain.js";
import type { MetricRow, Requests, VersionRow, Windows } from "./model.js";
import type { LogChange, MetricChange } from "./signals.js";
import { mean } from "./statistics.js";
import type { DiagnosisCause } from "./types.js";
import type { Rates } from "./windows.js";
import { countWords, durationWords, listWords, rateWords } from "./words.js";

/** Seen is all that was looked at, for what it rules out. */
export interface Seen {
  readonly windows: Windows;
  readonly rates: Rates;
  readonly requests: Requests;
  readonly explained: Explained;
  readonly causes: readonly DiagnosisCause[];
  readonly deployed: readonly VersionRow[];
  readonly versions: readonly VersionRow[];
  readonly logs: readonly LogChange[];
  readonly forms: number;
  readonly metrics: readonly MetricChange[];
  readonly metricRows: readonly MetricRow[];
  readonly spans: number;
  readonly values: number;
}

// Clocks that are further apart than this would show as time on the way if they were not corrected.
const tellSkewNs = 1e6;

/** ruledOut says what was looked at and is as before. */
export function ruledOut(seen: Seen): string[] {
  const { rates, explained, causes, deployed, versions, logs, metrics, metricRows } = seen;
  const lines: string[] = [];
  if (rates.usual > 0 && rates.now / rates.usual < 1.3 && rates.now / rates.usual > 0.75)
    lines.push(`Traffic: ${rateWords(rates.now)} requests, usually ${rateWords(rates.usual)}.`);
  if (deployed.length === 0 && versions.length > 0)
    lines.push(`Deploys: no new version of ${listWords([...new Set(versions.map((row) => row.service))])}.`);
  const blamed = new Set(causes.map((cause) => `${cause.service_name}`));
  const steady = steadyServices(explained).filter(({ service }) => !blamed.has(service));
  if (steady.length > 0)
    lines.push(
      `Own time elsewhere explains nothing of it: ${listWords(steady.map(({ service, now, usual }) => `${service} (${durationWords(now)}, usually ${durationWords(usual)})`))}.`,
    );
  const ways = steadyWays(explained);
  if (ways.length > 0 && !causes.some((cause) => cause.kind === "network"))
    lines.push(`The way between services is as before: ${listWords(ways)}.`);
  if (!causes.some((cause) => cause.kind === "calls" || cause.kind === "retries") && explained.bad.length > 0)
    lines.push("No service calls another more often in a request than before.");
  if (explained.lifts.length === 0 && seen.values > 0)
    lines.push(
      `None of ${countWords(seen.values, "attribute value")} is commoner among these requests than among others.`,
    );
  if (logs.length === 0 && seen.forms > 0)
    lines.push(`No new form of log line among ${seen.forms}, and none comes more often.`);
  if (metrics.length === 0 && metricRows.length > 0)
    lines.push(
      `None of ${countWords(metricRows.length, "series of metrics", "series of metrics")} left its band.`,
    );
  for (const [service, ns] of explained.skews) {
    if (ns >= tellSkewNs)
      lines.push(
        `The clock of ${service} differs by up to ${durationWords(ns)}; its spans were moved, no time is counted for that.`,
      );
  }
  return lines;
}

function steadyServices({ bad, usual }: Explained): { service: string; now: number; usual: number }[] {
  const own = (paths: Explained["bad"]) => {
    const sums = new Map<string, number>();
    for (const path of paths)
      for (const part of path.parts.values())
        if (part.kind === "self")
          sums.set(part.service, (sums.get(part.service) ?? 0) + part.ns / paths.length);
    return sums;
  };
  const before = own(usual);
  const added = mean(bad.map((path) => path.ns)) - mean(usual.map((path) => path.ns));
  return [...own(bad)]
    .map(([service, now]) => ({ service, now, usual: before.get(service) ?? 0 }))
    .filter((row) => row.now - row.usual < Math.max(0.1 * added, 0.25 * row.usual))
    .sort((a, b) => b.usual - a.usual);
}

function steadyWays({ bad, usual }: Explained): string[] {
  const ways = (paths: Explained["bad"]) => {
    const sums = new Map<string, number>();
    for (const path of paths)
      for (const part of path.parts.values()) {
        const at = `${part.service} to ${part.target}`;
        if (part.kind === "network") sums.set(at, (sums.get(at) ?? 0) + part.ns / paths.length);
      }
    return sums;
  };
  const before = ways(usual);
  const added = mean(bad.map((path) => path.ns)) - mean(usual.map((path) => path.ns));
  return [...ways(bad)].flatMap(([way, now]) => (now - (before.get(way) ?? 0) < 0.1 * added ? [way] : []));
}

/** lookedAt says what was looked at, with amounts. */
export function lookedAt(seen: Seen): string[] {
  const { requests, explained, forms, metricRows } = seen;
  const traces = explained.bad.length + explained.usual.length;
  return [
    `${countWords(requests.affected.length, "request")} of the time that stands out and ${countWords(requests.baseline.length, "request")} of before`,
    ...(traces > 0
      ? [
          `${countWords(traces, "request")} span by span: ${countWords(seen.spans, "span")} of ${countWords(explained.services.length, "service")}`,
        ]
      : []),
    ...(seen.values > 0 ? [countWords(seen.values, "attribute value")] : []),
    ...(forms > 0
      ? [countWords(forms, "form of log lines", "forms of log lines")]
      : ["no log lines: none came"]),
    ...(metricRows.length > 0
      ? [countWords(metricRows.length, "series of metrics", "series of metrics")]
      : ["no metrics: none came"]),
  ];
}
