import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "@go3s/store";
import { decodeProtobuf, ExportTraceServiceRequest } from "@go3s/telemetry";
import { createCounters, labelled } from "../counters.js";
import { ServerError } from "../errors.js";
import type { Intake } from "../receive/receiver.js";
import { newMemoryLog } from "../testing/memory-log.js";
import { plainRequest } from "../testing/sample-requests.js";
import { type Started, send, start } from "../testing/start.js";
import { createSamplingIntake, startDecider } from "./intake.js";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("what a full store refuses is not counted and does not wait: its sender sends it again", async () => {
  let isFull = false;
  const ids: string[] = [];
  const inner: Intake = {
    async accept(_signal, body) {
      if (isFull) throw new ServerError("too-many", "full", { retryAfterSeconds: 1 });
      const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, body);
      const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      ids.push(...spans.map(({ spanId }) => spanId.replace(/^0+/, "")));
      return { rows: spans.length, rejected: 0, message: "" };
    },
    idle: () => Promise.resolve(),
  };
  const taken = { blocks: 0, rows: 0 };
  const log = newMemoryLog(taken);
  const options = { ratio: 2 ** -56, wait_ms: 600_000 };
  const intake = await createSamplingIntake(inner, log, options, createCounters());
  await intake.accept("traces", plainRequest([{ trace: "1", id: "1", parent: "9" }]));
  const mixed = plainRequest([
    { trace: "1", id: "2", error: true },
    { trace: "3", id: "3", parent: "9" },
  ]);
  isFull = true;
  await assert.rejects(intake.accept("traces", mixed), { code: "too-many" });
  assert.deepEqual(intake.status().kept, {});
  assert.equal(intake.status().waiting.spans, 1);
  isFull = false;
  await intake.accept("traces", mixed);
  await intake.accept("traces", plainRequest([{ trace: "3", id: "4", error: true }]));
  assert.equal(intake.status().waiting.spans, 2);
  assert.deepEqual(intake.status().kept, { error: 2 });
  await intake.close();
  await log.seal();
  // The next run: what was refused is void there too.
  const counters = createCounters();
  const decider = await startDecider(log, counters, { wait_ms: 20 });
  assert.equal(decider.spans, 2);
  while (log.bytes > 0) await pause(5);
  await decider.close();
  assert.deepEqual(ids, ["2", "4"]);
  assert.equal(taken.rows, 2, "the first of trace 1 and the first of trace 3, once each");
  assert.deepEqual(labelled(counters, "sampled"), [{ labels: ["kept", "trace"], value: 2 }]);
});

test("a request's own bytes may be used again as soon as it was handed over", async () => {
  const ids: string[] = [];
  const inner: Intake = {
    async accept(_signal, body) {
      const { resourceSpans } = decodeProtobuf(ExportTraceServiceRequest, body);
      const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
      ids.push(...spans.map(({ spanId }) => spanId.replace(/^0+/, "")));
      return { rows: spans.length, rejected: 0, message: "" };
    },
    idle: () => Promise.resolve(),
  };
  const log = newMemoryLog({ blocks: 0, rows: 0 });
  const intake = await createSamplingIntake(inner, log, { ratio: 2 ** -56 }, createCounters());
  // One is kept whole, and one of another in part.
  const bodies = [
    plainRequest([{ trace: "1", id: "1", error: true }]),
    plainRequest([
      { trace: "2", id: "2", error: true },
      { trace: "3", id: "3" },
    ]),
  ];
  const done = bodies.map((body) => intake.accept("traces", body));
  for (const body of bodies) body.fill(0xff);
  await Promise.all(done);
  await intake.close();
  assert.deepEqual(ids.sort(), ["1", "2"]);
});

