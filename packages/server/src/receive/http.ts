import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { count } from "../counters.js";
import { ServerError } from "../errors.js";
import { foreignAt, receiveForeign } from "../foreign/receive.js";
import { type BodyReader, contentEncoding, declaredLength, decompress, readBody } from "./body.js";
import { drain } from "./drain.js";
import { otlpJsonToBytes } from "./json.js";
import { type Receiver, refuse, succeed } from "./receiver.js";
import {
  type Accepted,
  type OtlpSignal,
  otlpSignals,
  type Refusal,
  responseBytes,
  responseJson,
  statusBytes,
  statusJson,
} from "./status.js";

type Format = "protobuf" | "json";

const contentTypes = { protobuf: "application/x-protobuf", json: "application/json" } as const;
// A collector's connections stay open between batches: its default batch timeout and retry backoff are below 30 s.
const keepAliveMs = 75_000;
// How long a client may take for one body; slower ones hold memory that others need.
const requestMs = 60_000;

/** Route is what a path takes. */
interface Route {
  readonly signal: OtlpSignal;
  readonly fused: boolean;
}

const byPath = new Map<string, Route>(otlpSignals.map((signal) => [signal.path, { signal, fused: false }]));
const traces = byPath.get("/v1/traces")?.signal;
if (traces !== undefined) byPath.set("/v1/fused", { signal: traces, fused: true });

/**
 * createOtlpHttp makes the OTLP/HTTP server (not listening yet): POST /v1/traces, /v1/logs, /v1/metrics, /v1development/profiles, and /v1/fused
 * for the form of docs/fused-otlp.md; and what foreign/formats.ts lists.
 */
export function createOtlpHttp(receiver: Receiver, reader: BodyReader): Server {
  const server = createServer(
    { keepAliveTimeout: keepAliveMs, requestTimeout: requestMs, noDelay: true },
    (request, response) => void handle(receiver, reader, request, response),
  );
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    const tooLarge = (declaredLength(request) ?? 0) > reader.limits.bodyBytes;
    if (!tooLarge) response.writeContinue();
    void handle(receiver, reader, request, response);
  });
  return server;
}

async function handle(
  receiver: Receiver,
  reader: BodyReader,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const foreign = foreignAt((request.url ?? "").split("?", 1)[0] ?? "");
  if (foreign !== undefined) return receiveForeign(foreign, receiver, reader, request, response);
  let format: Format = "json";
  let signal: OtlpSignal | undefined;
  let way = "http";
  try {
    const taken = route(request, response);
    signal = taken.signal;
    way = wayOf(taken);
    format = formatOf(request);
    receiver.admit?.(request.socket, request.headers);
    if (taken.fused && format === "json")
      throw new ServerError("unsupported-type", "/v1/fused takes protobuf only", {
        hint: "use application/x-protobuf, or send OTLP/JSON to /v1/traces",
      });
    const encoding = contentEncoding(request);
    const accepted = await receive(receiver, reader, request, taken, format, encoding);
    succeed(receiver, way, signal, accepted);
    const body = format === "json" ? responseJson(signal, accepted) : responseBytes(signal, accepted);
    response.setHeader("Content-Type", contentTypes[format]);
    response.setHeader("Content-Length", Buffer.byteLength(body));
    response.end(body);
  } catch (error) {
    const refusal = refuse(receiver, way, signal?.signal ?? "none", error);
    await answerRefusal(request, response, refusal, format);
  }
}

async function receive(
  receiver: Receiver,
  reader: BodyReader,
  request: IncomingMessage,
  taken: Route,
  format: Format,
  encoding: ReturnType<typeof contentEncoding>,
): Promise<Accepted> {
  const { signal, fused } = taken;
  const raw = await readBody(request, reader);
  let done: Promise<Accepted>;
  try {
    count(receiver.counters, "bytes", wayOf(taken), signal.signal).value += raw.wireBytes;
    const body = await decompress(raw, encoding, reader.limits);
    const bytes = format === "json" ? otlpJsonToBytes(signal.signal, body.bytes) : body.bytes;
    done = receiver.intake.accept(signal.signal, bytes, fused);
  } finally {
    raw.release();
  }
  return done;
}

/** wayOf names a route in the counters. */
const wayOf = ({ fused }: Route): string => (fused ? "fused" : "http");

function route(request: IncomingMessage, response: ServerResponse): Route {
  const path = (request.url ?? "").split("?", 1)[0] ?? "";
  const found = byPath.get(path);
  if (!found)
    throw new ServerError("not-found", `${path.slice(0, 200)} takes no telemetry`, {
      hint: "send OTLP to /v1/traces, /v1/logs, /v1/metrics or /v1development/profiles, Zipkin to /api/v2/spans, Jaeger's Thrift to /api/traces, remote write to /api/v1/write, pprof to /v1/pprof",
    });
  if (request.method === "POST") return found;
  response.setHeader("Allow", "POST");
  throw new ServerError("method-not-allowed", `${path} takes POST, not ${request.method}`);
}

function formatOf(request: IncomingMessage): Format {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/x-protobuf" || type === "application/protobuf") return "protobuf";
  if (type === "application/json") return "json";
  throw new ServerError("unsupported-type", `Content-Type ${JSON.stringify(type ?? "")} is not OTLP`, {
    hint: "use application/x-protobuf or application/json",
  });
}

/** answerRefusal sends a Status in the request's format, after letting the client finish what it is sending (within bounds). */
async function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
  format: Format,
): Promise<void> {
  const { error } = refusal;
  if (error.retryAfterSeconds !== undefined) response.setHeader("Retry-After", error.retryAfterSeconds);
  // RFC 9110 section 15.5.16: 415 for a coding tells which ones are taken.
  if (error.code === "unsupported-type")
    response.setHeader("Accept-Encoding", "gzip, zstd, deflate, identity");
  const body = format === "json" ? statusJson(refusal) : statusBytes(refusal);
  response.setHeader("Content-Type", contentTypes[format]);
  response.setHeader("Content-Length", Buffer.byteLength(body));
  response.statusCode = error.status;
  if (!(await drain(request))) response.setHeader("Connection", "close");
  response.end(body);
}
