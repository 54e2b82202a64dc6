import type { Layout } from "@go3s/bpf";
import type { MetricDeclaration } from "@go3s/lang";
import type { KeyValue } from "@go3s/telemetry";
import { keyValue, namedFields } from "./attributes.js";
import { eventResource } from "./event-resource.js";
import type { EventSink } from "./event-sink.js";
import { type Exponential, newExponential } from "./exponential.js";
import { fieldReader } from "./field-reader.js";
import { type MetricSource, metricOf, newPoints } from "./metric-source.js";
import type { Resources } from "./resources.js";

interface Series {
  readonly attributes: readonly KeyValue[];
  readonly histogram: Exponential | undefined;
  /** since is where its first point begins: with the points before it, in Unix nanoseconds. */
  readonly since: bigint | undefined;
  value: number;
}

/** Group has the series of one resource; `quiet` counts the points since its process has ended and nothing more was told of it. */
interface Group {
  readonly series: Map<string, Series>;
  quiet: number;
}

// OpenTelemetry's default limit of series for one metric; what is beyond goes into one with this attribute.
const seriesLimit = 2000;
// What a process did at its end may be read after it: its series have so many more points.
const lastPoints = 2;
const overflow: readonly KeyValue[] = [keyValue("otel.metric.overflow", true)];

/** newEventMetric counts events, or a value of theirs, by labels. */
export function newEventMetric(
  declaration: MetricDeclaration,
  layout: Layout,
  resources: Resources,
): EventSink & MetricSource {
  const resourceOf = eventResource(layout, declaration.pid, resources);
  const labels = namedFields(layout, declaration.labels);
  const value = declaration.value === "" ? undefined : fieldReader(layout, declaration.value);
  const groups = new Map<Uint8Array, Group>();
  let size = 0;
  let collected: bigint | undefined;

  const open = (of: Map<string, Series>, key: string, attributes: readonly KeyValue[]): Series => {
    const histogram = declaration.type === "histogram" ? newExponential() : undefined;
    const made = { attributes, histogram, since: collected, value: 0 };
    of.set(key, made);
    size++;
    return made;
  };

  const seriesOf = (view: DataView, at: number): Series => {
    const resource = resourceOf(view, at);
    let group = groups.get(resource);
    if (group === undefined) {
      group = { series: new Map(), quiet: 0 };
      groups.set(resource, group);
    }
    group.quiet = 0;
    const of = group.series;
    const values = labels.map((each) => each.scalar(view, at));
    const key = values.join("\0");
    const known = of.get(key);
    if (known !== undefined) return known;
    if (size >= seriesLimit) return of.get("\0overflow") ?? open(of, "\0overflow", overflow);
    return open(
      of,
      key,
      values.map((each, i) => keyValue(labels[i]?.key.name ?? "", each)),
    );
  };

  return {
    take(view, at) {
      const one = seriesOf(view, at);
      const amount = value?.number(view, at) ?? 1;
      one.histogram?.add(amount);
      one.value = declaration.type === "gauge" ? amount : one.value + amount;
    },
    collect(interval, give) {
      const points = newPoints();
      for (const [resource, group] of groups) {
        if (resources.hasEnded(resource) && group.quiet++ >= lastPoints) {
          groups.delete(resource);
          size -= group.series.size;
          continue;
        }
        const of = points.of(resource);
        for (const { attributes, histogram, since, value: now } of group.series.values()) {
          const times = {
            attributes,
            startTimeUnixNano: since ?? interval.start,
            timeUnixNano: interval.end,
          };
          if (histogram !== undefined) of.histograms.push({ ...times, ...histogram.point() });
          else of.numbers.push({ ...times, asInt: BigInt(now) });
        }
      }
      collected = interval.end;
      for (const [resource, of] of points.all)
        give(resource, metricOf(declaration, of), of.numbers.length + of.histograms.length);
    },
  };
}
