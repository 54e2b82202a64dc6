import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliCompress, createDeflate, createGzip, constants as zlib } from "node:zlib";
import type { Store } from "@go3s/store";
import type { Counters } from "../counters.js";
import { count } from "../counters.js";
import { ServerError } from "../errors.js";
import { type BodyReader, contentEncoding, decompress, readBody } from "../receive/body.js";
import { createBufferPool } from "../receive/pool.js";
import { fromStore } from "../store-errors.js";
import { errorOf } from "../web/respond.js";
import { exceptionOf } from "./exception.js";
import { type Asked, readParameters } from "./parameters.js";

// As large as ClickHouse's own max_query_size; dashboards write statements of kilobytes.
const statementBytes = 256 << 10;
// As the page's own queries: beyond this many the engine has no thread for them.
const mostAtOnce = 8;

const contentTypes: readonly (readonly [RegExp, string])[] = [
  [
    /^JSON(?:Each|Lines|CompactEach|StringsEach|CompactStringsEach)|^NDJSON/,
    "application/x-ndjson; charset=UTF-8",
  ],
  [/^JSON/, "application/json; charset=UTF-8"],
  [/^CSV/, "text/csv; charset=UTF-8; header=present"],
  [/^(?:TSV|TabSeparated)/, "text/tab-separated-values; charset=UTF-8"],
  [/^(?:Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Protobuf)/, "application/octet-stream"],
  [/^XML/, "application/xml; charset=UTF-8"],
];

/** ClickHousePort answers ClickHouse's HTTP interface over the store: its clients connect as to a server. */
export interface ClickHousePort {
  /** answer serves a request below /clickhouse; `path` is what follows. It tells errors itself. */
  answer(
    path: string,
    search: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>;
}

/** createClickHousePort makes the interface; statements only read, with the limits that the page's have. */
export function createClickHousePort(store: Pick<Store, "query">, counters: Counters): ClickHousePort {
  const limits = { bodyBytes: statementBytes, inflightBytes: statementBytes * mostAtOnce };
  const reader: BodyReader = { limits, pool: createBufferPool(), inflight: 0 };
  let running = 0;
  let version: Promise<string> | undefined;

  const engineVersion = (): Promise<string> => {
    version ??= store
      .query("SELECT version()", { format: "TabSeparated" })
      .then((result) => result.text())
      .then((text) => text.trim())
      .catch(() => {
        version = undefined;
        return "0";
      });
    return version;
  };

  const run = async (asked: Asked, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const cancel = new AbortController();
    response.on("close", () => cancel.abort());
    const sql = await statementOf(asked.query, request, reader);
    if (sql === "") return void response.end("Ok.\n");
    if (running >= mostAtOnce)
      throw new ServerError("too-many", `${mostAtOnce} statements are running already`, {
        retryAfterSeconds: 1,
      });
    running++;
    try {
      const { format, params, settings } = asked;
      const result = await store.query(sql, { format, params, settings, signal: cancel.signal });
      response.setHeader("Content-Type", typeOf(result.format));
      response.setHeader("X-ClickHouse-Format", result.format);
      await send(result.chunks, encoderFor(asked, request, response), response);
    } finally {
      running--;
    }
  };

  return {
    async answer(path, search, request, response) {
      let outcome = "ok";
      try {
        response.setHeader("X-ClickHouse-Server-Display-Name", "go3s");
        response.setHeader("X-ClickHouse-Timezone", "UTC");
        response.setHeader("Cache-Control", "no-store");
        if (path === "/ping" || path === "/replicas_status") {
          response.setHeader("Content-Type", "text/html; charset=UTF-8");
          return void response.end("Ok.\n");
        }
        if (path !== "" && path !== "/")
          throw new ServerError("not-found", `there is no /clickhouse${path}`, {
            hint: "/clickhouse/?query=…",
          });
        const asked = readParameters(search, request.headers);
        response.setHeader("X-ClickHouse-Query-Id", asked.queryId ?? randomUUID());
        await run(asked, request, response);
      } catch (thrown) {
        const error = errorOf(fromStore(thrown));
        outcome = error.code;
        await tell(error, response, engineVersion);
      } finally {
        count(counters, "queries", outcome).value++;
      }
    },
  };
}

/** statementOf puts the statement together: of the address, then of the body, as ClickHouse does. */
async function statementOf(query: string, request: IncomingMessage, reader: BodyReader): Promise<string> {
  if (request.method === "GET" || request.method === "HEAD") return query.trim();
  const encoding = contentEncoding(request);
  const body = await decompress(await readBody(request, reader), encoding, reader.limits);
  const text = body.bytes.toString("utf8");
  body.release();
  return [query, text].join("\n").trim();
}

function typeOf(format: string): string {
  return contentTypes.find(([pattern]) => pattern.test(format))?.[1] ?? "text/plain; charset=UTF-8";
}

/** encoderFor compresses where the client asked for it twice: by a setting, and by Accept-Encoding. */
function encoderFor(asked: Asked, request: IncomingMessage, response: ServerResponse): Transform | undefined {
  if (!asked.compress) return undefined;
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const name = ["br", "gzip", "deflate"].find((each) => new RegExp(`\\b${each}\\b(?!;q=0)`).test(accepted));
  if (name === undefined) return undefined;
  response.setHeader("Content-Encoding", name);
  if (name === "gzip") return createGzip({ level: 3 });
  if (name === "deflate") return createDeflate({ level: 3 });
  return createBrotliCompress({ params: { [zlib.BROTLI_PARAM_QUALITY]: 3 } });
}

/** send streams the result only as fast as the client reads. */
async function send(
  chunks: AsyncIterable<Uint8Array>,
  encoder: Transform | undefined,
  response: ServerResponse,
): Promise<void> {
  const source: AsyncIterable<Uint8Array> | Readable = chunks;
  const target: Writable = response;
  if (encoder === undefined) await pipeline(source, target);
  else await pipeline(source, encoder, target);
}

async function tell(
  error: ServerError,
  response: ServerResponse,
  version: () => Promise<string>,
): Promise<void> {
  // After the head a broken connection is the only way to tell: an answer that looks whole would be worse.
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, code, text } = exceptionOf(error, await version());
  response.removeHeader("Content-Encoding");
  if (error.retryAfterSeconds !== undefined) response.setHeader("Retry-After", error.retryAfterSeconds);
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=UTF-8",
    "X-ClickHouse-Exception-Code": code,
    "X-ClickHouse-Format": "TabSeparated",
  });
  response.end(text);
}
