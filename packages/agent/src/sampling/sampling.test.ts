import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { newClient, openRaw } from "../testing/http-client.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

const skip = whyNoLiveTests() ?? false;

const pathOf = (span: Span): string => attributeOf(span, "url.path");
const statusOf = (span: Span): number => Number(attributeOf(span, "http.response.status_code"));

describe("sampling in the kernel", { skip }, () => {
  let program: BuiltProgram;
  let service: RunningService;
  let agent: Agent;
  const { exporter, spans } = newSpanCollector();

  before(async () => {
    program = buildGoService();
    service = await program.start({});
    agent = await startAgent({ selection: { pids: [service.pid] }, exclude: [], exporter, metrics: false });
  });
  after(async () => {
    await agent?.close();
    await service?.stop();
    program?.remove();
  });

  let marks = 0;
  /** during gives the spans that an action's requests became; a request that is told for certain comes last. */
  async function during(action: () => Promise<void>): Promise<Span[]> {
    const from = spans.length;
    await action();
    const id = 900_001 + marks++;
    const mark = `/users/${id}`;
    const raw = await openRaw(service.port);
    await raw.write(
      `GET ${mark} HTTP/1.1\r\nHost: mark\r\ntraceparent: 00-${"a".repeat(32)}-${"b".repeat(16)}-01\r\n\r\n`,
    );
    await raw.read(`user ${id}`);
    raw.close();
    await eventually("the last request's span", () => spans.some((span) => pathOf(span) === mark));
    // Spans of one process are told in the order in which they end; a call's may still wait for its own end.
    return spans.slice(from).filter((span) => pathOf(span) !== mark);
  }

  async function get(count: number, path: (i: number) => string): Promise<void> {
    const client = newClient(service.port, true);
    for (let i = 0; i < count; i++) await client.get(path(i));
    client.close();
  }

  test("a share is told, with the threshold that the trace id reaches, and the rest is counted", async () => {
    agent.setSampling({ share: 0.25 });
    const before = agent.report().sampling.untold;
    const told = await during(() => get(2000, (i) => `/users/${i + 1}`));
    // 500 expected; six standard deviations of 19.4.
    assert.ok(told.length > 384 && told.length < 616, `${told.length} of 2000`);
    for (const span of told) {
      assert.equal(span.traceState, "ot=th:c");
      assert.ok(Number.parseInt(span.traceId.slice(18, 20), 16) >= 0xc0, span.traceId);
    }
    assert.equal(new Set(told.map((span) => span.traceId)).size, told.length);
    assert.equal(agent.report().sampling.untold - before + told.length, 2000);
  });

  test("a change is live at once, up to everything and down to nothing", async () => {
    agent.setSampling({ share: 1 });
    const all = await during(() => get(50, () => "/users/1"));
    assert.equal(all.length, 50);
    assert.ok(all.every((span) => span.traceState === ""));
    agent.setSampling({ share: 0 });
    assert.equal((await during(() => get(50, () => "/users/1"))).length, 0);
  });

  test("what a caller decided is kept: its flag, wherever the header stands, and its threshold", async () => {
    agent.setSampling({ share: 0.5 });
    const raw = await openRaw(service.port);
    const sent: { id: string; sampled: boolean }[] = [];
    const told = await during(async () => {
      for (let i = 0; i < 64; i++) {
        const id = `${(i + 1).toString(16).padStart(32, "0")}`;
        const sampled = i % 2 === 0;
        sent.push({ id, sampled });
        // Words that look like the header's name, and a beginning at every place of a machine word.
        const name = i % 3 === 0 ? "Traceparent" : "traceparent";
        const space = i % 5 === 0 ? "" : " ";
        await raw.write(
          `GET /users/1?trace=parent&race=${"x".repeat(i)} HTTP/1.1\r\nHost: tracepar\r\n${name}:${space}00-${id}-00f067aa0ba902b7-0${sampled ? "3" : "2"}\r\ntracestate: a=1,ot=th:8;rv:1234,b=2\r\n\r\n`,
        );
        await raw.read("user 1");
      }
    });
    raw.close();
    assert.deepEqual(
      told.map((span) => span.traceId).sort(),
      sent.filter((each) => each.sampled).map((each) => each.id),
    );
    for (const span of told) {
      assert.equal(span.traceState, "ot=th:8;rv:1234,a=1,b=2");
      assert.equal(span.parentSpanId, "00f067aa0ba902b7");
    }
  });

  test("errors are told whatever the share, whole, and stand for themselves", async () => {
    agent.setSampling({ share: 0, errors: true });
    const before = agent.report().sampling.untold;
    const told = await during(() => get(200, (i) => `/users/${i}`));
    assert.equal(told.length, 10);
    for (const span of told) {
      assert.equal(statusOf(span), 500);
      assert.equal(span.traceState, "");
      assert.match(pathOf(span), /^\/users\/\d*[02468]0$|^\/users\/0$/);
    }
    // What is told in the end was not left out.
    assert.equal(agent.report().sampling.untold - before + told.length, 200);
  });

  test("a trace is told whole or not at all, through a call to another request", async () => {
    agent.setSampling({ share: 0.5 });
    const told = await during(() => get(60, () => "/calls/2"));
    const byTrace = new Map<string, Span[]>();
    for (const span of told) byTrace.set(span.traceId, [...(byTrace.get(span.traceId) ?? []), span]);
    assert.ok(byTrace.size > 5 && byTrace.size < 55, `${byTrace.size} of 60`);
    // The called side may read a request before the caller's write has returned; then each decides alone.
    const partial = [...byTrace.values()].filter((trace) => trace.length !== 3);
    // Were none to hear of the caller's decision, three of four traces would be partial.
    assert.ok(partial.length < byTrace.size * 0.4, JSON.stringify(partial.map((trace) => trace.map(pathOf))));
    for (const span of told) assert.equal(span.traceState, "ot=th:8");
  });

  test("nothing was dropped by it", () => assert.deepEqual(agent.report().dropped, {}));
});
