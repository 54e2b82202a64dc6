import { Agent, request } from "node:http";
import { Client, credentials } from "@grpc/grpc-js";

/** Sender sends one encoded trace request and resolves when it is acknowledged. */
export interface Sender {
  send(body: Uint8Array): Promise<void>;
  close(): void;
}

/** httpSender sends OTLP/HTTP protobuf over kept connections. */
export function httpSender(url: string, connections: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const target = new URL("/v1/traces", url);
  return {
    send: (body) =>
      new Promise((resolve, reject) => {
        const call = request(
          target,
          {
            method: "POST",
            agent,
            headers: { "content-type": "application/x-protobuf", "content-length": body.length },
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

/** grpcSender sends the same bytes as OTLP/gRPC, over a few channels of their own. */
export function grpcSender(target: string, channels: number): Sender {
  const clients = Array.from(
    { length: channels },
    (_, i) =>
      new Client(target, credentials.createInsecure(), {
        "grpc.use_local_subchannel_pool": 1,
        "grpc.channel_number": i,
      }),
  );
  let next = 0;
  const raw = (value: Buffer): Buffer => value;
  return {
    send: (body) =>
      new Promise((resolve, reject) => {
        const client = clients[next++ % clients.length];
        client?.makeUnaryRequest(
          "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
          raw,
          raw,
          Buffer.from(body.buffer, body.byteOffset, body.byteLength),
          (error) => (error ? reject(error) : resolve()),
        );
      }),
    close: () => {
      for (const client of clients) client.close();
    },
  };
}
