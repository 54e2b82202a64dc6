import { Agent, request } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";

/** Sender sends one encoded trace request and resolves when it is acknowledged. */
export interface Sender {
  send(body: Uint8Array): Promise<void>;
  close(): void;
}

/** httpSender sends OTLP/HTTP protobuf over kept connections. */
export function httpSender(url: string, connections: number, encoding?: "gzip"): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const target = new URL("/v1/traces", url);
  const coded = encoding === undefined ? {} : { "content-encoding": encoding };
  return {
    send: (body) =>
      new Promise((resolve, reject) => {
        const call = request(
          target,
          {
            method: "POST",
            agent,
            headers: { "content-type": "application/x-protobuf", "content-length": body.length, ...coded },
          },
          (response) => {
            response.resume();
            response.once("end", () =>
              response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
            );
          },
        );
        call.once("error", reject);
        call.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/**
 * grpcSender sends the same bytes as OTLP/gRPC, over a few connections. By hand: the generator runs on the server's processors, and
 * @grpc/grpc-js takes twice the CPU (1.0 us a span); the tests use real clients.
 */
export function grpcSender(target: string, connections: number): Sender {
  // A client's requests under way count against Node's limit of 10 MB, above which it resets what is answered.
  const options = { maxSessionMemory: 1_000 };
  const sessions = Array.from({ length: connections }, () => connect(`http://${target}`, options));
  let next = 0;
  return {
    send: (body) => exportOver(sessions[next++ % sessions.length], body),
    close: () => {
      for (const session of sessions) session.close();
    },
  };
}

const headers = {
  ":method": "POST",
  ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  "content-type": "application/grpc+proto",
  te: "trailers",
};

function exportOver(session: ClientHttp2Session | undefined, body: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (session === undefined) return reject(new Error("no connection"));
    const stream = session.request(headers);
    let status: unknown;
    const look = (got: Readonly<Record<string, unknown>>): void => {
      status = got["grpc-status"] ?? status;
    };
    stream.on("response", look).on("trailers", look);
    stream.on("error", reject);
    stream.on("close", () => (status === "0" ? resolve() : reject(new Error(`grpc-status ${status}`))));
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    stream.cork();
    stream.write(prefix);
    stream.end(body);
    stream.uncork();
    stream.resume();
  });
}
