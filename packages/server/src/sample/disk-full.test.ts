import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { decodeProtobuf, RpcStatus } from "@go3s/telemetry";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { plainRequest } from "../testing/sample-requests.js";
import { mountSmallDisk, type SmallDisk } from "../testing/small-disk.js";
import { type Started, send, start } from "../testing/start.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const overHttp = ({ server }: Started, body: Uint8Array) =>
  send(`${server.addresses.otlp_http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });

const same = (bytes: Buffer) => bytes;

function overGrpc({ server }: Started, body: Uint8Array): Promise<ServiceError | undefined> {
  const client = new Client(server.addresses.otlp_grpc, credentials.createInsecure());
  const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, Buffer.from(body), new Metadata(), (error) => {
      client.close();
      resolve(error ?? undefined);
    });
  });
}

/** isRetry tells whether a refusal over gRPC says when to come back. */
function isRetry(error: ServiceError | undefined): boolean {
  const details = error?.metadata.get("grpc-status-details-bin")[0];
  return Buffer.isBuffer(details) && decodeProtobuf(RpcStatus, details).details[0] !== undefined;
}

async function rowsIn({ store }: Started): Promise<unknown> {
  await store.flush();
  return (await store.query("SELECT count() AS n, uniqExact(span_id) AS ids FROM traces")).rows();
}

/** smallDisk mounts a disk on a folder of a new one, or skips the test. */
function smallDisk(
  t: TestContext,
  folder: string,
  mib: number,
): { dir: string; disk: SmallDisk } | undefined {
  const dir = mkdtempSync(join(tmpdir(), "go3s-full-"));
  const path = join(dir, folder);
  mkdirSync(path, { recursive: true });
  const disk = mountSmallDisk(path, mib);
  t.after(() => {
    if (typeof disk !== "string") disk.unmount();
    rmSync(dir, { recursive: true });
  });
  if (typeof disk !== "string") return { dir, disk };
  t.skip(disk);
  return undefined;
}

let next = 0;
const id = () => `${++next}`.padStart(6, "0");

/** pairs makes spans that wait, and errors that keep every second of their traces. */
function pairs(count: number): { readonly waiting: Uint8Array; readonly errors: Uint8Array } {
  const traces = Array.from({ length: count }, id);
  const waiting = plainRequest(traces.map((trace) => ({ trace, id: id(), parent: "9" })));
  const kept = traces.filter((_, i) => i % 2 === 0);
  return { waiting, errors: plainRequest(kept.map((trace) => ({ trace, id: id(), error: true }))) };
}

test("a full disk refuses spans that would wait and decides nothing; with room both go on and nothing is lost", async (t) => {
  const small = smallDisk(t, "disk", 256);
  if (small === undefined) return;
  const { dir, disk } = small;
  const ratio = 2 ** -56;
  let started = await start({ sample: { ratio, wait_ms: 600_000 } }, { dir: join(dir, "disk", "data") });
  const sampling = () => started.server.status().sampling;
  try {
    const first = pairs(40);
    assert.equal((await overHttp(started, first.waiting)).status, 200);
    assert.equal((await overHttp(started, first.errors)).status, 200);
    const second = pairs(40);
    assert.equal(await overGrpc(started, second.waiting), undefined);
    assert.equal(await overGrpc(started, second.errors), undefined);
    disk.fill();
    const refused = pairs(40);
    const answer = await overHttp(started, refused.waiting);
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [503, "5"]);
    assert.equal(started.server.status().store.state, "disk-full");
    const error = await overGrpc(started, refused.waiting);
    assert.equal(error?.code, status.RESOURCE_EXHAUSTED);
    assert.ok(isRetry(error));
    // It tried to make room by deciding early, but what is to be kept needs some first.
    while (sampling()?.failure === "") await pause(20);
    assert.equal(sampling()?.waiting.spans, 80);
    disk.free();
    // Errors first: however slow this machine is, what comes then is kept.
    for (const body of [refused.errors, refused.waiting])
      while ((await overHttp(started, body)).status !== 200) await pause(50);
    await started.close();
    started = await start({ sample: { ratio, wait_ms: 50 } }, { dir: join(dir, "disk", "data") });
    while ((sampling()?.waiting.bytes ?? 0) > 0) await pause(20);
    assert.equal(sampling()?.failure, "");
    assert.deepEqual(await rowsIn(started), [{ n: 120, ids: 120 }]);
    assert.deepEqual(started.store.stats().dropped, {});
  } finally {
    await started.close();
  }
});

test("an engine whose own disk is full makes both protocols say when to come back; with room all of it is there", async (t) => {
  const small = smallDisk(t, "data/db", 96);
  if (small === undefined) return;
  const { dir, disk } = small;
  const started = await start({}, { dir: join(dir, "data"), waitingBytesMax: 1 << 20 });
  try {
    disk.fill(64 << 10);
    let acknowledged = 0;
    const spans = () => plainRequest(Array.from({ length: 400 }, () => ({ trace: id(), id: id() })));
    let answer = await overHttp(started, spans());
    for (; answer.status === 200; answer = await overHttp(started, spans())) acknowledged += 400;
    assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, "1"]);
    const error = await overGrpc(started, spans());
    assert.equal(error?.code, status.UNAVAILABLE);
    assert.ok(isRetry(error));
    assert.ok(acknowledged > 1000);
    disk.free();
    while ((await overGrpc(started, spans())) !== undefined) await pause(50);
    acknowledged += 400;
    assert.deepEqual(await rowsIn(started), [{ n: acknowledged, ids: acknowledged }]);
    assert.deepEqual(started.store.stats().dropped, {});
  } finally {
    await started.close();
  }
});
