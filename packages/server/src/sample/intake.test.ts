import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf, ExportTraceServiceRequest } from "@go3s/telemetry";
import { createCounters } from "../counters.js";
import { ServerError } from "../errors.js";
import type { Intake } from "../receive/receiver.js";
import { plainRequest } from "../testing/sample-requests.js";
import { send, start } from "../testing/start.js";
import { createSamplingIntake } from "./intake.js";

test("what a full store refuses is not counted, and what was released is taken when there is room again", async () => {
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
  const intake = createSamplingIntake(inner, { ratio: 2 ** -56 }, createCounters());
  await intake.accept("traces", plainRequest([{ trace: "1", id: "1", parent: "9" }]));
  const error = plainRequest([{ trace: "1", id: "2", error: true }]);
  isFull = true;
  await assert.rejects(intake.accept("traces", error), { code: "too-many" });
  assert.deepEqual(intake.status().kept, {});
  isFull = false;
  // Its sender sends it again.
  await intake.accept("traces", error);
  await intake.close();
  assert.deepEqual(ids.sort(), ["1", "2"]);
  assert.deepEqual(intake.status().kept, { error: 1, trace: 1 });
  assert.deepEqual(intake.status().dropped, {});
});

test("a server that samples keeps errors whole and tells what it does", async () => {
  const started = await start({ sample: { ratio: 2 ** -56, settle_ms: 0 } });
  try {
    const { otlp_http, web } = started.server.addresses;
    const post = (body: Uint8Array) =>
      send(`${otlp_http}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body,
      });
    const quiet = Array.from({ length: 50 }, (_, i) => ({ trace: `${100 + i}`, id: `${i + 1}` }));
    assert.equal((await post(plainRequest([...quiet, { trace: "7", id: "777", error: true }]))).status, 200);
    assert.equal((await post(plainRequest([{ trace: "7", id: "778", parent: "777" }]))).status, 200);
    while ((started.server.status().sampling?.waiting.spans ?? 0) > 0)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await started.store.flush();
    const rows = await (
      await started.store.query(
        "SELECT trimLeft(replaceRegexpOne(span_id, '^0+', '')) AS id FROM traces ORDER BY id",
      )
    ).rows<{ id: string }>();
    assert.deepEqual(
      rows.map(({ id }) => id),
      ["777", "778"],
    );
    const { sampling } = started.server.status();
    assert.deepEqual([sampling?.kept, sampling?.dropped], [{ error: 1, trace: 1 }, { settled: 50 }]);
    const metrics = (await send(`${web}/metrics`)).body.toString();
    for (const line of [
      'go3s_sample_spans_total{decision="dropped",reason="settled"} 50',
      'go3s_sample_spans_total{decision="kept",reason="error"} 1',
      "go3s_sample_waiting_spans 0",
      'go3s_store_log_faults{during="sync"} 0',
      "go3s_store_waiting_rows 0",
    ])
      assert.ok(metrics.includes(line), `/metrics does not say: ${line}`);
    assert.match(metrics, /go3s_store_uncompressed_bytes\{table="schema_version"\} [1-9]/);
  } finally {
    await started.close();
  }
});
