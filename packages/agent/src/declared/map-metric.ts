import { type BpfMap, type Btf, mapTypeName, typedMap } from "@go3s/bpf";
import type { MetricDeclaration } from "@go3s/lang";
import { keyValue, namedFields } from "./attributes.js";
import { type FieldReader, fieldReader } from "./field-reader.js";
import { type Interval, type MetricSource, metricOf, newPoints } from "./metric-source.js";
import { newPowerHistogram, type PowerHistogram } from "./power-histogram.js";
import type { Resources } from "./resources.js";

/** Cursor is where TypedMap.each() shows an element's key or value. */
class Cursor {
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;

  at(memory: { readonly view: DataView }, offset: number): void {
    this.view = memory.view;
    this.offset = offset;
  }
}

/** Counted is one element of the map, with the sum over the processors. */
interface Counted {
  readonly labels: ReturnType<typeof keyValue>[];
  readonly resource: Uint8Array;
  readonly histogram: PowerHistogram | undefined;
  value: number;
}

/** newMapMetric reads a map's elements as points: counters, gauges and histograms, summed over processors. */
export function newMapMetric(
  declaration: MetricDeclaration,
  map: BpfMap,
  btf: Btf,
  resources: Resources,
): MetricSource {
  const typed = typedMap(map, btf);
  const labels = namedFields(typed.keyLayout, declaration.labels);
  const isHistogram = declaration.type === "histogram";
  const value: FieldReader = fieldReader(typed.valueLayout, isHistogram ? "Count" : declaration.value);
  const pid = declaration.pid === "" ? undefined : fieldReader(typed.keyLayout, declaration.pid);
  const isArray = /array$/.test(mapTypeName(map.spec.type));
  const key = new Cursor();
  const at = new Cursor();
  return {
    collect(interval: Interval, give) {
      const elements = new Map<string, Counted>();
      let current: Counted | undefined;
      typed.each(key, at, (cpu) => {
        if (cpu === 0) {
          const scalars = labels.map((each) => each.scalar(key.view, key.offset));
          current = {
            labels: scalars.map((each, i) => keyValue(labels[i]?.key.name ?? "", each)),
            resource: resources.of(pid?.number(key.view, key.offset) ?? 0),
            histogram: isHistogram ? newPowerHistogram() : undefined,
            value: 0,
          };
          // Keys that differ in what no label shows are one series: their values are added.
          const name = `${pid?.number(key.view, key.offset) ?? 0}\0${scalars.join("\0")}`;
          const known = elements.get(name);
          if (known === undefined) elements.set(name, current);
          else current = known;
        }
        current?.histogram?.add(at.view, at.offset);
        if (current !== undefined) current.value += value.number(at.view, at.offset);
      });
      const points = newPoints();
      for (const { labels: attributes, resource, histogram, value: sum } of elements.values()) {
        // An array has all its elements from the start: those that nothing counted are no series.
        if (isArray && sum === 0 && elements.size > 1) continue;
        const times = { startTimeUnixNano: interval.start, timeUnixNano: interval.end };
        const of = points.of(resource);
        if (histogram !== undefined) of.histograms.push({ attributes, ...times, ...histogram.point() });
        else of.numbers.push({ attributes, ...times, asInt: BigInt(sum) });
      }
      for (const [resource, of] of points.all)
        give(resource, metricOf(declaration, of), of.numbers.length + of.histograms.length);
    },
  };
}
