import type { typedMap } from "@go3s/bpf";
import { keyValue } from "../declared/attributes.js";
import { metricOf, newPoints } from "../declared/metric-source.js";
import { collectMetrics, unixNow } from "../declared/metrics-request.js";
import { newPowerHistogram, type PowerHistogram } from "../declared/power-histogram.js";
import { version } from "../version.js";
import type { FunctionPlan } from "./plan.js";

/** FunctionTimes collects the histograms of the kernel as the metric go3s.function.duration. */
export interface FunctionTimes {
  /** read takes what a program's map has since its start. */
  read(map: ReturnType<typeof typedMap>, functions: readonly FunctionPlan[], resource: Uint8Array): void;
  /** request encodes what was read; undefined when there is nothing. */
  request(): { readonly request: Uint8Array; readonly points: number } | undefined;
}

const declaration = {
  signal: "metric",
  record: "",
  name: "go3s.function.duration",
  type: "histogram",
  unit: "ns",
  description: "how long calls of an observed function took",
  labels: [],
  value: "",
  pid: "",
} as const;

/** newFunctionTimes begins now. */
export function newFunctionTimes(): FunctionTimes {
  const start = unixNow();
  let read: {
    readonly fn: FunctionPlan;
    readonly resource: Uint8Array;
    readonly histogram: PowerHistogram;
  }[] = [];
  return {
    read(map, functions, resource) {
      let key = 0;
      let value: { readonly view: DataView; readonly offset: number } = {
        view: new DataView(new ArrayBuffer(0)),
        offset: 0,
      };
      const found = new Map<number, PowerHistogram>();
      map.each(
        {
          at({ view }, offset) {
            key = view.getUint32(offset, true);
          },
        },
        {
          at({ view }, offset) {
            value = { view, offset };
          },
        },
        () => {
          const histogram = found.get(key) ?? newPowerHistogram();
          found.set(key, histogram);
          histogram.add(value.view, value.offset);
        },
      );
      for (const fn of functions) {
        const histogram = found.get(fn.id);
        if (histogram !== undefined) read.push({ fn, resource, histogram });
      }
    },
    request() {
      const rows = read;
      read = [];
      if (rows.length === 0) return undefined;
      const scope = { name: "go3s.agent", version };
      return collectMetrics(
        [
          {
            collect(interval, give) {
              const points = newPoints();
              for (const { fn, resource, histogram } of rows) {
                const times = { startTimeUnixNano: interval.start, timeUnixNano: interval.end };
                const attributes = [keyValue("code.function.name", fn.name)];
                points.of(resource).histograms.push({ attributes, ...times, ...histogram.point() });
              }
              for (const [resource, of] of points.all)
                give(resource, metricOf(declaration, of), of.histograms.length);
            },
          },
        ],
        scope,
        start,
      );
    },
  };
}
