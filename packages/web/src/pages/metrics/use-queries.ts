import { useEffect, useMemo, useState } from "preact/hooks";
import { param, range, setParams } from "../../base/address.js";
import { ApiError, get, isAbort } from "../../base/api.js";
import { type Interval, resolve } from "../../base/range.js";
import { live } from "../../base/stream.js";
import { unixMs } from "../../base/time.js";
import {
  during,
  type Exemplars,
  type Instant,
  type Matrix,
  promUrl,
  type Success,
  seconds,
} from "./answers.js";
import { autoStep } from "./series.js";

/** queriesMost is how many queries stand on the page at once. */
export const queriesMost = 6;

const nameOf = (at: number): string => (at === 0 ? "expr" : `expr${at + 1}`);

/** queriesOf reads the queries of the address: `expr`, `expr2` … `expr6`. */
export function queriesOf(): readonly string[] {
  const all = Array.from({ length: queriesMost }, (_, at) => param(nameOf(at)));
  return all.filter((text) => text !== "");
}

/** putQueries writes them into the address. */
export function putQueries(queries: readonly string[], how: "push" | "replace" = "push"): void {
  const filled = queries.filter((text) => text.trim() !== "");
  setParams(
    Object.fromEntries(Array.from({ length: queriesMost }, (_, at) => [nameOf(at), filled[at]])),
    how,
  );
}

/** Grid is what is asked for: a range whose ends are multiples of the step, so that points stay where they are while time moves. */
export interface Grid extends Interval {
  readonly step: number;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** stepOf reads a step such as `30s` or `5m`; 0 where it is none, which means the page chooses. */
export function stepOf(text: string): number {
  const found = /^(\d{1,6})([smhd])$/.exec(text.trim());
  return found === null ? 0 : Number(found[1]) * (unitSeconds[found[2] ?? ""] ?? 0);
}

const refreshMost = 60_000;

/** useGrid gives the range and step of the address; a live one moves on by itself. */
export function useGrid(): Grid {
  const [, setMoved] = useState(0);
  const shown = range.value;
  const span = resolve(shown);
  const step = stepOf(param("step")) || autoStep(span.to - span.from);
  const follow = live.value;
  useEffect(() => {
    if (!follow) return;
    const pause = Math.min(refreshMost, Math.max(5000, step * 1000));
    const timer = setInterval(() => setMoved((count) => count + 1), pause);
    return () => clearInterval(timer);
  }, [follow, step]);
  const ms = step * 1000;
  const to = Math.floor(span.to / ms) * ms;
  const from = Math.min(to, Math.ceil(span.from / ms) * ms);
  return useMemo(() => ({ from: unixMs(from), to: unixMs(to), step }), [from, to, step]);
}

/** Result is the answer to one query, as far as it is there. What was there stays while the new is on its way. */
export interface Result {
  readonly query: string;
  readonly grid: Grid;
  readonly matrix: Matrix | undefined;
  readonly instant: Instant | undefined;
  readonly exemplars: readonly Exemplars[];
  readonly warnings: readonly string[];
  readonly error: ApiError | undefined;
  readonly took_ms: number;
}

/** useResults asks all queries, side by side; a question that is not waited for any more is given up. */
export function useResults(
  queries: readonly string[],
  grid: Grid,
  as: "plot" | "table",
  withExemplars: boolean,
): { readonly results: readonly Result[]; readonly loading: boolean } {
  const [results, setResults] = useState<readonly Result[]>([]);
  const [loading, setLoading] = useState(queries.length > 0);
  const key = queries.join("\u0000");
  useEffect(() => {
    const controller = new AbortController();
    setLoading(queries.length > 0);
    void Promise.all(queries.map((query) => ask(query, grid, as, withExemplars, controller.signal))).then(
      (all) => {
        if (controller.signal.aborted) return;
        setResults(all);
        setLoading(false);
      },
    );
    return () => controller.abort();
  }, [key, grid, as, withExemplars]);
  return { results, loading };
}

async function ask(
  query: string,
  grid: Grid,
  as: "plot" | "table",
  withExemplars: boolean,
  signal: AbortSignal,
): Promise<Result> {
  const started = performance.now();
  const none = {
    query,
    grid,
    matrix: undefined,
    instant: undefined,
    exemplars: [],
    warnings: [],
    error: undefined,
  };
  try {
    if (as === "table") {
      const url = promUrl("query", { query, time: seconds(grid.to) });
      const { data, warnings = [], infos = [] } = await get<Success<Instant>>(url, signal);
      return {
        ...none,
        instant: data,
        warnings: [...warnings, ...infos],
        took_ms: performance.now() - started,
      };
    }
    const [answer, exemplars] = await Promise.all([
      get<Success<Matrix>>(
        promUrl("query_range", { query, ...during(grid), step: String(grid.step) }),
        signal,
      ),
      // Examples are an extra: a query that has none, or cannot have any, is still drawn.
      withExemplars
        ? get<Success<readonly Exemplars[]>>(
            promUrl("query_exemplars", { query, ...during(grid) }),
            signal,
          ).then(
            ({ data }) => data,
            () => [],
          )
        : [],
    ]);
    const warnings = [...(answer.warnings ?? []), ...(answer.infos ?? [])];
    return { ...none, matrix: answer.data, exemplars, warnings, took_ms: performance.now() - started };
  } catch (thrown) {
    const error = isAbort(thrown)
      ? undefined
      : thrown instanceof ApiError
        ? thrown
        : new ApiError(0, "/prometheus", { code: "unreadable", message: String(thrown) });
    return { ...none, error, took_ms: performance.now() - started };
  }
}
