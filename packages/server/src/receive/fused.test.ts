import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { LogsIngest, MetricsIngest, type SignalIngest, TracesIngest } from "@go3s/store";
import { Sampler } from "../sample/sampler.js";
import { fuseOtlp, type OtlpRequests } from "../testing/fuse-otlp.js";
import { varint, write } from "../testing/mutate.js";
import { shopRequests } from "../testing/shop-requests.js";
import { send, start } from "../testing/start.js";

const ingests = { traces: TracesIngest, logs: LogsIngest, metrics: MetricsIngest } as const;
const signals = ["traces", "logs", "metrics"] as const;

function blockOf(ingest: SignalIngest, request: Uint8Array, fused: boolean): Buffer {
  ingest.append(request, { fused, receivedMs: 0 });
  return Buffer.from(ingest.take()?.bytes ?? []);
}

test("one request of three signals gives the very blocks that the three give", () => {
  const requests = shopRequests(50);
  const fused = fuseOtlp(requests, true);
  for (const signal of signals) {
    const plain = blockOf(new ingests[signal](), requests[signal], false);
    assert.ok(plain.length > 0);
    assert.deepEqual(blockOf(new ingests[signal](), fused, true), plain, signal);
  }
});

test("it has at least 30 % fewer bytes than the three, as it is and under gzip", (t) => {
  const requests = shopRequests(500);
  const three = signals.map((signal) => requests[signal]);
  const fused = fuseOtlp(requests);
  const sum = (of: readonly Uint8Array[]) => of.reduce((bytes, each) => bytes + each.length, 0);
  const plain = sum(three);
  const gzipped = sum(three.map((each) => gzipSync(each)));
  t.diagnostic(`${plain} → ${fused.length} bytes, gzip ${gzipped} → ${gzipSync(fused).length}`);
  assert.ok(fused.length < 0.7 * plain, `${fused.length} of ${plain}`);
  // What gzip finds again by itself is no gain any more.
  assert.ok(gzipSync(fused).length < gzipped, `${gzipSync(fused).length} of ${gzipped}`);
});

test("numbers that name nothing, and few bytes that would become many, are refused", () => {
  const bytes = (number: number, content: Buffer) => ({ number, wire: 2, content });
  const request = (numbers: Buffer, entry: Buffer) => {
    const span = write([bytes(1, Buffer.alloc(16, 1)), bytes(2, Buffer.alloc(8, 1)), bytes(100, numbers)]);
    return write([bytes(4, entry), bytes(1, write([bytes(2, write([bytes(2, span)]))]))]);
  };
  const text = (length: number) =>
    write([bytes(1, Buffer.from("k")), bytes(2, write([bytes(1, Buffer.alloc(length, 97))]))]);
  const append = (body: Buffer) => new TracesIngest().append(body, { fused: true });
  assert.equal(append(request(Buffer.from([0, 0]), text(3))).rows, 1);
  assert.throws(() => append(request(Buffer.from([0, 1]), text(3))), { code: "malformed-protobuf" });
  assert.throws(() => append(request(varint(2 ** 31), text(3))), { code: "malformed-protobuf" });
  assert.throws(() => append(request(Buffer.alloc(1000), text(100_000))), { code: "request-too-large" });
});

test("a server takes all three or none, and samples spans of such requests only", async () => {
  const started = await start();
  try {
    const { otlp_http } = started.server.addresses;
    const post = (body: Uint8Array) =>
      send(`${otlp_http}/v1/fused`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body,
      });
    const requests: OtlpRequests = shopRequests(20);
    const fused = fuseOtlp(requests);
    assert.equal((await post(fused)).status, 200);
    // A mistake in the last signal takes the spans and logs before it along.
    const broken = Buffer.concat([
      fused,
      write([{ number: 3, wire: 2, content: Buffer.from([0x0a, 0x7f]) }]),
    ]);
    assert.equal((await post(broken)).status, 400);
    const { ingest } = started.server.status();
    assert.deepEqual([ingest.spans, ingest.logs, ingest.metrics], [20, 20, 15]);
    await started.store.flush();
    const [row] = await (
      await started.store.query(
        `SELECT (SELECT count() FROM traces) AS spans, (SELECT count() FROM logs) AS logs, (SELECT count() FROM metrics) AS points,
         (SELECT uniqExact(resource_id) FROM (SELECT resource_id FROM traces UNION ALL SELECT resource_id FROM logs UNION ALL SELECT resource_id FROM metrics)) AS resources`,
      )
    ).rows<Record<string, number>>();
    assert.deepEqual(Object.values(row ?? {}).map(Number), [20, 20, 15, 1]);
    const cut = new Sampler({ ratio: 2 ** -56 }).cut(fused, true);
    assert.equal(new TracesIngest().append(cut.bytes ?? fused, { fused: true }).rows, 0);
    assert.equal(new LogsIngest().append(cut.bytes ?? fused, { fused: true }).rows, 20);
    assert.equal(cut.waitingSpans, 20);
  } finally {
    await started.close();
  }
});

test("spans that wait have the attributes that they named by number, and neither logs nor metrics", () => {
  const requests = shopRequests(5);
  const { waiting = Buffer.alloc(0) } = new Sampler({ ratio: 2 ** -56 }).cut(fuseOtlp(requests, true), true);
  const again = blockOf(new TracesIngest(), waiting, true);
  assert.deepEqual(again, blockOf(new TracesIngest(), requests.traces, false));
  assert.equal(new LogsIngest().append(waiting, { fused: true }).rows, 0);
});
