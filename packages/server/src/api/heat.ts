import { bucketsOf } from "./buckets.js";
import { type ApiContext, type ApiRequest, columns } from "./context.js";
import { filterOf, rangeOf } from "./parameters.js";
import { numbersOf } from "./trace-columns.js";
import type { HeatAnswer } from "./types.js";

const most = 180;

/** heat answers GET traces/heat: how many matching spans took how long, over time. */
export async function heat(context: ApiContext, request: ApiRequest): Promise<HeatAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const filter = filterOf(request.search);
  const buckets = bucketsOf(range, most);
  const [bucket, level, count, errors] = await columns(context, request, {
    statement: "traces-heat",
    range,
    filter,
    buckets,
  });
  return {
    range,
    buckets,
    cells: {
      bucket: numbersOf(bucket),
      level: numbersOf(level),
      count: numbersOf(count),
      errors: numbersOf(errors),
    },
  };
}
