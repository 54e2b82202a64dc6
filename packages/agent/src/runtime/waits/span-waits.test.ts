import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileIdentity, kernelIsAtLeast } from "@go3s/bpf";
import { decodeProtobuf, ExportTraceServiceRequest, type Span } from "@go3s/telemetry";
import { startAgent } from "../../agent.js";
import type { Exporter } from "../../export/exporter.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../../testing/go-service.js";
import { newClient } from "../../testing/http-client.js";
import { eventually } from "../../testing/wait.js";
import { waitsSource } from "../../testing/waits-service.go.js";
import type { SpentClass } from "./record.js";
import { openSpanWaits } from "./span-waits.js";
import { readWaitSites } from "./wait-sites.js";

const noLive = whyNoLiveTests();
const skip = noLive ?? (kernelIsAtLeast(6, 6) ? undefined : "needs uprobe_multi (Linux 6.6)");
const waitedMs = 20;
let program: BuiltProgram;
let service: RunningService;

before(async () => {
  if (skip !== undefined) return;
  program = buildGoService(waitsSource);
  service = await program.start({ OTEL_SERVICE_NAME: "waits-test" });
});
after(async () => {
  if (skip !== undefined) return;
  await service.stop();
  program.remove();
});

/** observe makes requests under an agent that tells goroutines' waits, and waits for their spans. */
async function observe(
  requests: readonly string[],
): Promise<{ readonly spans: Map<string, Span>; readonly lost: string[] }> {
  const spans = new Map<string, Span>();
  const lost: string[] = [];
  const exporter: Exporter = {
    send(signal, body, _items, done) {
      if (signal === "traces")
        for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans)
          for (const scope of group.scopeSpans)
            for (const span of scope.spans) if (span.kind === 2) spans.set(span.name, span);
      done?.();
    },
    stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
    close: async () => undefined,
  };
  const agent = await startAgent({
    selection: { pids: [service.pid] },
    exclude: [],
    exporter,
    metrics: false,
    goroutines: true,
    onLost: (_pid, texts) => lost.push(...texts),
  });
  const client = newClient(service.port, true);
  try {
    for (const path of requests) assert.equal((await client.get(path)).status, 200);
    await eventually("the requests' spans", () => spans.size === new Set(requests).size);
  } finally {
    client.close();
    await agent.close();
  }
  return { spans, lost };
}

const milliseconds = (span: Span | undefined, name: SpentClass | "longest_wait" | "cpu"): number =>
  Number(span?.attributes.find(({ key }) => key === `go3s.goroutine.${name}_ns`)?.value?.intValue ?? 0n) /
  1e6;
const longest = (span: Span | undefined): string | undefined =>
  span?.attributes.find(({ key }) => key === "go3s.goroutine.longest_wait")?.value?.stringValue;

test("a span says for how long its goroutine waited, and for what", { skip }, async () => {
  const { spans, lost } = await observe(["/lock", "/channel", "/sleep", "/network", "/spin"]);
  assert.deepEqual(lost, []);
  const rows = [
    ["/lock", "lock", "sync.Mutex.Lock"],
    ["/channel", "channel", "chan receive"],
    ["/sleep", "sleep", "sleep"],
    ["/network", "network", "IO wait"],
  ] as const;
  for (const [path, name, reason] of rows) {
    const span = spans.get(`GET ${path}`);
    // Timers of this machine are never early; what comes on top is told as part of the span.
    assert.ok(milliseconds(span, name) > waitedMs / 2, `${path}: ${milliseconds(span, name)} ms`);
    assert.ok(milliseconds(span, "longest_wait") <= milliseconds(span, name));
    assert.equal(longest(span)?.replace("semacquire", "sync.Mutex.Lock"), reason);
  }
  const spin = spans.get("GET /spin");
  assert.ok(milliseconds(spin, "running") + milliseconds(spin, "runnable") >= waitedMs * 0.9);
  assert.equal(longest(spin), undefined);
  assert.ok(milliseconds(spin, "cpu") > 0 && milliseconds(spin, "cpu") <= milliseconds(spin, "running"));
  for (const span of spans.values()) {
    const all = (
      ["running", "runnable", "syscall", "lock", "channel", "network", "gc", "sleep", "other"] as const
    )
      .map((name) => milliseconds(span, name))
      .reduce((a, b) => a + b, 0);
    assert.ok(
      all <= Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6 + 1,
      `${span.name}: ${all} ms`,
    );
  }
});

test("a process that changes more often than the budget allows is left alone for a while", {
  skip,
}, async () => {
  const told: (readonly number[])[] = [];
  const waits = openSpanWaits({ budget: 50, onBudget: (...figures) => told.push(figures) });
  const client = newClient(service.port, true);
  try {
    assert.equal(waits.watch(service.pid, { isGo: true, key: fileIdentity(`/proc/${service.pid}/exe`) }), "");
    await client.get("/sleep");
    await client.get("/busy");
    waits.tick();
    assert.equal(told.length, 1);
    const [[pid, hits, seconds = 0] = []] = told;
    assert.equal(pid, service.pid);
    assert.ok((hits ?? 0) > 50);
    // Nothing is attached: what it does now does not count.
    await client.get("/busy");
    for (let i = 0; i < seconds; i++) waits.tick();
    waits.tick();
    assert.equal(told.length, 1);
    // It is looked at again, and found as busy as before: it is left alone for longer.
    await client.get("/busy");
    waits.tick();
    assert.equal(told.length, 2);
    assert.equal(told[1]?.[2], seconds * 2);
  } finally {
    client.close();
    waits.close();
  }
});

test("what cannot be probed has a reason", { skip: noLive }, () => {
  const bare = buildGoService(`package main

func main() { println(0); select {} }
`);
  try {
    assert.equal(readWaitSites(bare.path), "the program has no net/http.(*response).finishRequest");
    assert.match(String(readWaitSites("/bin/true")), /Go function table/);
  } finally {
    bare.remove();
  }
});
