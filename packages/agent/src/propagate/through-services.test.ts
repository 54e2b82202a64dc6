import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { linesOf } from "../testing/lines.js";
import { attributeOf, whyNoPeer } from "../testing/live-peers.js";
import { begin, finished, given, type Propagating, whilePropagating } from "../testing/propagating.js";
import { eventually } from "../testing/wait.js";

const whyNot = whyNoLiveTests() ?? false;

/** withService starts a Go service that calls itself, and programs that wait, and gives the service's port and the first of the others. */
async function withService(
  others: readonly (readonly string[])[],
  act: (
    run: Propagating & { readonly port: string; readonly other: ChildProcess | undefined },
  ) => Promise<void>,
): Promise<void> {
  const built = buildGoService();
  try {
    await whilePropagating([[built.path], ...others], async (run) => {
      const [service, other] = run.programs;
      begin(service);
      const port = await linesOf(service).next();
      // The program that became the service has to be known before it is asked.
      await eventually("its probes", () =>
        run.agent.report().processes.some(({ runtime, probes }) => runtime.startsWith("go") && probes > 0),
      );
      await act({ ...run, port, other });
    });
  } finally {
    built.remove();
  }
}

test("a Go service's calls are said to be part of the request that it serves", { skip: whyNot }, () =>
  withService([], async ({ port, agent, spans }) => {
    const { traceId: trace, traceparent } = given;
    for (let i = 0; i < 5; i++) {
      await (await fetch(`http://127.0.0.1:${port}/calls/${i % 2}`, { headers: { traceparent } })).text();
    }
    await eventually("15 spans", () => spans.length >= 15);
    assert.ok(spans.every(({ traceId }) => traceId === trace));
    const ofKind = (kind: number, path: RegExp) =>
      spans.filter((span) => span.kind === kind && path.test(attributeOf(span, "url.path")));
    const outer = new Set(ofKind(2, /calls/).map(({ spanId }) => spanId));
    const calls = ofKind(3, /users/);
    const inner = ofKind(2, /users/);
    assert.deepEqual([outer.size, calls.length, inner.length], [5, 5, 5]);
    assert.ok(calls.every(({ parentSpanId }) => outer.has(parentSpanId)));
    const ids = new Set(calls.map(({ spanId }) => spanId));
    assert.ok(inner.every(({ parentSpanId }) => ids.has(parentSpanId)));
    assert.ok((agent.report().inserted?.["inserted"] ?? 0) >= 4, JSON.stringify(agent.report().inserted));
  }),
);

// A blocking client, which asks the service whose port it reads.
const pythonCaller = `
import http.client
c = http.client.HTTPConnection("127.0.0.1", int(input()))
for i in range(5):
    c.request("GET", "/calls/0")
    assert c.getresponse().read() == b"ok"
`;

test(
  "a trace goes through a service whose client cannot say it",
  { skip: whyNot || whyNoPeer("python3") },
  () =>
    withService([["python3", "-c", pythonCaller]], async ({ port, other: caller, agent, spans }) => {
      await finished(caller, `${port}\n`);
      await eventually("20 spans", () => spans.length >= 20);
      assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, 5);
      const ids = new Set(spans.map(({ spanId }) => spanId));
      const roots = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId));
      assert.deepEqual(
        roots.map((span) => [span.kind, attributeOf(span, "url.path")]),
        Array.from({ length: 5 }, () => [3, "/calls/0"]),
      );
      assert.equal(agent.report().dropped["said-another-trace"] ?? 0, 0);
    }),
);