const post = ({ server }: Started, body: Uint8Array) =>
  send(`${server.addresses.otlp_http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });

async function idsIn({ store }: Pick<Started, "store">): Promise<string[]> {
  await store.flush();
  const rows = await (
    await store.query("SELECT trimLeft(replaceRegexpOne(span_id, '^0+', '')) AS id FROM traces ORDER BY id")
  ).rows<{ id: string }>();
  return rows.map(({ id }) => id);
}

async function decided({ server }: Started): Promise<void> {
  while ((server.status().sampling?.waiting.bytes ?? 0) > 0) await pause(10);
}

test("a server that samples keeps errors whole, also what came long before, and tells what it does", async () => {
  const first = await start({ sample: { ratio: 2 ** -56, wait_ms: 600_000 } });
  let started = first;
  try {
    const quiet = Array.from({ length: 50 }, (_, i) => ({ trace: `${100 + i}`, id: `${i + 1}` }));
    assert.equal((await post(started, plainRequest([{ trace: "7", id: "776", parent: "777" }]))).status, 200);
    assert.equal(
      (await post(started, plainRequest([...quiet, { trace: "7", id: "777", error: true }]))).status,
      200,
    );
    assert.equal((await post(started, plainRequest([{ trace: "7", id: "778", parent: "777" }]))).status, 200);
    const before = started.server.status().sampling;
    assert.deepEqual([before?.waiting.spans, before?.kept], [51, { error: 1, trace: 1 }]);
    await first.server.close();
    await first.store.close();
    started = await start({ sample: { ratio: 2 ** -56, wait_ms: 50 } }, { dir: first.dir });
    await decided(started);
    assert.deepEqual(await idsIn(started), ["776", "777", "778"]);
    const { sampling } = started.server.status();
    assert.deepEqual([sampling?.kept, sampling?.dropped], [{ trace: 1 }, { ratio: 50 }]);
    const metrics = (await send(`${started.server.addresses.web}/metrics`)).body.toString();
    for (const line of [
      'go3s_sample_spans_total{decision="dropped",reason="ratio"} 50',
      'go3s_sample_spans_total{decision="kept",reason="trace"} 1',
      "go3s_sample_waiting_spans 0",
      "go3s_sample_failing 0",
      "go3s_sample_kept_traces 1",
      'go3s_store_log_faults{during="sync"} 0',
      "go3s_store_waiting_rows 0",
    ])
      assert.ok(metrics.includes(line), `/metrics does not say: ${line}`);
    assert.match(metrics, /go3s_store_uncompressed_bytes\{table="schema_version"\} [1-9]/);
  } finally {
    await started.close();
    await first.close();
  }
});

test("what waits outlives the server, and has the same verdict in the next", async () => {
  const first = await start({ sample: { ratio: 2 ** -56, wait_ms: 60_000 } });
  let next: Started | undefined;
  try {
    await post(first, plainRequest([{ trace: "1", id: "1", parent: "2" }]));
    await post(first, plainRequest([{ trace: "3", id: "3" }]));
    await post(first, plainRequest([{ trace: "1", id: "2", error: true }]));
    await first.server.close();
    await first.store.close();
    next = await start({ sample: { ratio: 2 ** -56, wait_ms: 50 } }, { dir: first.dir });
    assert.equal(next.server.status().sampling?.waiting.spans, 2);
    // The verdict about trace 1 was not lost with the process.
    await post(next, plainRequest([{ trace: "1", id: "4", parent: "2" }]));
    await decided(next);
    assert.deepEqual(await idsIn(next), ["1", "2", "4"]);
    await next.server.close();
    await next.store.close();
    next = await start({ sample: { ratio: 2 ** -56, wait_ms: 50 } }, { dir: first.dir });
    await post(next, plainRequest([{ trace: "1", id: "5", parent: "2" }]));
    assert.deepEqual(await idsIn(next), ["1", "2", "4", "5"], "verdicts outlive their generations");
  } finally {
    await next?.close();
    await first.close();
  }
});

test("what a server that sampled left is decided the same way by one that does not", async (t) => {
  const first = await start({ sample: { ratio: 2 ** -56, wait_ms: 60_000 } });
  t.after(() => first.close());
  await post(first, plainRequest([{ trace: "1", id: "1", parent: "2" }]));
  await post(first, plainRequest([{ trace: "3", id: "3" }]));
  await post(first, plainRequest([{ trace: "1", id: "2", error: true }]));
  await first.server.close();
  await first.store.close();
  await using store = await openStore({ dir: first.dir });
  const decider = await startDecider(store.undecided, createCounters(), { wait_ms: 20 });
  assert.equal(decider.spans, 2);
  while (store.undecided.bytes > 0) await pause(10);
  await decider.close();
  assert.deepEqual(await idsIn({ store }), ["1", "2"]);
});

test("more than may wait is decided early, and counted as such", async () => {
  const started = await start({ sample: { ratio: 2 ** -56, wait_ms: 600_000, waitingBytes: 20_000 } });
  try {
    for (let i = 0; i < 30; i++) {
      const spans = Array.from({ length: 20 }, (_, j) => ({
        trace: `${i}`.padStart(4, "0"),
        id: `${i}${j}`,
      }));
      assert.equal((await post(started, plainRequest(spans))).status, 200);
    }
    while ((started.server.status().sampling?.waiting.bytes ?? 0) > 20_000) await pause(10);
    const { sampling } = started.server.status();
    assert.ok((sampling?.dropped.evicted ?? 0) > 0);
    assert.equal((sampling?.dropped.evicted ?? 0) + (sampling?.waiting.spans ?? 0), 600);
  } finally {
    await started.close();
  }
});
