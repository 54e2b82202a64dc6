import type { KeyValue } from "../../otlp/common.js";
import type { Input } from "../../otlp/message.js";
import type { ExportMetricsServiceRequest, Metric } from "../../otlp/metrics.js";
import { exemplarOf, isCounter, labelOf, resourceOf } from "../prometheus.js";
import { type Label, METRIC_TYPE } from "../remote-write.js";
import { textValue } from "../values.js";
import type { ExpositionFamily, ExpositionSample } from "./exposition.js";
import { type Place, placeOf } from "./family.js";
import {
  type Gathered,
  type Kind,
  type MetricPoint,
  metricOf,
  pointOf,
  stalePoint,
  totalOf,
} from "./points.js";

/** ScrapeTranslator makes OTLP of one target's scrapes, one after the other. */
export interface ScrapeTranslator {
  /**
   * translate makes a request of a scrape's samples, with job, instance and all other labels already in them. What was in the scrape
   * before and is not in this one gets a point without a value. `timeMs` is the scrape's time. `report` makes samples about the scrape
   * itself, told how many of its samples belong to series that the scrape before had not.
   */
  translate(
    samples: readonly ExpositionSample[],
    families: ReadonlyMap<string, ExpositionFamily>,
    timeMs: number,
    report?: (added: number) => readonly ExpositionSample[],
  ): Input<ExportMetricsServiceRequest>;
  /** end gives every series its end: the target is gone. */
  end(timeMs: number): Input<ExportMetricsServiceRequest>;
}

interface Series {
  readonly place: Slot;
  readonly attributes: readonly KeyValue[];
  startMs: number;
  total: number;
  scrape: number;
  /** Those of the last scrape: they are told once. */
  exemplars: ReadonlyMap<string, unknown> | undefined;
}

/** Slot is the metric that a point goes into. */
interface Slot {
  readonly key: string;
  readonly kind: Kind;
  readonly job: string;
  readonly instance: string;
  readonly name: string;
  readonly help: string;
  readonly unit: string;
}

type Metrics = Map<string, { readonly slot: Slot; readonly points: MetricPoint[] }>;

/**
 * createScrapeTranslator starts with nothing known. Names and labels stay as they are; a classic histogram or summary becomes one
 * point, as OpenTelemetry's Prometheus receiver makes it. What only grows counts from its `_created`, else from the first scrape that
 * saw it, and anew when it falls.
 */
export function createScrapeTranslator(): ScrapeTranslator {
  const known = new Map<string, Series>();
  // Series with times of their own are not ended, only counted when they are new.
  let timed = new Set<string>();
  let scrape = 0;

  const follow = (key: string, { slot, gathered }: Found): { startMs: number; isNew: boolean } => {
    const total = totalOf(gathered) ?? 0;
    const found = known.get(key);
    const began = found === undefined || total < found.total;
    const startMs = gathered.createdMs ?? (began ? gathered.timeMs : found.startMs);
    const { attributes, exemplars } = gathered;
    if (found === undefined) known.set(key, { place: slot, attributes, startMs, total, scrape, exemplars });
    else {
      const told = found.exemplars;
      if (exemplars !== undefined && told !== undefined)
        gathered.exemplars = new Map([...exemplars].filter(([each]) => !told.has(each)));
      Object.assign(found, { startMs, total, scrape, exemplars });
    }
    return { startMs: slot.kind === "gauge" ? 0 : startMs, isNew: found === undefined };
  };

  const endMissing = (metrics: Metrics, timeMs: number): void => {
    for (const [key, series] of known) {
      if (series.scrape === scrape) continue;
      known.delete(key);
      const start = series.place.kind === "gauge" ? 0 : series.startMs;
      add(metrics, series.place, stalePoint(series.attributes, start, timeMs));
    }
  };

  const addAll = (metrics: Metrics, found: ReadonlyMap<string, Found>): number => {
    let added = 0;
    const timedNow = new Set<string>();
    for (const [key, each] of found) {
      if (isEmpty(each.gathered)) continue;
      const real = isLoneSum(each.gathered) ? loneSum(each) : each;
      const { slot, gathered } = real;
      if (real.timed === undefined) {
        const { startMs, isNew } = follow(key, real);
        if (isNew) added += gathered.samples;
        add(metrics, slot, pointOf(gathered, startMs));
      } else {
        timedNow.add(real.timed);
        if (!timed.has(real.timed)) added += gathered.samples;
        add(metrics, slot, pointOf(gathered, gathered.createdMs ?? 0));
      }
    }
    timed = timedNow;
    return added;
  };

  return {
    translate(samples, families, timeMs, report) {
      scrape++;
      const metrics: Metrics = new Map();
      const added = addAll(metrics, gather(samples, families, timeMs, known));
      if (report !== undefined) {
        const kept = timed;
        addAll(metrics, gather(report(added), new Map(), timeMs, known));
        timed = kept;
      }
      endMissing(metrics, timeMs);
      return requestOf(metrics);
    },
    end(timeMs) {
      scrape++;
      const metrics: Metrics = new Map();
      endMissing(metrics, timeMs);
      return requestOf(metrics);
    },
  };
}

