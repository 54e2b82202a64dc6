import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Operation } from "../go/call-site.js";
import { readGoFacts } from "../go/facts.js";
import { newGoTypes, shownType } from "../go/type-names.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
  whyNoToolchain,
} from "../testing/go-service.js";
import { newClient } from "../testing/http-client.js";
import { newRecorder, type Recorder, type SeenCall } from "../testing/recorder.js";
import { sqlSource } from "../testing/sql-service.go.js";
import { eventually } from "../testing/wait.js";
import { openKernelObserver } from "./observer.js";
import type { KernelObserver } from "./observer-types.js";

const skip = whyNoLiveTests() ?? false;

const builds = [
  { name: "a plain program", flags: [], toolchain: "local" },
  {
    name: "a stripped, position-independent one",
    flags: ["-buildmode=pie", "-ldflags=-s -w"],
    toolchain: "local",
  },
  // Before Go 1.21 no goroutine knows its parent, and probes sit on the stack check's jump.
  { name: "a program of Go 1.20", flags: [], toolchain: "go1.20.14" },
];

for (const { name, flags, toolchain } of builds) {
  const missing = toolchain === "local" ? skip : whyNoToolchain(toolchain);
  describe(`queries through database/sql of ${name}`, { skip: missing }, () => {
    let program: BuiltProgram;
    let service: RunningService;
    let recorder: Recorder;
    let observer: KernelObserver;
    const types = newGoTypes();

    before(async () => {
      program = buildGoService(sqlSource, flags, [], toolchain);
      service = await program.start();
      recorder = newRecorder();
      observer = await openKernelObserver({ sink: recorder.sink });
      const facts = readGoFacts(`/proc/${service.pid}/exe`);
      assert.equal(facts?.calls.length, 15);
      const { lost, count } = observer.watch(service.pid, facts);
      assert.deepEqual(lost, []);
      assert.ok(count >= 15, `${count} probes`);
    });

    after(async () => {
      observer.close();
      await service.stop();
      program.remove();
    });

    /** callsOf asks for a page and gives its calls, all ended, and its exchange. */
    async function callsOf(page: string): Promise<{ calls: SeenCall[]; exchange: number }> {
      const first = recorder.calls.length;
      const client = newClient(service.port, false);
      assert.equal((await client.get(page)).status, 200);
      // Records come in order: with the next request's answer there is all of this one.
      await client.get("/after");
      client.close();
      const server = await eventually("the page and what followed", () => {
        const seen = recorder.servers(service.pid).slice(-2);
        const found = seen.find((each) => each.head.startsWith(`GET ${page} `));
        return seen.every((each) => each.responses > 0) && seen[1]?.head.startsWith("GET /after ") && found;
      });
      return { calls: recorder.calls.slice(first), exchange: server.number };
    }

    const told = (calls: readonly SeenCall[]) => calls.map((call) => [call.operation, call.text]);

    async function assertPage(
      page: string,
      expected: readonly (readonly [number, string])[],
    ): Promise<SeenCall[]> {
      const { calls, exchange } = await callsOf(page);
      assert.deepEqual(told(calls), expected);
      for (const call of calls) {
        assert.equal(call.parent, exchange, `${page}: ${call.text}`);
        assert.ok(call.goid > 0 && call.endNs > call.startNs, `${page}: ${call.text}`);
        assert.equal(types.of(service.pid, call.type), "main.(*conn)");
      }
      return calls;
    }

    test("a query is told with its text and its time", async () => {
      const [call] = await assertPage("/query", [[Operation.query, "SELECT slow FROM orders WHERE id = 17"]]);
      assert.ok(call !== undefined && call.endNs - call.startNs > 3e6);
      assert.equal(call.errorType, 0);
    });

    test("so is an execution", async () => {
      await assertPage("/exec", [[Operation.exec, "INSERT INTO orders VALUES (1, 'secret')"]]);
    });

    test("errors are told by their types", async () => {
      const calls = await assertPage("/errors", [
        [Operation.query, "DROP TABLE orders"],
        [Operation.exec, "DROP TABLE customers"],
      ]);
      for (const call of calls)
        assert.equal(shownType(types.of(service.pid, call.errorType)), "*main.Refusal");
    });

    test("prepared statements are told with the text they were prepared with", async () => {
      const text = "SELECT n FROM prepared WHERE k = 'x'";
      await assertPage("/prepared", [
        [Operation.statementQuery, text],
        [Operation.statementExec, text],
      ]);
    });

    test("a transaction begins and commits, and a rollback behind that is none", async () => {
      const calls = await assertPage("/commit", [
        [Operation.begin, ""],
        [Operation.exec, "UPDATE orders SET a = 5"],
        [Operation.commit, ""],
      ]);
      assert.ok(calls[2] !== undefined && calls[2].endNs - calls[2].startNs > 2e6);
    });

    test("a transaction that is rolled back", async () => {
      await assertPage("/rollback", [
        [Operation.begin, ""],
        [Operation.query, "SELECT n FROM stock"],
        [Operation.rollback, ""],
      ]);
    });

    test("a connection of one's own, and what is prepared on it", async () => {
      await assertPage("/conn", [
        [Operation.exec, "DELETE FROM orders"],
        [Operation.prepare, "SELECT later FROM orders"],
      ]);
    });

    test("queries while another's rows are being read", async () => {
      await assertPage("/nested", [
        [Operation.query, "SELECT n FROM outside"],
        [Operation.query, "SELECT n FROM inside"],
        [Operation.query, "SELECT n FROM inside"],
      ]);
    });

    test("queries of goroutines that the handler started belong to its request", async () => {
      const calls = await assertPage("/away", [
        [Operation.query, "SELECT n FROM one"],
        [Operation.query, "SELECT n FROM three"],
      ]);
      assert.deepEqual(
        calls.map((call) => call.hops),
        [1, 3],
      );
    });

    test("a text that is longer than what is captured", async () => {
      const { calls } = await callsOf("/long");
      assert.equal(calls.length, 1);
      assert.equal(calls[0]?.text.length, 2048);
    });

    test("queries of many requests at once each belong to their own", async () => {
      const first = recorder.calls.length;
      const clients = Array.from({ length: 20 }, () => newClient(service.port, true));
      await Promise.all(
        clients.map(async (client, at) => {
          for (let i = 0; i < 20; i++) await client.get(`/many?${at * 100 + i}`);
        }),
      );
      for (const client of clients) client.close();
      const mine = () => recorder.calls.slice(first);
      await eventually("all queries", () => mine().filter((call) => call.endNs > 0).length === 2000);
      const heads = new Map(recorder.servers(service.pid).map((each) => [each.number, each.head]));
      for (const call of mine()) {
        const number = /^SELECT n FROM t(\d+)$/.exec(call.text)?.[1];
        assert.ok(heads.get(call.parent)?.startsWith(`GET /many?${number} `), `${call.text}: ${call.parent}`);
      }
    });

    test("nothing was dropped", () => {
      assert.deepEqual(observer.stats().dropped, {
        ...observer.stats().dropped,
        "ring-full": 0,
        "map-full": 0,
        "unreadable-memory": 0,
      });
      assert.deepEqual(recorder.unknown, []);
    });
  });
}
