import { fillIn, quoteText, readSource } from "../engine/sql.js";
import { StoreError } from "../errors.js";
import type { Signal } from "./columns.js";
import type { Steps } from "./steps.js";

/*
 * A tenant's rows may be kept for a shorter time than the others of their signal. The table's own expiry is left alone, which drops
 * whole parts and rewrites none: where no tenant has a time of its own, nothing is done and nothing is different. For a tenant that
 * has one, each day of its rows is deleted when the last of them is as old, by a mutation: parts that have some of its rows are
 * written anew once, without them, the others are kept as they are. ClickHouse's `TTL … DELETE WHERE` needs `ttl_only_drop_parts = 0`,
 * so that every tenant's parts are written anew; partitions by tenant would multiply the parts of each insert by the tenants.
 */

/** TenantRetention is, by tenant and signal, how many seconds rows are kept. */
export type TenantRetention = Readonly<Record<string, Readonly<Partial<Record<Signal, number>>>>>;

/** Rules are a table's, by tenant. */
export type Rules = ReadonlyMap<string, number>;

const TABLES: Readonly<Record<Signal, string>> = {
  traces: "span_rows",
  logs: "log_rows",
  metrics: "metric_rows",
  profiles: "profiles",
};
/** The rules of a table are its comment: `keep acme 86400, beta 3600`. */
const PREFIX = "keep ";

/** rulesOf reads a table's comment. */
export function rulesOf(comment: string): Rules {
  if (!comment.startsWith(PREFIX)) return new Map();
  const rules = comment.slice(PREFIX.length).split(", ");
  return new Map(
    rules.flatMap((rule): [string, number][] => {
      const [, tenant = "", seconds] = /^([\w.-]+) (\d+)$/.exec(rule) ?? [];
      return tenant === "" ? [] : [[tenant, Number(seconds)]];
    }),
  );
}

function commentOf(rules: Rules): string {
  return rules.size === 0
    ? ""
    : PREFIX + [...rules].map(([tenant, seconds]) => `${tenant} ${seconds}`).join(", ");
}

/** keepTenants changes the rules that are asked for; the others stay. `now` is what the tables have, `wanted` the signals' own times. */
export function* keepTenants(
  asked: TenantRetention,
  wanted: Readonly<Record<string, number>>,
  now: ReadonlyMap<string, Rules>,
): Steps<void> {
  const changed = new Map<string, Map<string, number>>();
  for (const [tenant, signals] of Object.entries(asked)) {
    for (const signal of ["traces", "logs", "metrics", "profiles"] as const) {
      const seconds = signals[signal];
      if (seconds === undefined) continue;
      const table = TABLES[signal];
      const longest = wanted[table] ?? 0;
      if (longest > 0 && seconds > longest) {
        const words = `${signal} of the tenant ${tenant} cannot be kept for ${seconds} s: ${signal} are kept for ${longest} s`;
        throw new StoreError("bad-argument", words, {
          hint: `keep ${signal} for as long as the tenant that needs them longest, and name the others' shorter times`,
        });
      }
      const rules = changed.get(table) ?? new Map(now.get(table));
      changed.set(table, rules);
      if (seconds > 0) rules.set(tenant, seconds);
      else rules.delete(tenant);
    }
  }
  for (const [table, rules] of changed) {
    const comment = commentOf(rules);
    if (comment !== commentOf(now.get(table) ?? new Map()))
      yield fillIn(readSource("schema/set-comment.sql"), { table, comment: quoteText(comment) });
  }
}

/** deleteSteps begins to delete what is beyond its tenant's time at `now_s`, Unix seconds, and gives how many days of a tenant those are. */
export function* deleteSteps(lines: readonly (readonly string[])[], now_s: number): Steps<number> {
  let days = 0;
  const ruled = lines.flatMap(([table = "", , , comment = ""]): [string, Rules][] => {
    const rules = rulesOf(comment);
    return rules.size === 0 ? [] : [[table, rules]];
  });
  if (ruled.length === 0) return days;
  const busy = new Set((yield readSource("schema/deletes-under-way.sql")).split("\n"));
  for (const [table, rules] of ruled) {
    if (busy.has(table)) continue;
    for (const [name, seconds] of rules) {
      const values = { table, tenant: quoteText(name), before: Math.floor(now_s - seconds) };
      const found = yield fillIn(readSource("schema/tenant-partitions.sql"), values);
      for (const partition of found.split("\n")) {
        if (partition === "") continue;
        days++;
        yield fillIn(readSource("schema/delete-tenant.sql"), { ...values, partition: quoteText(partition) });
      }
    }
  }
  return days;
}