/** isEmpty: nothing but the time of a beginning. */
function isEmpty({ value, sum, count, bounds }: Gathered): boolean {
  return value === undefined && sum === undefined && count === undefined && bounds.length === 0;
}

/** isLoneSum: relabeling took a sum away from its histogram; a count of 0 would be a lie. */
function isLoneSum({ kind, sum, count, bounds }: Gathered): boolean {
  return (
    (kind === "histogram" || kind === "summary") &&
    sum !== undefined &&
    count === undefined &&
    bounds.length === 0
  );
}

/** loneSum makes it the series that it was. */
function loneSum({ slot, gathered, timed }: Found): Found {
  const name = `${slot.name}_sum`;
  return {
    slot: { ...slot, kind: "sum", name, key: `${slot.key}\0sum` },
    gathered: { ...gathered, kind: "sum", value: gathered.sum },
    timed,
  };
}

function add(metrics: Metrics, slot: Slot, point: MetricPoint): void {
  const found = metrics.get(slot.key);
  if (found === undefined) metrics.set(slot.key, { slot, points: [point] });
  else found.points.push(point);
}

interface Found {
  readonly slot: Slot;
  readonly gathered: Gathered;
  /** What names the series of a sample with a time of its own; undefined for the others. */
  readonly timed: string | undefined;
}

/** gather brings together the samples that make up one point each. */
function gather(
  samples: readonly ExpositionSample[],
  families: ReadonlyMap<string, ExpositionFamily>,
  scrapeMs: number,
  known: ReadonlyMap<string, Series>,
): Map<string, Found> {
  const places = new Map<string, Place>();
  const found = new Map<string, Found>();
  for (const sample of samples) {
    const name = labelOf(sample.labels, "__name__");
    let place = places.get(name);
    if (place === undefined) {
      place = placeOf(families, name);
      places.set(name, place);
    }
    const kind = kindOf(place, name);
    const timeMs = sample.timestampMs ?? scrapeMs;
    const part = place.part === "bucket" ? "le" : place.part === "quantile" ? "quantile" : "";
    const title = titleOf(place, kind, name);
    let series = `${kind}\0${title}`;
    for (const { name: label, value } of sample.labels)
      if (label !== part && label !== "__name__") series += `\0${label}\0${value}`;
    // Samples of one time make up one point; those of the scrape's time are found again by the next scrape.
    const key = sample.timestampMs === undefined ? series : `@${timeMs}\0${series}`;
    let into = found.get(key);
    if (into === undefined) {
      const before = known.get(key);
      into = {
        // A lone sum is followed as what became of it.
        slot: before?.place.kind === kind ? before.place : slotOf(place, kind, title, sample.labels),
        gathered: newGathered(kind, before?.attributes ?? attributesOf(sample.labels, part), timeMs),
        timed: sample.timestampMs === undefined ? undefined : series,
      };
      found.set(key, into);
    }
    put(into.gathered, place, sample, part);
  }
  return found;
}

