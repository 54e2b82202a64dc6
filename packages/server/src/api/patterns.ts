import { logForm } from "../diagnosis/evidence.js";
import { listOf, number, text, toNumber, wordOf } from "../query/rows.js";
import { bucketsOf, series } from "./buckets.js";
import { type ApiContext, type ApiRequest, nanosToMs, rows } from "./context.js";
import { levels } from "./names.js";
import { filterOf, limitOf, rangeOf } from "./parameters.js";
import type { PatternsAnswer } from "./types.js";

/** patterns answers GET logs/patterns: forms of log lines, commonest first. */
export async function patterns(context: ApiContext, request: ApiRequest): Promise<PatternsAnswer> {
  const { search } = request;
  const range = rangeOf(search, request.nowMs);
  const buckets = bucketsOf(range, 60);
  const limit = limitOf(search, 200, 1000);
  const found = await rows(context, request, {
    statement: "logs-patterns",
    range,
    buckets,
    filter: filterOf(search),
    on: "logs",
    inserted: new Map([["$form$", logForm()]]),
    parameters: { limit },
  });
  return {
    range,
    buckets,
    total: number(found[0] ?? {}, "total"),
    more: found.length === limit,
    patterns: found.map((row) => {
      const [at, counts] = listOf(row["series"]).map(listOf);
      const values = series(buckets, 0);
      (at ?? []).forEach((bucket, index) => {
        const place = toNumber(bucket);
        if (place >= 0 && place < values.length) values[place] = toNumber(counts?.[index]);
      });
      return {
        template: text(row, "template"),
        example: text(row, "example"),
        level: wordOf(row, "level", levels),
        services: listOf(row["services"]).map(String),
        count: number(row, "items"),
        before: number(row, "before"),
        first_ms: nanosToMs(text(row, "first_ns")),
        last_ms: nanosToMs(text(row, "last_ns")),
        series: values,
      };
    }),
  };
}
