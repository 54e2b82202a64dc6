import { arrayText, metricRows } from "../diagnosis/read.js";
import { bucketsOf, coveredSeconds } from "./buckets.js";
import { type ApiContext, type ApiRequest, rows } from "./context.js";
import { rangeOf } from "./parameters.js";
import type { RuntimeAnswer } from "./types.js";

// What runtimes and processes tell of themselves, by the semantic conventions' names and the agent's own.
const told = /^(?:go|jvm|nodejs|v8js|cpython|dotnet|process|go3s\.(?:scheduler|goroutines|heap))\./;

/** runtime answers GET services/NAME/runtime: gauges and counters of its processes over time. */
export async function runtime(context: ApiContext, request: ApiRequest): Promise<RuntimeAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const buckets = bucketsOf(range, 120);
  const found = await rows(context, request, {
    statement: "diagnosis/metrics",
    range,
    buckets,
    parameters: { services: arrayText([request.names[0] ?? ""]) },
  });
  const series = metricRows(found, buckets).filter((row) => told.test(row.name));
  return {
    range,
    buckets,
    series: series.map(({ name, labels, unit, isCounter, values }) => ({
      name,
      labels,
      unit,
      is_rate: isCounter,
      values: values.map((value, at) =>
        value === null || !isCounter ? value : value / coveredSeconds(buckets, range, at),
      ),
    })),
  };
}
