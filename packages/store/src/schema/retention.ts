import { fillIn, readSource, statementsOf } from "../engine/sql.js";
import type { Signal } from "./columns.js";
import type { RunStatement } from "./migrations.js";

/** Retention is how many seconds rows are kept, counted from when they were received; 0 keeps them for ever. */
export type Retention = Readonly<Record<Signal | "rollups", number>>;

const day_s = 86_400;

/** DEFAULT_RETENTION: a week of what was sent, and three months of what was made of it. */
export const DEFAULT_RETENTION: Retention = {
  traces: 7 * day_s,
  logs: 7 * day_s,
  metrics: 7 * day_s,
  rollups: 90 * day_s,
};

/** secondsOf gives, by table, how long its rows are kept. What leads to rows of others lives as long as they. */
function secondsOf({ traces, logs, metrics, rollups }: Retention): Readonly<Record<string, number>> {
  const longest = (...some: readonly number[]): number => (some.includes(0) ? 0 : Math.max(...some));
  return {
    traces,
    logs,
    metrics,
    red_minutes: rollups,
    trace_times: longest(traces, logs),
    resources: longest(traces, logs, metrics),
  };
}

/** setRetention makes the tables keep rows so long; parts whose rows are all older go as a whole, soon after. */
export function setRetention(run: RunStatement, retention: Retention): void {
  const wanted = secondsOf(retention);
  for (const line of run(readSource("schema/retention.sql")).split("\n")) {
    const [table = "", expires, now] = line.split("\t");
    const seconds = wanted[table];
    if (seconds === undefined) continue;
    if (seconds === 0) {
      if (expires === "1") run(fillIn(readSource("schema/remove-retention.sql"), { table }));
    } else if (now !== String(seconds)) {
      for (const each of statementsOf(readSource("schema/set-retention.sql")))
        run(fillIn(each, { table, seconds }));
    }
  }
}
