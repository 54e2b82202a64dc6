import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
} from "@go3s/telemetry";
import { type Started, send, start } from "../testing/start.js";

const now = BigInt(Date.now()) * 1_000_000n;
const resources = ["acme", "beta", undefined].map((tenant) => ({
  attributes: tenant === undefined ? [] : [{ key: "k8s.namespace.name", value: { stringValue: tenant } }],
}));

async function post({ server }: Started, path: string, body: Uint8Array): Promise<void> {
  const { status } = await send(`${server.addresses.otlp_http}/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body,
  });
  assert.equal(status, 200);
}

/** spansOf is a span of each resource, each in a trace of its own; sampling keeps errors. */
const spansOf = (spanId: string, code: number): Uint8Array =>
  encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: resources.map((resource, i) => ({
      resource,
      scopeSpans: [
        {
          spans: [
            {
              traceId: `${i + 1}a`.repeat(16),
              spanId,
              startTimeUnixNano: now,
              endTimeUnixNano: now,
              status: { code },
            },
          ],
        },
      ],
    })),
  });
const spans = spansOf("1a".repeat(8), 2);

async function tenantsOf({ store }: Started, table: string): Promise<unknown[]> {
  await store.flush();
  const rows = await (await store.query(`SELECT tenant FROM ${table} ORDER BY tenant`)).rows<{
    tenant: string;
  }>();
  return rows.map(({ tenant }) => tenant);
}

test("a resource's attribute says whose its rows are, in every signal; without it they are of `default`", async () => {
  const started = await start({ tenantAttribute: "k8s.namespace.name" });
  try {
    await post(started, "traces", spans);
    const logs = { logRecords: [{ timeUnixNano: now }] };
    await post(
      started,
      "logs",
      encodeProtobuf(ExportLogsServiceRequest, {
        resourceLogs: resources.map((resource) => ({ resource, scopeLogs: [logs] })),
      }),
    );
    const metrics = { metrics: [{ name: "m", gauge: { dataPoints: [{ timeUnixNano: now, asInt: 1n }] } }] };
    await post(
      started,
      "metrics",
      encodeProtobuf(ExportMetricsServiceRequest, {
        resourceMetrics: resources.map((resource) => ({ resource, scopeMetrics: [metrics] })),
      }),
    );
    for (const table of ["traces", "logs", "metrics"])
      assert.deepEqual(await tenantsOf(started, table), ["acme", "beta", "default"], table);
  } finally {
    await started.close();
  }
});

test("under sampling, too: of spans that wait as of those that are kept at once", async () => {
  const started = await start({
    tenantAttribute: "k8s.namespace.name",
    sample: { ratio: 1e-9, wait_ms: 500 },
  });
  try {
    await post(started, "traces", spansOf("1b".repeat(8), 0));
    await post(started, "traces", spans);
    for (let round = 0; (await tenantsOf(started, "traces")).length < 6; round++) {
      assert.ok(round < 300, "the spans that waited are not there");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.deepEqual(await tenantsOf(started, "traces"), [
      "acme",
      "acme",
      "beta",
      "beta",
      "default",
      "default",
    ]);
  } finally {
    await started.close();
  }
});

test("where no attribute is named, all is of `default`", async () => {
  const started = await start();
  try {
    await post(started, "traces", spans);
    assert.deepEqual(await tenantsOf(started, "traces"), ["default", "default", "default"]);
  } finally {
    await started.close();
  }
});
