import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { shopFailures, shopSpans, shopTraces, traceIdOf } from "../testing/shop.js";
import { type Started, send, start } from "../testing/start.js";

let started: Started;
const from = Date.now() - 120_000;

before(async () => {
  started = await start();
  const { status } = await send(`${started.server.addresses.otlp_http}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: shopSpans(from),
  });
  assert.equal(status, 200);
  await started.store.flush();
});
after(() => started.close());

async function ask<Data>(
  path: string,
): Promise<{ http: number; data: Data; errors: { code: number; msg: string }[] | null }> {
  const answer = await send(`${started.server.addresses.web}/jaeger/api/${path}`);
  const body: { data: Data; errors: { code: number; msg: string }[] | null } = JSON.parse(
    answer.body.toString("utf8"),
  );
  return { http: answer.status, ...body };
}

interface Trace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly references: readonly { readonly refType: string; readonly spanID: string }[];
    readonly startTime: number;
    readonly duration: number;
    readonly processID: string;
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
    readonly logs: readonly {
      readonly fields: readonly { readonly key: string; readonly value: unknown }[];
    }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

describe("Jaeger's API", () => {
  test("services and their operations", async () => {
    const { data } = await ask<string[]>("services");
    assert.ok(data.includes("gateway"), String(data));
    const names = await ask<string[]>("services/gateway/operations");
    const kinds = await ask<{ name: string; spanKind: string }[]>(
      "operations?service=gateway&spanKind=server",
    );
    assert.ok(names.data.length > 0);
    assert.ok(kinds.data.every((each) => each.spanKind === "server" && names.data.includes(each.name)));
  });

  test("a trace has its spans, references, processes, tags and logs", async () => {
    const { data } = await ask<Trace[]>(`traces/${traceIdOf(3)}`);
    const [trace] = data;
    assert.ok(trace);
    assert.equal(trace.traceID, traceIdOf(3));
    const roots = trace.spans.filter((span) => span.references.length === 0);
    assert.equal(roots.length, 1);
    const ids = new Set(trace.spans.map((span) => span.spanID));
    for (const span of trace.spans) {
      assert.ok(trace.processes[span.processID]?.serviceName);
      for (const reference of span.references)
        assert.ok(reference.refType === "CHILD_OF" && ids.has(reference.spanID));
    }
    const failed = trace.spans.filter((span) =>
      span.tags.some((tag) => tag.key === "error" && tag.value === true),
    );
    assert.ok(failed.length > 0);
    assert.ok(
      failed.some((span) => span.logs.some((log) => log.fields.some((field) => field.value === "exception"))),
    );
    assert.ok(Math.abs((roots[0]?.startTime ?? 0) / 1000 - (from + 3000)) < 60_000);
  });

  test("a search by service, tags, duration and time", async () => {
    const range = `start=${(from - 1000) * 1000}&end=${Date.now() * 1000}`;
    const all = await ask<Trace[]>(`traces?service=gateway&${range}&limit=1000`);
    assert.equal(all.data.length, shopTraces);
    const failed = await ask<Trace[]>(
      `traces?service=payments&${range}&limit=1000&tags=${encodeURIComponent('{"error":"true"}')}`,
    );
    assert.equal(failed.data.length, shopFailures);
    const few = await ask<Trace[]>(`traces?service=gateway&${range}&limit=5`);
    assert.equal(few.data.length, 5);
    const long = await ask<Trace[]>(`traces?service=gateway&${range}&minDuration=10h`);
    assert.deepEqual(long.data, []);
    const named = await ask<Trace[]>(`traces?traceID=${traceIdOf(1)}&traceID=${traceIdOf(2)}`);
    assert.deepEqual(
      named.data.map((each) => each.traceID),
      [traceIdOf(1), traceIdOf(2)],
    );
  });

  test("dependencies count calls between services", async () => {
    const { data } = await ask<{ parent: string; child: string; callCount: number }[]>(
      `dependencies?endTs=${Date.now()}&lookback=3600000`,
    );
    assert.ok(data.some((each) => each.parent === "gateway" && each.callCount >= shopTraces));
  });

  test("mistakes are told in Jaeger's form", async () => {
    const missing = await ask(`traces/${"f".repeat(32)}`);
    assert.deepEqual([missing.http, missing.errors?.[0]?.msg], [404, "trace not found"]);
    const tags = await ask("traces?service=gateway&tags=nothing");
    assert.deepEqual([tags.http, tags.data], [400, null]);
    assert.match(tags.errors?.[0]?.msg ?? "", /tags=nothing is no JSON object/);
    assert.equal((await ask("nothing")).http, 404);
  });
});
