import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { RPC_CODE } from "@go3s/telemetry";
import { type ErrorCode, ServerError } from "../../errors.js";
import { type BodyReader, decompress } from "../body.js";
import { type Refusal, statusBytes } from "../status.js";
import {
  acceptedEncodings,
  binaryText,
  isGrpcProtobuf,
  messageEncoding,
  statusText,
  timeoutMs,
} from "./headers.js";
import { framed, newInbox } from "./message.js";

/** UnaryMethod takes one message and gives one. */
export interface UnaryMethod {
  /** The word that its refusals are counted under. */
  readonly label: string;
  /** Everybody may call it. */
  readonly isPublic?: boolean;
  /** Codes of its own for what it refuses. */
  readonly codes?: Readonly<Partial<Record<ErrorCode, number>>>;
  /** handle may read `message` until it returns, not until its promise resolves. */
  handle(message: Uint8Array, wireBytes: number): Promise<Uint8Array>;
}

/** UnaryMethods is what a server of unary calls answers with. */
export interface UnaryMethods {
  /** By path: /package.Service/Method. */
  readonly methods: ReadonlyMap<string, UnaryMethod>;
  readonly reader: BodyReader;
  /** admit throws ServerError for who may not call; left out: everybody may. */
  readonly admit?: ((socket: Socket | undefined, headers: IncomingHttpHeaders) => void) | undefined;
  /** refuse counts what is not answered with OK and turns it into what the client is told. */
  refuse(label: string, thrown: unknown): Refusal;
}

const nothing = () => {};
const contentType = "application/grpc+proto";
const okHeaders = { ":status": 200, "content-type": contentType, "grpc-accept-encoding": acceptedEncodings };
const okTrailers = { "grpc-status": "0" };

// How long a client may take for one message; slower ones hold memory that others need.
const receiveMs = 60_000;
// What setTimeout takes.
const timerMostMs = 2 ** 31 - 1;

// Where gRPC's own codes are others than OTLP/HTTP's: grpc's statuscodes.md on encodings and deadlines.
const ownCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  "unsupported-type": RPC_CODE.UNIMPLEMENTED,
  "request-timeout": RPC_CODE.DEADLINE_EXCEEDED,
};

/**
 * serveCall answers one HTTP/2 stream. Whatever happens the call ends with a status or a reset, and its memory is given back; the
 * rest of a refused message is not read: the stream is reset behind the status.
 */
export function serveCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  calls: UnaryMethods,
): void {
  stream.on("error", nothing);
  const path = headers[":path"] ?? "";
  const method = calls.methods.get(path);
  if (headers[":method"] !== "POST") answerHttp(stream, { ":status": 405, allow: "POST" });
  else if (!isGrpcProtobuf(headers["content-type"])) {
    calls.refuse("none", new ServerError("unsupported-type", "the content type is not gRPC's"));
    answerHttp(stream, { ":status": 415 });
  } else if (method === undefined) {
    const error = new ServerError("not-found", `no method ${path.slice(0, 200)}`);
    answerRefusal(stream, calls.refuse("none", error));
  } else run(stream, headers, method, calls);
}

function run(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  method: UnaryMethod,
  { reader, refuse, admit }: UnaryMethods,
): void {
  const inbox = newInbox(reader);
  let stage: "receiving" | "working" | "over" = "receiving";
  let timer: NodeJS.Timeout | undefined;
  const finish = (): boolean => {
    if (stage === "over") return false;
    // While it is worked on, the thread pool may be reading the message: who works gives it back.
    if (stage === "receiving") inbox.release();
    stage = "over";
    clearTimeout(timer);
    return true;
  };
  const fail = (thrown: unknown) => {
    if (finish()) answerRefusal(stream, refuse(method.label, thrown), method.codes);
  };
  const expire = () => fail(new ServerError("request-timeout", "the call took longer than its deadline"));
  const answer = async () => {
    stage = "working";
    clearTimeout(timer);
    timer = deadline === undefined ? undefined : startTimer(expire, deadline - performance.now());
    try {
      const response = await work();
      if (response !== undefined && finish()) answerMessage(stream, response);
    } catch (error) {
      fail(error);
    }
  };
  const work = async (): Promise<Uint8Array | undefined> => {
    let done: Promise<Uint8Array>;
    try {
      const message = inbox.end();
      const { bytes } = message.isCompressed
        ? await decompress(message, messageEncoding(headerText(headers["grpc-encoding"])), reader.limits)
        : message;
      if (stage !== "working") return undefined;
      done = method.handle(bytes, message.wireBytes);
    } finally {
      inbox.release();
    }
    return done;
  };

  let deadline: number | undefined;
  try {
    if (method.isPublic !== true) admit?.(stream.session?.socket, headers);
    const given = timeoutMs(headerText(headers["grpc-timeout"]));
    if (given !== undefined) deadline = performance.now() + given;
    timer = startTimer(expire, Math.min(given ?? receiveMs, receiveMs));
  } catch (error) {
    fail(error);
    return;
  }
  stream.on("data", (chunk: Buffer) => {
    if (stage !== "receiving") return;
    try {
      inbox.push(chunk);
    } catch (error) {
      fail(error);
    }
  });
  stream.on("end", () => {
    if (stage === "receiving" && !stream.aborted) void answer();
  });
  stream.on("close", () => {
    const wasReceiving = stage === "receiving";
    if (finish() && wasReceiving)
      refuse(
        method.label,
        new ServerError("request-timeout", "the call was cancelled before its message was here"),
      );
  });
}

function headerText(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value[0];
}

function startTimer(expire: () => void, ms: number): NodeJS.Timeout | undefined {
  return ms > timerMostMs ? undefined : setTimeout(expire, ms);
}

function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed || stream.headersSent;
}

function answerMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (isGone(stream)) return;
  stream.respond(okHeaders, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(okTrailers));
  stream.end(framed(message));
}

/** answerRefusal sends a status without a message ("Trailers-Only"), with google.rpc.Status for those who read details. */
function answerRefusal(stream: ServerHttp2Stream, refusal: Refusal, codes: UnaryMethod["codes"] = {}): void {
  const { code } = refusal.error;
  const rpcCode = codes[code] ?? ownCodes[code] ?? refusal.rpcCode;
  answerHttp(stream, {
    ...okHeaders,
    "grpc-status": String(rpcCode),
    "grpc-message": statusText(refusal.message),
    "grpc-status-details-bin": binaryText(statusBytes({ ...refusal, rpcCode })),
  });
}

/** answerHttp sends headers only, and tells a client that is still sending to stop (RFC 9113 section 8.1). */
function answerHttp(stream: ServerHttp2Stream, headers: Readonly<Record<string, string | number>>): void {
  if (isGone(stream)) return;
  stream.respond(headers, { endStream: true });
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}