function kindOf({ family, part }: Place, name: string): Kind {
  if (part === "counter") return "sum";
  if (part === "created")
    return family.type === "counter" ? "sum" : family.type === "summary" ? "summary" : "histogram";
  if (part === "plain")
    return family.type === "unknown" && isCounter(name, METRIC_TYPE.UNKNOWN) ? "sum" : "gauge";
  return family.type === "summary" ? "summary" : "histogram";
}

/** titleOf is the metric's name: the family's for what several samples make up, else the sample's. */
function titleOf({ family, part }: Place, kind: Kind, name: string): string {
  if (kind === "histogram" || kind === "summary") return family.name;
  // Of a counter in OpenMetrics the time of its beginning stands beside "…_total".
  return part === "created" ? `${family.name}_total` : name;
}

function slotOf({ family }: Place, kind: Kind, name: string, labels: readonly Label[]): Slot {
  const job = labelOf(labels, "job");
  const instance = labelOf(labels, "instance");
  const { help, unit } = family;
  return { key: [kind, name, job, instance].join("\0"), kind, job, instance, name, help, unit };
}

function attributesOf(labels: readonly Label[], part: string): KeyValue[] {
  return labels.flatMap(({ name, value }) =>
    name === "__name__" || name === "job" || name === "instance" || name === part
      ? []
      : [textValue(name, value)],
  );
}

function newGathered(kind: Kind, attributes: readonly KeyValue[], timeMs: number): Gathered {
  return {
    kind,
    attributes,
    timeMs,
    samples: 0,
    value: undefined,
    sum: undefined,
    count: undefined,
    createdMs: undefined,
    bounds: [],
    exemplars: undefined,
  };
}

function put(into: Gathered, { part }: Place, sample: ExpositionSample, boundLabel: string): void {
  const { value, exemplar } = sample;
  into.samples++;
  if (exemplar !== undefined) {
    const timestamp = BigInt(isTime(exemplar.timestampMs) ? exemplar.timestampMs : into.timeMs);
    const { labels, value: measured } = exemplar;
    const key = JSON.stringify([labels, measured, exemplar.timestampMs]);
    into.exemplars ??= new Map();
    into.exemplars.set(key, exemplarOf({ labels, value: measured, timestamp }));
  }
  if (part === "bucket" || part === "quantile")
    into.bounds.push({ at: labelOf(sample.labels, boundLabel), value });
  else if (part === "sum") into.sum = value;
  else if (part === "count") into.count = value;
  else if (part === "created") {
    // A beginning behind the end is none.
    if (value > 0 && value * 1000 <= into.timeMs) into.createdMs = value * 1000;
  } else into.value = value;
}

/** isTime: nanoseconds of 64 bits end in the year 2262. */
function isTime(ms: number | undefined): ms is number {
  return ms !== undefined && ms >= 0 && ms < 9.2e12;
}

function requestOf(metrics: Metrics): Input<ExportMetricsServiceRequest> {
  const resources = new Map<string, { attributes: KeyValue[]; metrics: Input<Metric>[] }>();
  for (const { slot, points } of metrics.values()) {
    const { job, instance, kind, name, help, unit } = slot;
    const key = `${job}\0${instance}`;
    const resource = resources.get(key) ?? { attributes: resourceOf(job, instance), metrics: [] };
    resources.set(key, resource);
    resource.metrics.push(metricOf(kind, { name, description: help, unit }, points));
  }
  return {
    resourceMetrics: Array.from(resources.values(), ({ attributes, metrics: own }) => ({
      resource: { attributes },
      scopeMetrics: [{ metrics: own }],
    })),
  };
}
