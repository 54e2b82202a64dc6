import { keyOf, type Labels, labelsOf, METRIC_NAME } from "../promql/labels.js";
import type { Samples } from "../promql/series.js";
import { labelName, type MetricType, type Part } from "./names.js";

/** Identity is what tells one stored series from another. */
export interface Identity {
  readonly name: string;
  readonly unit: string;
  readonly type: MetricType;
  readonly isMonotonic: boolean;
  readonly serviceName: string;
  readonly namespace: string;
  readonly instance: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Naming says by which names a series is given: Prometheus' own, or OpenTelemetry's as they were sent. */
export interface Naming {
  readonly name: string;
  readonly isRaw: boolean;
}

/** seriesLabels gives a stored series' labels; `more` are those of its part (`le`, `quantile`). */
export function seriesLabels(
  identity: Identity,
  naming: Naming,
  more: readonly (readonly [string, string])[] = [],
): Labels {
  const { serviceName, namespace, instance, attributes } = identity;
  const labels = new Map<string, string>();
  for (const [key, value] of Object.entries(attributes)) {
    const name = naming.isRaw ? key : labelName(key);
    const before = labels.get(name);
    // Keys that become the same label share it, as OpenTelemetry's rules say.
    labels.set(name, before === undefined ? value : `${before};${value}`);
  }
  labels.set("job", namespace === "" ? serviceName : `${namespace}/${serviceName}`);
  labels.set("instance", instance);
  for (const [name, value] of more) labels.set(name, value);
  labels.set(METRIC_NAME, naming.name);
  return labelsOf(labels);
}

/** cumulative adds up the points of a series that says only what is new; staleness adds nothing. */
export function cumulative(values: Float64Array): Float64Array {
  let total = 0;
  return values.map((value) => {
    if (!Number.isNaN(value)) total += value;
    return total;
  });
}

/** inOrder sorts a series by time, the last of two at one millisecond wins. */
export function inOrder(samples: Samples): Samples {
  const { times } = samples;
  let sorted = true;
  for (let i = 1; i < times.length && sorted; i++) sorted = (times[i] ?? 0) > (times[i - 1] ?? 0);
  if (sorted) return samples;
  const order = Array.from(times.keys()).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  const kept = order.filter((place, i) => times[place] !== times[order[i + 1] ?? -1]);
  const pick = (from: Float64Array): Float64Array => Float64Array.from(kept, (i) => from[i] ?? Number.NaN);
  return {
    labels: samples.labels,
    times: pick(times),
    values: pick(samples.values),
    starts: samples.starts && pick(samples.starts),
    stale: samples.stale && Uint8Array.from(kept, (i) => samples.stale?.[i] ?? 0),
  };
}

/** together joins series that have the same labels, which several resources may have. */
export function together(series: readonly Samples[]): Samples[] {
  const found = new Map<string, Samples[]>();
  for (const each of series) {
    const key = keyOf(each.labels);
    const known = found.get(key);
    if (known === undefined) found.set(key, [each]);
    else known.push(each);
  }
  return [...found.values()].map((group) => inOrder(joined(group)));
}

function joined(group: readonly Samples[]): Samples {
  const [first] = group;
  if (first === undefined) return { labels: [], times: new Float64Array(), values: new Float64Array() };
  if (group.length === 1) return first;
  const concat = (pick: (each: Samples) => Float64Array): Float64Array =>
    Float64Array.from(group.flatMap((each) => [...pick(each)]));
  return {
    labels: first.labels,
    times: concat((each) => each.times),
    values: concat((each) => each.values),
    starts: concat((each) => each.starts ?? new Float64Array(each.times.length)),
    stale: Uint8Array.from(group.flatMap((each) => [...(each.stale ?? new Uint8Array(each.times.length))])),
  };
}

/** boundText writes a bucket's bound as a label. */
export function boundText(bound: number): string {
  return bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound);
}

/** partName puts a metric's name and a part's together. */
export const partName = (name: string, part: Part): string => `${name}${part}`;
