import { createServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { Server } from "node:net";
import type { Readable } from "node:stream";
import { listening } from "./listening.js";

/** HeardRequest is a request as it arrived. */
export interface HeardRequest {
  readonly path: string;
  /** parents are its traceparents. */
  readonly parents: readonly string[];
  readonly body: Buffer;
  /** headers are names and values in turn, as they came. */
  readonly headers: readonly string[];
}

/** EchoServer answers requests with their bodies. */
export interface EchoServer {
  readonly port: number;
  /** heard are the requests since the last forget(). */
  readonly heard: readonly HeardRequest[];
  forget(): void;
  close(): void;
}

/** startEcho starts one of HTTP/1. */
export function startEcho(): Promise<EchoServer> {
  return start((hear) =>
    createServer((message, answer) =>
      hear(message.url ?? "", message.rawHeaders, message, (body) => void answer.end(body)),
    ),
  );
}

/** startEchoOfHTTP2 starts one of HTTP/2 in plain text; gRPC's calls get a status. */
export function startEchoOfHTTP2(): Promise<EchoServer> {
  return start((hear) =>
    createHttp2Server().on("stream", (stream: ServerHttp2Stream, _: unknown, __: number, raw: string[]) => {
      const [path = ""] = valuesOf(raw, ":path");
      const [type = "text/plain"] = valuesOf(raw, "content-type");
      hear(path, raw, stream, (body) => {
        const isCall = type === "application/grpc";
        if (isCall) stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.respond({ ":status": 200, "content-type": type }, { waitForTrailers: isCall });
        stream.end(body);
      });
    }),
  );
}

/** Hear reads a request to its end; those whose clients were killed have none. */
type Hear = (
  path: string,
  headers: readonly string[],
  from: Readable,
  answer: (body: Buffer) => void,
) => void;

async function start(serve: (hear: Hear) => Server): Promise<EchoServer> {
  const heard: HeardRequest[] = [];
  const server = serve((path, headers, from, answer) => {
    const parts: Buffer[] = [];
    from.on("data", (part: Buffer) => void parts.push(part));
    from.on("end", () => {
      const body = Buffer.concat(parts);
      heard.push({ path, parents: valuesOf(headers, "traceparent"), body, headers });
      answer(body);
    });
  });
  return {
    port: await listening(server),
    heard,
    forget: () => void heard.splice(0),
    close: () => void server.close(),
  };
}

const valuesOf = (headers: readonly string[], name: string): string[] =>
  headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name);
