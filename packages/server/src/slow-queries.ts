import type { QueryResult, Store } from "@go3s/store";
import type { SlowQuery } from "./api/types.js";

/** SlowQueries keeps the slowest queries of the last hour. */
export interface SlowQueries {
  /** note tells of a run; what it returns takes how many rows the engine read, once that is known. */
  note(sql: string, took_ms: number, failed: boolean): (rows_read: number) => void;
  /** list gives them, slowest first. */
  list(): readonly SlowQuery[];
}

interface Noted extends SlowQuery {
  rows_read: number | null;
}

const hour = 3_600_000;
const kept = 10;
const textLength = 300;
const forget = (): void => undefined;

/** createSlowQueries starts with none; `now` is Unix milliseconds. */
export function createSlowQueries(now: () => number = Date.now): SlowQueries {
  let slowest: readonly SlowQuery[] = [];
  // One statement takes one place, with its slowest run: a page that asks the same every second would take all.
  const fresh = () => slowest.filter(({ at_ms }) => now() - at_ms < hour);
  return {
    note(sql, took_ms, failed) {
      const known = slowest;
      if (known.length >= kept && took_ms <= (known.at(-1)?.took_ms ?? 0) && fresh().length === known.length)
        return forget;
      const text = sql.replace(/\s+/g, " ").trim();
      const short = text.length > textLength ? `${text.slice(0, textLength - 1)}…` : text;
      const same = fresh().find((each) => each.sql === short);
      if (same !== undefined && same.took_ms >= took_ms) return forget;
      const made: Noted = { sql: short, took_ms, rows_read: null, at_ms: now(), failed };
      slowest = [...fresh().filter((each) => each !== same), made]
        .sort((a, b) => b.took_ms - a.took_ms)
        .slice(0, kept);
      return (rows_read) => {
        made.rows_read = rows_read;
      };
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
      let result: QueryResult | undefined;
      let told: (rows_read: number) => void = forget;
      try {
        result = await store.query(sql, options);
        failed = false;
      } finally {
        told = slow.note(sql, performance.now() - started, failed);
      }
      return told === forget ? result : readingRows(result, told);
    },
  };
}

// ClickHouse's JSON formats end with `"statistics": {"elapsed": …, "rows_read": N, …}`.
const tailBytes = 300;
const rowsRead = /"rows_read":\s*(\d+)[^"]*(?:"bytes_read"[^"]*)?$/;

/** readingRows passes an answer on and finds in its last bytes how many rows were read for it. */
function readingRows(result: QueryResult, told: (rows_read: number) => void): QueryResult {
  const look = (end: Uint8Array): void => {
    const found = rowsRead.exec(Buffer.from(end.subarray(-tailBytes)).toString("latin1"))?.[1];
    if (found !== undefined) told(Number(found));
  };
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    let end = new Uint8Array(0);
    for await (const chunk of result.chunks) {
      const short = chunk.length < tailBytes;
      end = Uint8Array.from(
        short ? Buffer.concat([end.subarray(-tailBytes), chunk]) : chunk.subarray(-tailBytes),
      );
      yield chunk;
    }
    look(end);
  }
  const all = async (): Promise<Uint8Array> => {
    const bytes = await result.bytes();
    look(bytes);
    return bytes;
  };
  return {
    ...result,
    chunks: chunks(),
    bytes: all,
    text: async () => new TextDecoder().decode(await all()),
  };
}
