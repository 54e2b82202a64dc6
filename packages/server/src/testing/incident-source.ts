import type { Buckets, Range } from "../api/types.js";
import { formOf } from "../diagnosis/failures.js";
import {
  type Chosen,
  type MetricRow,
  type Question,
  type RequestRow,
  type Source,
  type TemplateRow,
  type ValueRow,
  waitClasses,
} from "../diagnosis/model.js";
import { ascending, mean, quantile } from "../diagnosis/statistics.js";
import type { MadeSpan, World } from "./incident.js";

/** worldStartMs is when a made world begins. */
export const worldStartMs = 1_700_000_000_000;

/** questionOf asks about the frontend in a world's second half. */
export function questionOf(world: World, more: Partial<Question> = {}): Question {
  const to_ms = worldStartMs + world.lengthMs;
  return {
    service: "frontend",
    operation: "",
    range: { from_ms: to_ms - world.lengthMs / 2, to_ms },
    since_ms: undefined,
    figure: undefined,
    ...more,
  };
}

const inside = (range: Range, ms: number): boolean => ms >= range.from_ms && ms < range.to_ms;

/** worldSource answers a diagnosis from a made world, as the store would. */
export function worldSource(world: World, { service, operation }: Question): Source {
  const requests = world.spans.filter(
    (span) =>
      span.service === service &&
      span.kind === "SERVER" &&
      (operation === "" || span.operation === operation),
  );
  const at = (ms: number) => worldStartMs + ms;
  const byTrace = new Map<string, MadeSpan[]>();
  for (const span of world.spans) {
    const list = byTrace.get(span.trace);
    if (list === undefined) byTrace.set(span.trace, [span]);
    else list.push(span);
  }
  const rowOf = (span: MadeSpan): RequestRow => ({
    trace: span.trace,
    span: span.id,
    operation: span.operation,
    failed: span.message !== "",
    atMs: at(span.startMs),
    ns: (span.endMs - span.startMs) * 1e6,
    startNs: `${Math.round(at(span.startMs))}000000`,
  });
  const bucketOf = ({ start_ms, step_ms }: Buckets, ms: number) => Math.floor((at(ms) - start_ms) / step_ms);
  // As in the store, a sample is by a hash: ids are random here.
  const sampled = (range: Range) =>
    requests
      .map(rowOf)
      .filter((row) => inside(range, row.atMs))
      .sort((a, b) => (a.span < b.span ? -1 : 1))
      .slice(0, 3000);
  return {
    async series(_range, buckets) {
      const groups = Array.from({ length: buckets.count }, (): MadeSpan[] => []);
      for (const span of requests) groups[bucketOf(buckets, span.startMs)]?.push(span);
      return groups.map((own) => {
        const durations = ascending(own.map((span) => (span.endMs - span.startMs) * 1e6));
        return {
          requests: own.length,
          errors: own.filter((span) => span.message !== "").length,
          p50_ns: own.length === 0 ? null : quantile(durations, 0.5),
          p95_ns: own.length === 0 ? null : quantile(durations, 0.95),
        };
      });
    },
    async requests({ affected, baseline }) {
      return { affected: sampled(affected), baseline: sampled(baseline) };
    },
    async spans(chosen) {
      return tracesOf(chosen).flatMap((trace) =>
        (byTrace.get(trace) ?? []).map((span) => ({
          trace: span.trace,
          span: span.id,
          parent: span.parent,
          service: span.service,
          operation: span.operation,
          kind: span.kind,
          failed: span.message !== "",
          message: span.message,
          startNs: span.startMs * 1e6,
          ns: (span.endMs - span.startMs) * 1e6,
          peer: span.attributes["db.system.name"] ?? span.attributes["server.address"] ?? "",
          waits:
            span.attributes["go3s.goroutine.running_ns"] === undefined
              ? []
              : waitClasses.map((name) => Number(span.attributes[`go3s.goroutine.${name}_ns`] ?? 0)),
        })),
      );
    },
    async values(chosen) {
      return valueRows(chosen, byTrace);
    },
    async logs(services, { affected, baseline }) {
      const forms = new Map<string, TemplateRow>();
      for (const line of world.lines) {
        if (!services.includes(line.service)) continue;
        const template = formOf(line.body);
        const key = `${line.service} ${template}`;
        const known = forms.get(key);
        forms.set(key, {
          service: line.service,
          level: line.level,
          template,
          example: line.body,
          affected: (known?.affected ?? 0) + Number(inside(affected, at(line.atMs))),
          baseline: (known?.baseline ?? 0) + Number(inside(baseline, at(line.atMs))),
          firstMs: known?.firstMs ?? at(line.atMs),
        });
      }
      return [...forms.values()].filter((row) => row.affected > 0);
    },
    async metrics(services, _range, buckets) {
      const series = new Map<string, MetricRow & { readonly sums: number[][] }>();
      for (const point of world.points) {
        if (!services.includes(point.service)) continue;
        const key = `${point.service} ${point.name}`;
        const { service: name, unit } = point;
        const own = series.get(key) ?? {
          service: name,
          name: point.name,
          labels: "",
          unit,
          isCounter: false,
          values: [],
          sums: Array.from({ length: buckets.count }, () => []),
        };
        series.set(key, own);
        own.sums[bucketOf(buckets, point.atMs)]?.push(point.value);
      }
      return [...series.values()].map(({ sums, ...row }) => ({
        ...row,
        values: sums.map((values) => (values.length === 0 ? null : mean(values))),
      }));
    },
    async versions(services) {
      const found = new Map<string, { service: string; value: string; firstMs: number; lastMs: number }>();
      for (const span of world.spans) {
        const value = span.resource["service.version"] ?? "";
        if (!services.includes(span.service)) continue;
        const key = `${span.service} ${value}`;
        const ms = at(span.startMs);
        const known = found.get(key) ?? { service: span.service, value, firstMs: ms, lastMs: ms };
        found.set(key, {
          ...known,
          firstMs: Math.min(known.firstMs, ms),
          lastMs: Math.max(known.lastMs, ms),
        });
      }
      return [...found.values()].map((row) => ({ ...row, key: "service.version" }));
    },
    async traffic({ affected, baseline }) {
      const counts = new Map<string, { affected: number; baseline: number }>();
      for (const span of requests) {
        const row = counts.get(span.operation) ?? { affected: 0, baseline: 0 };
        counts.set(span.operation, row);
        row.affected += Number(inside(affected, at(span.startMs)));
        row.baseline += Number(inside(baseline, at(span.startMs)));
      }
      const sum = (key: "affected" | "baseline") =>
        [...counts.values()].reduce((total, row) => total + row[key], 0);
      return [
        { key: "caller", value: "nobody watched", affected: sum("affected"), baseline: sum("baseline") },
        ...[...counts].map(([value, row]) => ({ key: "operation" as const, value, ...row })),
      ];
    },
  };
}

const tracesOf = ({ bad, rest, baseline }: Chosen): string[] => [
  ...new Set([...bad, ...rest, ...baseline].map((row) => row.trace)),
];

function valueRows(chosen: Chosen, byTrace: ReadonlyMap<string, readonly MadeSpan[]>): ValueRow[] {
  const counts = new Map<string, { -readonly [K in keyof ValueRow]: ValueRow[K] }>();
  for (const group of ["bad", "rest", "baseline"] as const) {
    for (const trace of new Set(chosen[group].map((row) => row.trace))) {
      const seen = new Set<string>();
      for (const span of byTrace.get(trace) ?? []) {
        const pairs = Object.entries({
          service: span.service,
          operation: span.operation,
          ...span.attributes,
          ...span.resource,
        });
        for (const [key, value] of pairs) {
          const at = `${span.service}\n${key}\n${value}`;
          if (seen.has(at)) continue;
          seen.add(at);
          const row = counts.get(at) ?? { service: span.service, key, value, bad: 0, rest: 0, baseline: 0 };
          counts.set(at, row);
          row[group]++;
        }
      }
    }
  }
  return [...counts.values()].filter((row) => row.bad >= 5);
}
