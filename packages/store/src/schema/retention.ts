import { fillIn, readSource, statementsOf } from "../engine/sql.js";
import type { Signal } from "./columns.js";
import { type RunStatement, runSteps, type Steps } from "./steps.js";
import { keepTenants, rulesOf, type TenantRetention } from "./tenants.js";

/** Kept is what has a retention of its own. */
export type Kept = Signal | "rollups";

/** Retention is how many seconds rows are kept, counted from when they were received; 0 keeps them for ever. */
export type Retention = Readonly<Record<Kept, number>> & {
  /** tenants has, by tenant and signal, shorter times than the signal's own; 0 ends one that was set (schema/tenants.ts). */
  readonly tenants?: TenantRetention;
};

const day_s = 86_400;

/** DEFAULT_RETENTION is that of a new directory: a week of what was sent, and three months of what was made of it. */
export const DEFAULT_RETENTION: Retention = {
  traces: 7 * day_s,
  logs: 7 * day_s,
  metrics: 7 * day_s,
  profiles: 7 * day_s,
  rollups: 90 * day_s,
};

/** ROLLUPS_SINCE is the schema that has rollups: a directory of an earlier one has no retention of theirs. */
const ROLLUPS_SINCE = 2;
/** PROFILES_SINCE is the schema that has profiles. */
const PROFILES_SINCE = 3;

/** secondsOf gives, by table, how long its rows are kept. What leads to rows of others lives as long as they. */
function secondsOf({
  traces,
  logs,
  metrics,
  profiles,
  rollups,
}: Retention): Readonly<Record<string, number>> {
  const longest = (...some: readonly number[]): number => (some.includes(0) ? 0 : Math.max(...some));
  return {
    span_rows: traces,
    log_rows: logs,
    metric_rows: metrics,
    profiles,
    stack_rows: profiles,
    red_minutes: rollups,
    red_unseen: rollups,
    trace_times: longest(traces, logs),
    resources: longest(traces, logs, metrics, profiles),
  };
}

/**
 * setRetention makes the tables keep rows so long; what `asked` does not name stays as the directory has it, so that who
 * only reads it changes nothing. Parts whose rows are all older go as a whole, soon after. `found` is the schema that
 * the directory had before it was opened.
 */
export function setRetention(run: RunStatement, asked: Partial<Retention>, found: number): void {
  runSteps(run, retentionSteps(asked, found));
}

/** retentionLines asks how long each table's rows are kept: its name, whether they go at all, after how many seconds, its comment. */
export function* retentionLines(): Steps<string[][]> {
  return (yield readSource("schema/retention.sql"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
}

/** retentionSteps are the statements of setRetention(). */
export function* retentionSteps(asked: Partial<Retention>, found: number): Steps<void> {
  const lines = yield* retentionLines();
  const now = new Map(lines.map(([table = "", , seconds]) => [table, Number(seconds)]));
  const kept = (signal: Kept, table: string, isNew: boolean): number =>
    asked[signal] ?? (isNew ? DEFAULT_RETENTION[signal] : (now.get(table) ?? DEFAULT_RETENTION[signal]));
  const wanted = secondsOf({
    traces: kept("traces", "span_rows", found === 0),
    logs: kept("logs", "log_rows", found === 0),
    metrics: kept("metrics", "metric_rows", found === 0),
    profiles: kept("profiles", "profiles", found < PROFILES_SINCE),
    rollups: kept("rollups", "red_minutes", found < ROLLUPS_SINCE),
  });
  yield* keepTenants(
    asked.tenants ?? {},
    wanted,
    new Map(lines.map(([table = "", , , comment = ""]) => [table, rulesOf(comment)])),
  );
  for (const [table = "", expires] of lines) {
    const seconds = wanted[table];
    if (seconds === undefined || seconds === now.get(table)) continue;
    if (seconds > 0) {
      yield* keepFor(table, seconds);
    } else if (expires === "1") yield fillIn(readSource("schema/remove-retention.sql"), { table });
  }
}

/** keepFor has a table keep its rows so long. */
export function* keepFor(table: string, seconds: number): Steps<void> {
  for (const each of statementsOf(readSource("schema/set-retention.sql")))
    yield fillIn(each, { table, seconds });
}
