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
  readonly resource: Uint8Array;
  readonly attributes: readonly KeyValue[];
  readonly histogram: Exponential | undefined;
  value: number;
}

// OpenTelemetry's default limit of series for one metric; what is beyond goes into one with this attribute.
const seriesLimit = 2000;
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
  const series = new Map<Uint8Array, Map<string, Series>>();
  let size = 0;

  const open = (
    of: Map<string, Series>,
    key: string,
    resource: Uint8Array,
    attributes: readonly KeyValue[],
  ): Series => {
    const histogram = declaration.type === "histogram" ? newExponential() : undefined;
    const made = { resource, attributes, histogram, value: 0 };
    of.set(key, made);
    size++;
    return made;
  };

  const seriesOf = (view: DataView, at: number): Series => {
    const resource = resourceOf(view, at);
    let of = series.get(resource);
    if (of === undefined) {
      of = new Map();
      series.set(resource, of);
    }
    const values = labels.map((each) => each.scalar(view, at));
    const key = values.join("\0");
    const known = of.get(key);
    if (known !== undefined) return known;
    if (size >= seriesLimit) return of.get("\0overflow") ?? open(of, "\0overflow", resource, overflow);
    return open(
      of,
      key,
      resource,
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
      for (const { resource, attributes, histogram, value: now } of [...series.values()].flatMap((of) => [
        ...of.values(),
      ])) {
        const times = { attributes, startTimeUnixNano: interval.start, timeUnixNano: interval.end };
        const of = points.of(resource);
        if (histogram !== undefined) of.histograms.push({ ...times, ...histogram.point() });
        else of.numbers.push({ ...times, asInt: BigInt(now) });
      }
      for (const [resource, of] of points.all)
        give(resource, metricOf(declaration, of), of.numbers.length + of.histograms.length);
    },
  };
}
