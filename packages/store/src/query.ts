import type { Engine } from "./engine/engine.js";
import { isFormatName } from "./engine/formats.js";
import type { QueryLimits } from "./engine/protocol.js";
import { StoreError } from "./errors.js";

/** QueryParameter is a value that the engine binds to a {name:Type} place; arrays and maps are given as ClickHouse text. */
export type QueryParameter = string | number | bigint | boolean;

/** QueryOptions are what may be said about one query. */
export interface QueryOptions {
  /** format of the result, default JSONEachRow; the query's own FORMAT clause wins. */
  readonly format?: string;
  readonly params?: Readonly<Record<string, QueryParameter>>;
  /** limits override the store's defaults, up to the store's maxima. */
  readonly limits?: Partial<QueryLimits>;
  /** settings of the engine for this query, as its SETTINGS clause would have them; the limits hold all the same. */
  readonly settings?: Readonly<Record<string, string>>;
  /** signal cancels the query in the engine. */
  readonly signal?: AbortSignal;
}

/**
 * QueryResult is the answer to one query. Its bytes can be read once, by `chunks` or one of the others; a reader
 * that does not want the rest calls close(), or leaves the loop over `chunks`, which does it.
 */
export interface QueryResult {
  /** format is that of the bytes. */
  readonly format: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  /** rows parses a result in JSONEachRow: one value per row. Integers beyond 2^53 lose digits: select toString(…) of them. */
  rows<T>(): Promise<T[]>;
  close(): void;
  [Symbol.dispose](): void;
}

interface Part {
  readonly bytes?: Uint8Array;
  readonly error?: StoreError;
  readonly end?: true;
}

/** ENGINE_WAIT_MS is how long a query waits for an engine that is being started. */
const ENGINE_WAIT_MS = 10_000;

function parameterText(value: QueryParameter): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return String(value);
}

/** startQuery sends a query and resolves when the engine has taken it: the first part, its end, or its error is there. */
export async function startQuery(
  engine: Engine,
  sql: string,
  options: QueryOptions,
  limits: QueryLimits,
): Promise<QueryResult> {
  const format = options.format ?? "JSONEachRow";
  if (!isFormatName(format))
    throw new StoreError("bad-argument", `${JSON.stringify(format)} is no format's name`);
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.params ?? {})) params[name] = parameterText(value);
  await engine.ready(ENGINE_WAIT_MS);
  options.signal?.throwIfAborted();

  const parts: Part[] = [];
  let actual = format;
  let wake: () => void = () => undefined;
  const put = (part: Part): void => {
    parts.push(part);
    wake();
  };
  const take = async (): Promise<Part> => {
    for (;;) {
      const part = parts.shift();
      if (part !== undefined) return part;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  let over = false;
  const running = engine.query(
    { sql, format, params, settings: options.settings ?? {}, limits },
    {
      chunk(bytes, partFormat) {
        actual = partFormat;
        put({ bytes });
      },
      done() {
        over = true;
        put({ end: true });
      },
      failed(error) {
        over = true;
        put({ error });
      },
    },
  );
  const cancel = (): void => {
    if (!over) running.cancel();
  };
  options.signal?.addEventListener("abort", cancel, { once: true });
  const finish = (): void => {
    options.signal?.removeEventListener("abort", cancel);
    cancel();
  };

  let first: Part | undefined = await take();
  if (first.error !== undefined) {
    finish();
    throw first.error;
  }
  async function* read(): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        const part: Part = first ?? (await take());
        first = undefined;
        if (part.error !== undefined) throw part.error;
        if (part.bytes === undefined) return;
        // The next part is made while this one is used: one is on its way at any time, so memory stays bounded.
        running.more();
        yield part.bytes;
      }
    } finally {
      finish();
    }
  }
  const chunks = read();
  const bytes = async (): Promise<Uint8Array> => {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    return all.length === 1 && all[0] !== undefined ? all[0] : Buffer.concat(all);
  };
  const text = async (): Promise<string> => new TextDecoder().decode(await bytes());
  return {
    format: actual,
    chunks,
    bytes,
    text,
    async rows<T>() {
      const lines = (await text()).split("\n");
      return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
    },
    close: finish,
    [Symbol.dispose]: finish,
  };
}
