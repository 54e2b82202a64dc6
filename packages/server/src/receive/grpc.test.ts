import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decodeProtobuf, ExportTraceServiceResponse, RpcStatus } from "@go3s/telemetry";
import {
  Client,
  compressionAlgorithms,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { shopLogs, shopSpans, shopTraces } from "../testing/shop.js";
import { type Started, start } from "../testing/start.js";

const limit = 1 << 20;
let started: Started;

before(async () => {
  started = await start({ bodyBytesMax: limit });
});
after(() => started.close());

const identity = (bytes: Buffer) => bytes;

function call(
  service: string,
  body: Uint8Array,
  options: Readonly<Record<string, number>> = {},
): Promise<{ readonly error?: ServiceError; readonly bytes?: Buffer }> {
  const client = new Client(started.server.addresses.otlp_grpc, credentials.createInsecure(), options);
  const path = service.startsWith("/") ? service : `/opentelemetry.proto.collector.${service}/Export`;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, identity, identity, Buffer.from(body), new Metadata(), (error, bytes) => {
      client.close();
      resolve(error ? { error } : bytes ? { bytes } : {});
    });
  });
}

async function stored(table: string): Promise<number> {
  await started.store.flush();
  const result = await started.store.query(`SELECT count() FROM ${table}`, { format: "TSV" });
  return Number(await result.text());
}

test("spans and logs are stored and acknowledged", async () => {
  const now = Date.now();
  const spans = await call("trace.v1.TraceService", shopSpans(now));
  assert.ok(spans.bytes);
  assert.equal(decodeProtobuf(ExportTraceServiceResponse, spans.bytes).partialSuccess, undefined);
  assert.ok((await call("logs.v1.LogsService", shopLogs(now))).bytes);
  assert.ok((await call("metrics.v1.MetricsService", new Uint8Array(0))).bytes);
  assert.equal(await stored("traces"), shopTraces * 7);
  assert.equal(await stored("logs"), shopTraces + 6 + 5);
});

test("gzip is taken", async () => {
  const before = await stored("traces");
  const options = { "grpc.default_compression_algorithm": compressionAlgorithms.gzip };
  assert.ok((await call("trace.v1.TraceService", shopSpans(Date.now()), options)).bytes);
  assert.equal(await stored("traces"), before + shopTraces * 7);
});

test("what is no OTLP is INVALID_ARGUMENT with a Status", async () => {
  const { error } = await call("trace.v1.TraceService", Buffer.from("hello, this is no OTLP"));
  assert.equal(error?.code, status.INVALID_ARGUMENT);
  const details = error?.metadata.get("grpc-status-details-bin")[0];
  assert.ok(Buffer.isBuffer(details));
  assert.equal(decodeProtobuf(RpcStatus, details).code, status.INVALID_ARGUMENT);
});

test("a message over the limit is RESOURCE_EXHAUSTED, also when only its decompressed form is", async () => {
  const large = Buffer.alloc(limit + 1);
  const plain = await call("trace.v1.TraceService", large);
  assert.equal(plain.error?.code, status.RESOURCE_EXHAUSTED);
  const options = { "grpc.default_compression_algorithm": compressionAlgorithms.gzip };
  const packed = await call("trace.v1.TraceService", large, options);
  assert.equal(packed.error?.code, status.RESOURCE_EXHAUSTED);
  const counted = started.server.status().dropped.find((drop) => drop.reason === "too-large");
  assert.equal(counted?.count, 2);
});

test("an unknown service is UNIMPLEMENTED", async () => {
  const { error } = await call("nothing.v1.NoService", new Uint8Array(0));
  assert.equal(error?.code, status.UNIMPLEMENTED);
});

test("health is told of the server and of each service", async () => {
  const check = (service: string) =>
    call(
      "/grpc.health.v1.Health/Check",
      Buffer.concat([Buffer.of(0x0a, service.length), Buffer.from(service)]),
    );
  for (const service of ["", "opentelemetry.proto.collector.logs.v1.LogsService"])
    assert.deepEqual((await check(service)).bytes, Buffer.of(0x08, 1));
  assert.equal((await check("nothing.v1.NoService")).error?.code, status.NOT_FOUND);
  assert.equal(
    (await call("/grpc.health.v1.Health/Watch", Buffer.alloc(0))).error?.code,
    status.UNIMPLEMENTED,
  );
});
