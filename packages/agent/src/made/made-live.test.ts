import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { decodeProtobuf, ExportLogsServiceRequest, type LogRecord, type Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import type { Exporter } from "../export/exporter.js";
import type { SamplingOptions } from "../sampling/sampler.js";
import { apiModule, apiSpansSource } from "../testing/api-spans-service.go.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoModule,
} from "../testing/go-service.js";
import { attributeOf, newSpanCollector, type SpanCollector } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

interface Asked {
  readonly onLost?: (lost: readonly string[]) => void;
  readonly lines?: LogRecord[];
  readonly sampling?: SamplingOptions;
}

describe("spans that a Go program makes by OpenTelemetry's API", { skip: whyNoModule(apiModule) }, () => {
  let program: BuiltProgram;
  let service: RunningService;

  before(async () => {
    // A program that is loaded anywhere: its switch has to be found in the process.
    program = buildGoService(apiSpansSource, ["-buildmode=pie"], [apiModule]);
    service = await program.start({});
  });
  after(async () => {
    await service?.stop();
    program?.remove();
  });

  const observed = async (
    apiSpans: boolean,
    act: (collected: SpanCollector, agent: Agent) => Promise<void>,
    pid = service.pid,
    { onLost, lines, sampling }: Asked = {},
  ): Promise<void> => {
    const collected = newSpanCollector();
    const exporter: Exporter = {
      ...collected.exporter,
      send(signal, body, items) {
        collected.exporter.send(signal, body, items);
        if (signal !== "logs") return;
        for (const { scopeLogs } of decodeProtobuf(ExportLogsServiceRequest, body).resourceLogs)
          for (const { logRecords } of scopeLogs) lines?.push(...logRecords);
      },
    };
    const agent = await startAgent({
      selection: { pids: [pid] },
      exclude: [process.pid],
      exporter,
      apiSpans,
      ...(lines === undefined ? {} : { logs: {} }),
      ...(sampling === undefined ? {} : { sampling }),
      ...(onLost === undefined ? {} : { onLost: (_pid, lost) => onLost(lost) }),
    });
    try {
      await act(collected, agent);
    } finally {
      await agent.close();
    }
  };
  const ask = async (path: string, { port } = service): Promise<string> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const named = (collected: SpanCollector, name: string, kind?: number): Promise<Span> =>
    eventually(`the span "${name}"`, () =>
      collected.spans.find((span) => span.name === name && (kind === undefined || span.kind === kind)),
    );

  test("are told as they are, below the request and above what they do, once the API is switched on", async () => {
    await observed(true, async (collected) => {
      assert.equal(await ask("/work"), "true");
      const request = await named(collected, "GET /work");
      const price = await named(collected, "price");
      const child = await named(collected, "looked up");
      const call = await named(collected, "GET", 3);
      assert.deepEqual([price.traceId, price.parentSpanId], [request.traceId, request.spanId]);
      assert.deepEqual([child.traceId, child.parentSpanId], [request.traceId, price.spanId]);
      assert.deepEqual([call.traceId, call.parentSpanId], [request.traceId, price.spanId]);
      assert.deepEqual([price.kind, attributeOf(price, "items")], [1, "3"]);
      assert.deepEqual(price.status, { code: 2, message: "sold out" });
      const [failure] = price.events;
      assert.equal(failure?.name, "exception");
      assert.equal(failure && attributeOf(failure, "exception.message"), 'none "left"');
      // To the nanosecond: they come as JSON numbers, which a reader of JSON rounds.
      assert.deepEqual(
        [child.kind, child.startTimeUnixNano, child.endTimeUnixNano, child.events[0]?.timeUnixNano],
        [3, 946684800000000001n, 946684802000000001n, 946684801000000001n],
      );
      const { scope, schemaUrl } = collected.scopeOf(price) ?? {};
      assert.deepEqual([scope?.name, scope?.version, schemaUrl], ["shop", "v1.2.3", "https://schema/1"]);
    });
    // The switch is off again: a span is made by nobody.
    assert.equal(await ask("/work"), "false");
  });

  test("without the switch only those are told that the program hands to the SDK for agents itself", async () => {
    await observed(false, async (collected, agent) => {
      assert.equal(await ask("/work"), "false");
      await ask("/own");
      const own = await named(collected, "by hand");
      const request = await named(collected, "GET /own");
      // Its context is nobody's, but its goroutine serves the request.
      assert.deepEqual([own.traceId, own.parentSpanId], [request.traceId, request.spanId]);
      await ask("/long");
      const long = await named(collected, "long 40000");
      assert.equal(attributeOf(long, "text").length, 40_000);
      await named(collected, "GET /long");
      assert.equal(agent.report().dropped["long-span"], 1);
      assert.ok(!collected.spans.some(({ name }) => name === "price" || name === "long 90000"));
    });
  });

  test("have the lines that their goroutine writes meanwhile", async () => {
    const lines: LogRecord[] = [];
    const look = async (collected: SpanCollector): Promise<void> => {
      await ask("/work");
      const price = await named(collected, "price");
      const child = await named(collected, "looked up");
      const spanOf = (text: string): Promise<string> =>
        eventually(
          `the line "${text}"`,
          () => lines.find(({ body }) => body?.stringValue?.endsWith(text))?.spanId,
        );
      assert.equal(await spanOf("pricing"), price.spanId);
      assert.equal(await spanOf("looking"), child.spanId);
      assert.equal(await spanOf("found"), price.spanId);
    };
    await observed(true, look, service.pid, { lines });
  });

  test("are left out with their request, and by themselves without one", async () => {
    const look = async (collected: SpanCollector, agent: Agent): Promise<void> => {
      for (const path of ["/work", "/own", "/alone"]) await ask(path);
      agent.setSampling({ share: 1 });
      await ask("/own?told");
      await eventually("what is told by now", () =>
        collected.spans.some((span) => attributeOf(span, "url.query") === "told"),
      );
      await named(collected, "by hand");
      // Of the four spans that were begun, this one alone; what came before it would be here by now.
      const made = collected.spans.filter((span) => collected.scopeOf(span)?.scope?.name !== "go3s.agent");
      assert.deepEqual(
        made.map(({ name }) => name),
        ["by hand"],
      );
      await ask("/alone");
      const alone = await named(collected, "alone");
      assert.equal(alone.parentSpanId, "");
    };
    await observed(true, look, service.pid, { sampling: { share: 0 } });
  });

  test("cannot be switched on where no symbols tell the switch, which is said", async () => {
    const stripped = buildGoService(apiSpansSource, ["-ldflags=-s -w"], [apiModule]);
    const running = await stripped.start({});
    try {
      const lost: string[] = [];
      await observed(
        true,
        async (collected) => {
          assert.equal(await ask("/work", running), "false");
          await ask("/own", running);
          await named(collected, "by hand");
        },
        running.pid,
        { onLost: (said) => lost.push(...said) },
      );
      assert.match(lost.join(), /OpenTelemetry's API: the program has no symbols/);
    } finally {
      await running.stop();
      stripped.remove();
    }
  });
});
