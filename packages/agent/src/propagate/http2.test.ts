import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingMessage, Agent as KeptConnections } from "node:http";
import { connect } from "node:http2";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
  whyNoModule,
} from "../testing/go-service.js";
import { linesOf } from "../testing/lines.js";
import { newSpanCollector } from "../testing/live-peers.js";
import { newCgroup, type OwnCgroup } from "../testing/own-cgroup.js";
import { given, startPropagating, traceparentOf } from "../testing/propagating.js";
import { tracedCallsSource, tracedSource } from "../testing/traced-service.go.js";
import { eventually } from "../testing/wait.js";
import type { InsertionCounts } from "./reasons.js";

interface Told {
  readonly Parents: readonly string[] | null;
  readonly State: readonly string[] | null;
}

const grpc = "google.golang.org/grpc@v1.77.0";
const ways = [
  {
    name: "HTTP/2 of net/http",
    source: tracedSource,
    modules: [],
    scheme: "http://",
    skip: whyNoLiveTests(),
  },
  { name: "gRPC", source: tracedCallsSource, modules: [grpc], scheme: "", skip: whyNoModule(grpc) },
] as const;
const { traceId: trace, traceparent } = given;

for (const { name, source, modules, scheme, skip } of ways) {
  describe(`traces in the requests of ${name}, in plain text`, { skip: skip ?? false }, () => {
    let program: BuiltProgram | undefined;
    let back: RunningService | undefined;
    let cgroup: OwnCgroup | undefined;
    let agent: Agent | undefined;
    let port = 0;
    const kept = new KeptConnections({ keepAlive: true, maxSockets: 1 });
    const { spans, exporter } = newSpanCollector();

    before(async () => {
      program = buildGoService(source, ["-mod=mod"], modules);
      back = await program.start();
      cgroup = newCgroup();
      const service = cgroup.run([program.path], {
        env: { NEXT: `${scheme}127.0.0.1:${back.port}` },
        stdio: ["ignore", "pipe", "inherit"],
      });
      port = Number(await linesOf(service).next());
      agent = await startPropagating([service.pid], { exclude: [process.pid, back.pid], exporter });
      // A server that takes both protocols reads 14 bytes first, to know which it is: of this request the head is in pieces.
      await viaHTTP1("/ask?n=0", {});
      await eventually("its span", () => spans.length > 0);
    });

    after(async () => {
      kept.destroy();
      await agent?.close();
      await cgroup?.remove();
      await back?.stop();
      program?.remove();
    });

    /** ask has the service send requests, and gives what arrived, with the spans of them and what was counted. */
    const ask = async (query: string, headers: Record<string, string> = {}, answer = viaHTTP1) => {
      const first = spans.length;
      const before = agent?.report().inserted ?? {};
      const told: readonly Told[] = JSON.parse(await answer(`/ask?${query}`, headers));
      const all = await eventually("the spans", () => {
        const found = spans.slice(first);
        return found.length > told.length && found;
      });
      const served = all.find(({ kind }) => kind === 2) ?? assert.fail("no server's span");
      const counts = agent?.report().inserted ?? {};
      const counted = (key: keyof InsertionCounts): number => (counts[key] ?? 0) - (before[key] ?? 0);
      return {
        told: told.map(({ Parents, State }) => ({ parents: Parents ?? [], state: State })),
        all,
        served,
        counted,
      };
    };

    const viaHTTP1 = async (path: string, headers: Record<string, string>): Promise<string> => {
      const [answer]: IncomingMessage[] = await once(get({ port, path, headers, agent: kept }), "response");
      return await text(answer ?? assert.fail("no answer"));
    };

    /** checkNamed looks whether each request came with one name, its own call's. Under load some may have none. */
    const checkNamed = ({ told, all, served, counted }: Awaited<ReturnType<typeof ask>>): void => {
      const calls = new Map(all.filter(({ kind }) => kind === 3).map((span) => [traceparentOf(span), span]));
      const seen = new Set<string>();
      for (const { parents } of told) {
        for (const parent of parents) {
          const span = calls.get(parent) ?? assert.fail(`${parent} is no call's name`);
          assert.equal(span.parentSpanId, served.spanId);
          assert.equal(span.traceId, served.traceId);
          assert.ok(!seen.has(parent), "the same name twice");
          seen.add(parent);
        }
        assert.ok(parents.length <= 1, parents.join());
      }
      assert.equal(calls.size, told.length);
      assert.equal(counted("inserted"), seen.size);
      assert.ok(
        seen.size > told.length / 2,
        `${seen.size} of ${told.length}: ${JSON.stringify(agent?.report().inserted)}`,
      );
    };

    test("each has the ids of its call's span, and is a call of the request that is served", async () => {
      for (const query of ["n=40&at=1", "n=400&at=16"]) {
        const asked = await ask(query, { traceparent });
        checkNamed(asked);
        assert.equal(asked.served.traceId, trace);
      }
    });

    test("without a trace that came in there is a new one", async () => checkNamed(await ask("n=20&at=2")));

    test("what the program says by itself stays the only one", async () => {
      const { told, counted } = await ask(`n=40&at=4&own=${traceparent}`);
      for (const { parents } of told) assert.deepEqual(parents, [traceparent]);
      assert.equal(counted("inserted"), 0);
      assert.ok(counted("present") >= 1);
    });

    test("a tracestate alone is no traceparent, and stays", async () => {
      const asked = await ask("n=20&at=1&state=a%3Db");
      for (const { state } of asked.told) assert.deepEqual(state, ["a=b"]);
      checkNamed(asked);
    });

    test("frames in pieces are followed", { skip: scheme === "" }, async () =>
      checkNamed(await ask("n=100&at=8&pieces=0")),
    );

    test("a block in two pieces is looked through, wherever its border is", {
      skip: scheme === "",
    }, async () => {
      const { told } = await ask("n=6&at=1&pieces=30");
      assert.deepEqual(
        [told[0]?.parents.length, told.some(({ parents }) => parents.length === 1)],
        [0, true],
      );
      for (let cut = 1; cut < 150; cut += 3) {
        const own: readonly Told[] = JSON.parse(
          await viaHTTP1(`/ask?n=3&at=1&pieces=${cut}&own=${traceparent}`, {}),
        );
        for (const { Parents } of own)
          assert.deepEqual(Parents, [traceparent], `cut ${cut} bytes before its end`);
      }
    });

    test("behind a block that is too long to be looked at nothing is put in any more", async () => {
      for (const long of [5000, 30_000]) {
        const { told, counted } = await ask(`n=40&at=1&long=${long}`);
        assert.ok(told.slice(0, 20).some(({ parents }) => parents.length === 1));
        for (const { parents } of told.slice(20)) assert.deepEqual(parents, []);
        assert.ok(counted("head-too-long") + counted("head-in-pieces") >= 1);
      }
    });

    test("calls for a request that came by HTTP/2 are in its trace", { skip: scheme === "" }, async () => {
      const viaHTTP2 = async (path: string, headers: Record<string, string>): Promise<string> => {
        const session = connect(`http://127.0.0.1:${port}`);
        try {
          return await text(session.request({ ":path": path, ...headers }));
        } finally {
          session.close();
        }
      };
      checkNamed(await ask("n=20&at=2", {}, viaHTTP2));
      const asked = await ask("n=20&at=2", { traceparent }, viaHTTP2);
      checkNamed(asked);
      assert.equal(asked.served.traceId, trace);
    });
  });
}
