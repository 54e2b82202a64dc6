import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, describe, test } from "node:test";
import { encodeProtobuf, type Input, PostSpansRequest } from "@go3s/telemetry";
import {
  jaegerBatch,
  jaegerTag,
  type ThriftValue,
  thriftBytes,
  thriftCall,
} from "@go3s/telemetry/testing/thrift";
import { Client, credentials, status } from "@grpc/grpc-js";
import { createCounters, labelled } from "../counters.js";
import { ServerError } from "../errors.js";
import { createDecoders } from "../receive/decoders.js";
import { createIntake } from "../receive/intake.js";
import { type Started, send, start } from "../testing/start.js";
import { type JaegerUdp, listenJaegerUdp } from "./jaeger-udp.js";

const batch = (name: string): ThriftValue =>
  jaegerBatch(
    "old-shop",
    [jaegerTag("hostname", "box")],
    [{ name, tags: [jaegerTag("span.kind", "client")] }],
  );
const call = (name: string): ThriftValue => ({ type: "struct", fields: { 1: batch(name) } });

describe("Jaeger over HTTP", () => {
  let started: Started;
  before(async () => {
    started = await start({ jaeger: { httpPort: 0, udpPorts: [0] } });
  });
  after(() => started.close());

  const found = async (name: string): Promise<unknown[]> => {
    await started.store.flush();
    return (
      await started.store.query(
        `SELECT trace_id, kind, service_name, resource_attributes['host.name'] AS host, duration_ns FROM traces WHERE operation = '${name}'`,
      )
    ).rows();
  };
  const row = {
    trace_id: "0000000000000000463ac35c9f6413ad",
    kind: "CLIENT",
    service_name: "old-shop",
    host: "box",
    duration_ns: 1_500_000,
  };
  const post = (url: string, body: Uint8Array, type = "application/x-thrift") =>
    send(url, { method: "POST", headers: { "content-type": type }, body });

  test("a batch is on disk when it is acknowledged, on the OTLP port and on Jaeger's own", async () => {
    const { otlp_http, jaeger_http = "" } = started.server.addresses;
    const path = "/api/traces?format=jaeger.thrift";
    assert.equal((await post(`${otlp_http}${path}`, thriftBytes(batch("by http"), "binary"))).status, 202);
    const vendor = "application/vnd.apache.thrift.binary";
    const other = await post(`${jaeger_http}${path}`, thriftBytes(batch("by port"), "binary"), vendor);
    assert.equal(other.status, 202);
    assert.deepEqual(await found("by http"), [row]);
    assert.deepEqual(await found("by port"), [row]);
    // Jaeger's port takes nothing else.
    assert.equal((await post(`${jaeger_http}/v1/traces`, new Uint8Array(0))).status, 404);
  });

  test("what is no batch is its sender's fault", async () => {
    const url = `${started.server.addresses.otlp_http}/api/traces`;
    const whole = thriftBytes(batch("never"), "binary");
    const cut = await post(url, whole.subarray(0, 50));
    assert.equal(cut.status, 400);
    assert.match(cut.body.toString(), /the bytes end at 50/);
    assert.equal((await post(url, Buffer.from("hello"))).status, 400);
    assert.equal((await post(url, whole, "application/json")).status, 415);
    assert.equal((await send(url)).status, 405);
    assert.deepEqual(await found("never"), []);
  });

  test("PostSpans on the gRPC port takes Jaeger's protobuf", async () => {
    const process = { serviceName: "old-shop", tags: [{ key: "hostname", vStr: "box" }] };
    const request: Input<PostSpansRequest> = {
      batch: {
        process,
        spans: [
          {
            // 64-bit ids are the lower half.
            traceId: "463ac35c9f6413ad",
            spanId: "a2fb4a1d1a96d312",
            operationName: "by grpc",
            startTime: { seconds: 1_700_000_000n, nanos: 5 },
            duration: { nanos: 1_500_000 },
            tags: [{ key: "span.kind", vStr: "client" }],
          },
          {
            traceId: "463ac35c9f6413ad",
            spanId: "a2fb4a1d1a96d313",
            operationName: "by another",
            startTime: { seconds: 1_700_000_000n },
            process: { serviceName: "other" },
            references: [{ traceId: "463ac35c9f6413ad", spanId: "a2fb4a1d1a96d312", refType: 1 }],
            tags: [
              { key: "flag", vType: 1, vBool: true },
              { key: "n", vType: 2, vInt64: -5n },
              { key: "r", vType: 3, vFloat64: 0.5 },
              { key: "raw", vType: 4, vBinary: Uint8Array.of(1) },
            ],
          },
        ],
      },
    };
    const call = (body: Uint8Array): Promise<number | undefined> =>
      new Promise((resolve) => {
        const client = new Client(started.server.addresses.otlp_grpc, credentials.createInsecure());
        const identity = (bytes: Buffer): Buffer => bytes;
        const path = "/jaeger.api_v2.CollectorService/PostSpans";
        client.makeUnaryRequest(path, identity, identity, Buffer.from(body), (error) => {
          client.close();
          resolve(error?.code);
        });
      });
    assert.equal(await call(encodeProtobuf(PostSpansRequest, request)), undefined);
    assert.deepEqual(await found("by grpc"), [row]);
    const other =
      "SELECT service_name, parent_span_id, links[1].2 AS linked, attributes['flag'] AS flag, attributes['n'] AS n FROM traces WHERE operation = 'by another'";
    assert.deepEqual(await (await started.store.query(other)).rows(), [
      {
        service_name: "other",
        parent_span_id: "a2fb4a1d1a96d312",
        linked: "a2fb4a1d1a96d312",
        flag: "true",
        n: "-5",
      },
    ]);
    assert.equal(await call(Uint8Array.of(0xff, 0xff)), status.INVALID_ARGUMENT);
  });

  test("a datagram to the agent's port arrives, in either protocol", { timeout: 120_000 }, async () => {
    const port = Number(started.server.addresses.jaeger_udp?.[0]?.split(":").at(-1));
    const socket = createSocket("udp4");
    const sent = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve, reject) =>
        socket.send(bytes, port, "127.0.0.1", (error) => (error ? reject(error) : resolve())),
      );
    try {
      const taken = started.server.status().ingest.spans;
      await sent(thriftCall("emitBatch", call("by compact"), "compact"));
      await sent(thriftCall("emitBatch", call("by binary"), "binary"));
      while (started.server.status().ingest.spans < taken + 2)
        await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      socket.close();
    }
    assert.deepEqual(await found("by compact"), [row]);
    assert.deepEqual(await found("by binary"), [row]);
  });
});

