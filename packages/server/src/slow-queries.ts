import type { Store } from "@go3s/store";
import type { SlowQuery } from "./api/types.js";

/** SlowQueries keeps the slowest queries of the last hour. */
export interface SlowQueries {
  note(sql: string, took_ms: number, failed: boolean): void;
  /** list gives them, slowest first. */
  list(): readonly SlowQuery[];
}

const hour = 3_600_000;
const kept = 10;
const textLength = 300;

/** createSlowQueries starts with none; `now` is Unix milliseconds. */
export function createSlowQueries(now: () => number = Date.now): SlowQueries {
  let slowest: readonly SlowQuery[] = [];
  // One statement takes one place, with its slowest run: a page that asks the same every second would take all.
  const fresh = () => slowest.filter(({ at_ms }) => now() - at_ms < hour);
  return {
    note(sql, took_ms, failed) {
      const known = slowest;
      if (known.length >= kept && took_ms <= (known.at(-1)?.took_ms ?? 0) && fresh().length === known.length)
        return;
      const text = sql.replace(/\s+/g, " ").trim();
      const short = text.length > textLength ? `${text.slice(0, textLength - 1)}…` : text;
      const same = fresh().find((each) => each.sql === short);
      if (same !== undefined && same.took_ms >= took_ms) return;
      slowest = [...fresh().filter((each) => each !== same), { sql: short, took_ms, at_ms: now(), failed }]
        .sort((a, b) => b.took_ms - a.took_ms)
        .slice(0, kept);
    },
    list: fresh,
  };
}

/** watchQueries notes how long the engine takes for each query until its answer begins; what follows is the reader's pace. */
export function watchQueries(store: Pick<Store, "query">, slow: SlowQueries): Pick<Store, "query"> {
  return {
    async query(sql, options) {
      const started = performance.now();
      let failed = true;
      try {
        const result = await store.query(sql, options);
        failed = false;
        return result;
      } finally {
        slow.note(sql, performance.now() - started, failed);
      }
    },
  };
}
