import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { PatternsAnswer, RuntimeAnswer, ServiceAnswer } from "../api/types.js";
import { type Fault, makeWorld } from "../testing/incident.js";
import { worldLines, worldPoints, worldSpans } from "../testing/incident-otlp.js";
import { type Started, send, start } from "../testing/start.js";
import type { DiagnosisAnswer } from "./types.js";

// The same made worlds as in diagnose.test.ts, out of the real store: the statements must say what memory says.

const hourMs = 3_600_000;
// Long past and at a round hour, each world three hours from the next, so that none is the other's past.
const firstMs = Math.floor(Date.now() / hourMs) * hourMs - 20 * hourMs;
const size = { minutes: 80, perMinute: 12, faultMinutes: 12 };

interface Case {
  readonly fault: Fault;
  readonly first: string;
  readonly words: RegExp;
}

const cases: readonly Case[] = [
  {
    fault: { kind: "pool", service: "catalog" },
    first: "waiting catalog",
    words: /before it calls postgresql/,
  },
  {
    fault: { kind: "exception", service: "payment" },
    first: "failure payment",
    words: /index # out of range.*New log line.*panic: index/s,
  },
  {
    fault: { kind: "own-code", service: "cart", state: "gc" },
    first: "self cart",
    words: /garbage collector.*go\.memory\.gc\.cycles\.rate/s,
  },
  {
    fault: { kind: "network", from: "frontend", to: "catalog" },
    first: "network frontend",
    words: /way from frontend to catalog/,
  },
  {
    fault: { kind: "retries", from: "checkout", to: "payment" },
    first: "retries checkout",
    words: /tries payment 3 times/,
  },
  {
    fault: { kind: "version", service: "payment" },
    first: "self payment",
    words: /service.version of payment is 2.0.0.*was seen first/s,
  },
];

const startOf = (index: number): number => firstMs + index * 3 * hourMs;

let started: Started;

async function ingest(path: string, body: Uint8Array): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const url = `${started.server.addresses.otlp_http}/v1/${path}`;
  assert.equal((await send(url, { method: "POST", headers, body })).status, 200);
}

async function get<T>(path: string): Promise<T> {
  const answer = await send(started.server.addresses.web, { path: `/api/v1/${path}` });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString());
}

async function rowsOf(sql: string): Promise<{ meta: { name: string; type: string }[]; data: unknown[][] }> {
  const path = "/api/v1/query?format=JSONCompact";
  const answer = await send(started.server.addresses.web, { path, method: "POST", body: sql });
  assert.equal(answer.status, 200, `${sql}\n${answer.body.toString()}`);
  return JSON.parse(answer.body.toString());
}

describe("a diagnosis of the store", () => {
  before(async () => {
    started = await start();
    for (const [index, { fault }] of cases.entries()) {
      const world = makeWorld(fault, 11 + index, size);
      await ingest("traces", worldSpans(world, startOf(index)));
      await ingest("logs", worldLines(world, startOf(index)));
      await ingest("metrics", worldPoints(world, startOf(index)));
    }
    await started.store.flush();
  });
  after(() => started.close());

  for (const [index, { fault, first, words }] of cases.entries()) {
    it(`finds ${Object.values(fault).join(" ")}, with evidence that can be asked for`, async () => {
      const to = startOf(index) + size.minutes * 60_000;
      const from = startOf(index) + (size.minutes * 60_000) / 2;
      const answer = await get<DiagnosisAnswer>(`diagnosis?service=frontend&from=${from}&to=${to}`);
      const [cause] = answer.causes;
      assert.equal(`${cause?.kind} ${cause?.service_name}`, first, JSON.stringify(answer, null, 1));
      assert.match([cause?.sentence, ...(cause?.notes ?? [])].join("\n"), words);
      assert.ok((cause?.examples.length ?? 0) > 0);
      for (const evidence of [answer.symptom, ...answer.causes.flatMap((each) => each.evidence)]) {
        const { meta, data } = await rowsOf(evidence.sql);
        assert.equal(meta[0]?.name, "time", evidence.sql);
        assert.match(meta[0]?.type ?? "", /^DateTime/);
        assert.ok(data.length >= 2, `${evidence.sql} gives ${data.length} rows`);
      }
    });
  }

  it("tells whose requests became more", async () => {
    const to = startOf(0) + size.minutes * 60_000;
    const since = to - 600_000;
    const answer = await get<DiagnosisAnswer>(
      `diagnosis?service=checkout&figure=traffic&from=${since - 1_200_000}&to=${to}&since=${since}`,
    );
    assert.equal(answer.verdict, "quiet");
    assert.match(answer.looked_at.join(), /1 caller and 1 operation/);
  });

  it("refuses a question without a service and one that ends before it began", async () => {
    for (const query of ["", "service=frontend&since=now-1m&to=now-1h&from=now-2h"]) {
      const answer = await send(started.server.addresses.web, { path: `/api/v1/diagnosis?${query}` });
      assert.equal(answer.status, 400);
    }
  });

  it("lists the forms of log lines with how many came before", async () => {
    const to = startOf(1) + size.minutes * 60_000;
    const answer = await get<PatternsAnswer>(`logs/patterns?from=${to - 900_000}&to=${to}`);
    const panic = answer.patterns.find((row) => row.template === "panic: index # out of range");
    assert.ok(panic !== undefined && panic.before === 0 && panic.count > 3, JSON.stringify(answer.patterns));
    assert.equal(panic.level, "ERROR");
    assert.equal(
      panic.series.reduce((sum, value) => sum + value, 0),
      panic.count,
    );
    assert.ok(answer.patterns.some((row) => row.template === "handled #" && row.before > 0));
  });

  it("tells what a service's processes say of themselves", async () => {
    const to = startOf(2) + size.minutes * 60_000;
    const answer = await get<RuntimeAnswer>(`services/cart/runtime?from=${startOf(2)}&to=${to}`);
    assert.deepEqual(answer.series.map((row) => row.name).sort(), [
      "go.memory.gc.cycles.rate",
      "process.cpu.utilization",
    ]);
    const cycles = answer.series.find((row) => row.name === "go.memory.gc.cycles.rate")?.values ?? [];
    assert.ok((cycles[10] ?? 0) < 2 && Math.max(...cycles.map((value) => value ?? 0)) > 10);
  });

  it("marks a version that was seen first in the range", async () => {
    const to = startOf(5) + size.minutes * 60_000;
    const answer = await get<ServiceAnswer>(`services/payment?from=${startOf(5)}&to=${to}`);
    assert.deepEqual(
      answer.deploys.map(({ key, value }) => `${key} ${value}`),
      ["service.version 2.0.0"],
    );
  });
});
