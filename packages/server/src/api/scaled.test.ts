import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { ExportTraceServiceRequest, encodeProtobuf, type Input, type Span } from "@go3s/telemetry";
import { type Started, send, start } from "../testing/start.js";
import type { MapAnswer, ServiceAnswer, ServicesAnswer } from "./types.js";

let started: Started;
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - 7_200_000;
const range = `from=${startMs + 20_000}&to=${startMs + 3_600_000 + 50_000}`;
// A filter that every span passes is answered from the spans, none from the minutes' rollups.
const everySpan = "-no.such.key:1";
const ways = ["", everySpan] as const;

const requests = 800;
const errors = 40;
const ratio = 0.25;

const SERVER = 2;
const CLIENT = 3;

/** idOf gives ids that are as good as random, and the same in each run. */
const idOf = (text: string, digits: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, digits);

/** spansOf are calls of a service "front" to "back": each a span of both, the failing ones marked so. */
function spansOf(service: "front" | "back", state: string): Input<Span>[] {
  return Array.from({ length: requests }, (_, i): Input<Span> => {
    const at = BigInt(startMs + 30_000 + i * 4_000) * 1_000_000n;
    const call = idOf(`call ${i}`, 16);
    return {
      traceId: idOf(`trace ${i}`, 32),
      spanId: service === "front" ? call : idOf(`serve ${i}`, 16),
      parentSpanId: service === "front" ? idOf("somewhere else", 16) : call,
      traceState: state,
      name: `GET /${i % 2}`,
      kind: service === "front" ? CLIENT : SERVER,
      startTimeUnixNano: at,
      endTimeUnixNano: at + 1_000_000n,
      ...(service === "back" && i % (requests / errors) === 0 ? { status: { code: 2 } } : {}),
    };
  });
}

async function sendSpans(to: Started, state: string): Promise<void> {
  for (const service of ["front", "back"] as const) {
    const attributes = [{ key: "service.name", value: { stringValue: service } }];
    const spans = spansOf(service, state);
    const body = encodeProtobuf(ExportTraceServiceRequest, {
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }],
    });
    const headers = { "content-type": "application/x-protobuf" };
    const answer = await send(`${to.server.addresses.otlp_http}/v1/traces`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(answer.status, 200);
  }
  await to.store.flush();
}

async function get<T>(from: Started, path: string, filter: string): Promise<T> {
  const address = `/api/v1/${path}?${range}&filter=${encodeURIComponent(filter)}`;
  const answer = await send(from.server.addresses.web, { path: address });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString());
}

before(async () => {
  started = await start();
  // Sampled elsewhere: each span stands for four.
  await sendSpans(started, "ot=th:c");
});
after(() => started.close());

test("requests, rates and errors are scaled by the spans' thresholds, from rollups as from spans", async () => {
  for (const filter of ways) {
    const { services } = await get<ServicesAnswer>(started, "services", filter);
    const back = services.find(({ service_name }) => service_name === "back");
    assert.deepEqual(
      [back?.requests, back?.errors, back?.error_share],
      [4 * requests, 4 * errors, errors / requests],
    );
    const seconds = 3_630;
    assert.ok(Math.abs((back?.rate ?? 0) - (4 * requests) / seconds) < 1e-9);
    const sparks = back?.spark.rate.reduce((sum, rate) => sum + rate, 0) ?? 0;
    assert.ok(sparks > 0);
    const one = await get<ServiceAnswer>(started, "services/back", filter);
    assert.deepEqual([one.requests, one.errors], [4 * requests, 4 * errors]);
    assert.deepEqual(
      one.operations.map(({ operation, requests: n }) => [operation, n]),
      [
        ["GET /0", 2 * requests],
        ["GET /1", 2 * requests],
      ],
    );
    assert.deepEqual(
      one.callers.map((row) => [row.name, row.requests, row.errors]),
      [["front", 4 * requests, 4 * errors]],
    );
    const { nodes, edges } = await get<MapAnswer>(started, "map", filter);
    assert.equal(nodes.find(({ name }) => name === "back")?.requests, 4 * requests);
    assert.deepEqual(
      edges.map((edge) => [edge.from, edge.to, edge.requests, edge.errors]),
      [["service:front", "service:back", 4 * requests, 4 * errors]],
    );
  }
});

test("what this server samples is shown as it came: near for what is kept by chance, exact for errors", async () => {
  const sampling = await start({ sample: { ratio } });
  try {
    await sendSpans(sampling, "");
    for (const filter of ways) {
      const { services } = await get<ServicesAnswer>(sampling, "services", filter);
      const back = services.find(({ service_name }) => service_name === "back");
      assert.equal(back?.errors, errors);
      // A quarter of 760 is kept by chance: 190 with a deviation of 12, each standing for four. The ids are the same in each run.
      assert.ok(Math.abs((back?.requests ?? 0) - requests) < requests / 8, String(back?.requests));
    }
  } finally {
    await sampling.close();
  }
});