describe("datagrams that are dropped", () => {
  const counters = createCounters();
  let store: () => Promise<void> = () => Promise.resolve();
  const decoders = createDecoders();
  const intake = createIntake({ append: () => store() }, decoders);
  const socket = createSocket("udp4");
  let udp: JaegerUdp;
  before(async () => {
    udp = await listenJaegerUdp({ intake, counters }, "127.0.0.1", 0);
  });
  after(async () => {
    socket.close();
    await udp.close();
    await intake.idle();
  });
  const outcomes = (): Record<string, number> =>
    Object.fromEntries(labelled(counters, "requests").map(({ labels, value }) => [labels[2] ?? "", value]));
  const told = async (bytes: Uint8Array, outcome: string): Promise<void> => {
    const before = outcomes()[outcome] ?? 0;
    socket.send(bytes, udp.port, "127.0.0.1");
    while ((outcomes()[outcome] ?? 0) === before) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test("are counted by their reason", { timeout: 120_000 }, async () => {
    const whole = thriftCall("emitBatch", call("x"), "compact");
    await told(whole, "ok");
    await told(whole.subarray(0, 40), "truncated");
    await told(Buffer.from("hello, this is no Thrift"), "malformed");
    await told(thriftCall("emitZipkinBatch", call("x"), "compact"), "malformed");
    store = () => Promise.reject(new ServerError("disk-full", "no room"));
    await told(whole, "disk-full");
    store = () => Promise.resolve();
    await told(whole, "ok");
    const dropped = Object.fromEntries(
      labelled(counters, "dropped").map(({ labels, value }) => [labels[1], value]),
    );
    assert.deepEqual(dropped, { "jaeger-udp-truncated": 1, "jaeger-udp-malformed": 2, "disk-full": 1 });
  });

  test("a port that is taken is refused with what to do", async () => {
    await assert.rejects(
      listenJaegerUdp({ intake, counters }, "127.0.0.1", udp.port),
      (error) => error instanceof ServerError && error.code === "cannot-listen" && /agent/.test(error.hint),
    );
  });
});
