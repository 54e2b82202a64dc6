import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readGoFacts } from "../go/facts.js";
import { bpfDescriptors } from "../testing/bpf-descriptors.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { type Answer, newClient, openRaw } from "../testing/http-client.js";
import { newRecorder, type Recorder, type SeenExchange } from "../testing/recorder.js";
import { eventually } from "../testing/wait.js";
import { openKernelObserver } from "./observer.js";
import type { KernelObserver } from "./observer-types.js";

const skip = whyNoLiveTests() ?? false;

describe("KernelObserver on the live kernel", { skip }, () => {
  let program: BuiltProgram;
  let service: RunningService;
  let recorder: Recorder;
  let observer: KernelObserver;
  let held: readonly string[];
  /** streams are the places of net/http's HTTP/2, whatever else is shed. */
  let streams = 0;

  before(async () => {
    held = bpfDescriptors();
    program = buildGoService();
    service = await program.start();
    recorder = newRecorder();
    observer = await openKernelObserver({ sink: recorder.sink });
    const facts = readGoFacts(`/proc/${service.pid}/exe`);
    streams = facts?.streams.sites.length ?? 0;
    assert.equal(streams, 6);
    const watched = observer.watch(service.pid, facts);
    assert.deepEqual(watched, {
      probes: { handlerEnd: true, roundTrip: true, spawn: true },
      count: 4 + streams,
      lost: [],
    });
  });

  after(async () => {
    observer.close();
    await service.stop();
    program.remove();
    assert.deepEqual(bpfDescriptors(), held, "descriptors of programs, maps and links that are still open");
  });

  const statusOf = (exchange: SeenExchange) => Number(exchange.responseHead.slice(9, 12));

  /** assertBetween holds a duration to what the handler measured of itself and what its client waited. */
  function assertBetween(duration: number, answer: Answer | undefined): void {
    assert.ok(answer !== undefined);
    const handler = Number(answer.headers["x-handler-ns"]);
    assert.ok(handler <= duration, `${duration} ns, the handler says ${handler}`);
    assert.ok(duration < answer.nanoseconds, `${duration} ns, the client waited ${answer.nanoseconds}`);
  }

  /** during gives the server exchanges that an action caused, once there are `count`. */
  async function during(count: number, action: () => Promise<void>): Promise<SeenExchange[]> {
    observer.drain();
    const old = new Set(recorder.servers(service.pid).map((each) => each.number));
    await action();
    const fresh = () => recorder.servers(service.pid).filter((each) => !old.has(each.number));
    await eventually(
      `${count} exchanges`,
      () => fresh().filter((each) => each.responses > 0).length >= count,
    );
    observer.drain();
    return fresh();
  }

  for (const keepAlive of [true, false]) {
    test(`every request is told once, ${keepAlive ? "over one connection" : "each over its own"}`, async () => {
      const client = newClient(service.port, keepAlive);
      const answers: Answer[] = [];
      const seen = await during(400, async () => {
        for (let i = 0; i < 400; i++) answers.push(await client.get(`/users/${i}`));
      });
      client.close();
      assert.equal(seen.length, 400);
      seen.forEach((each, i) => {
        assert.ok(each.head.startsWith(`GET /users/${i} HTTP/1.1\r\n`), each.head);
        assert.ok(each.head.endsWith("\r\n\r\n"));
        assert.equal(each.requests, 1);
        assert.equal(each.responses, 1);
        assert.equal(each.route, "/users/{id}");
        assert.equal(statusOf(each), i % 20 === 0 ? 500 : 200);
        assert.ok(each.goid > 0);
        assert.ok(each.startNs < each.handlerEndNs && each.handlerEndNs <= each.endNs);
        assertBetween(each.handlerEndNs - each.startNs, answers[i]);
        assertBetween(each.endNs - each.startNs, answers[i]);
      });
    });
  }

  test("every request of 40 connections at once is told once, with its own status and route", async () => {
    const clients = Array.from({ length: 40 }, () => newClient(service.port, true));
    const seen = await during(2000, async () => {
      await Promise.all(
        clients.map(async (client, at) => {
          for (let i = 0; i < 50; i++) {
            const id = at * 50 + i;
            assert.equal((await client.get(`/users/${id}`)).status, id % 20 === 0 ? 500 : 200);
          }
        }),
      );
    });
    for (const client of clients) client.close();
    assert.equal(seen.length, 2000);
    const ids = new Set<number>();
    for (const each of seen) {
      const id = Number(/^GET \/users\/(\d+) /.exec(each.head)?.[1]);
      ids.add(id);
      assert.deepEqual([each.requests, each.responses, each.route], [1, 1, "/users/{id}"]);
      assert.equal(statusOf(each), id % 20 === 0 ? 500 : 200);
      assert.ok(each.responseHead.endsWith(`user ${id}`), "the answer to this very request");
    }
    assert.equal(ids.size, 2000);
  });

  test("a head that comes byte by byte at first, and in pieces, is told whole", async () => {
    const raw = await openRaw(service.port);
    const taken: number[] = [];
    // What follows on 14 bytes, which Caddy reads first, begins here as an answer does.
    const cuts = [1, 1, 30, "GET /users/14 ".length];
    const seen = await during(cuts.length, async () => {
      for (const cut of cuts) {
        const text = `GET /users/${cut} HTTP/1.1\r\nHost: split\r\nX-Long: abc\r\n\r\n`;
        await raw.write(text.slice(0, cut));
        await raw.taken();
        await sleep(20);
        taken.push(Number(process.hrtime.bigint()));
        await raw.write(text.slice(cut));
        await raw.read(`user ${cut}`);
        // Longer than the background read of net/http takes to be in place, so that it gets the next byte.
        await sleep(20);
      }
    });
    raw.close();
    assert.deepEqual(
      seen.map((each) => each.head),
      cuts.map((id) => `GET /users/${id} HTTP/1.1\r\nHost: split\r\nX-Long: abc\r\n\r\n`),
    );
    for (const [i, each] of seen.entries())
      assert.ok(
        each.startNs < (taken[i] ?? 0) && (taken[i] ?? 0) < each.endNs,
        "it began with its first byte",
      );
  });

  test("methods of WebDAV begin requests, on a kept connection too, whose first byte is read ahead", async () => {
    const methods = [
      "PROPFIND",
      "MKCOL",
      "MOVE",
      "COPY",
      "LOCK",
      "UNLOCK",
      "PROPPATCH",
      "REPORT",
      "SEARCH",
      "TRACE",
      "QUERY",
    ];
    const raw = await openRaw(service.port);
    const seen = await during(methods.length, async () => {
      for (const method of methods) {
        await raw.write(`${method} /users/9 HTTP/1.1\r\nHost: a\r\n\r\n`);
        await raw.read("user 9");
        await sleep(20);
      }
    });
    raw.close();
    assert.deepEqual(
      seen.map(({ head }) => head.split(" ")[0]),
      methods,
    );
  });

  test("what comes behind a head that has ended, or was cut, is no piece of it", async () => {
    const raw = await openRaw(service.port);
    const ask = async (name: string, first: string, more: readonly string[]): Promise<string> => {
      const size = more.join("").replace(/^.*\r\n\r\n/, "").length;
      const start = `POST /echo?${name} HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n`;
      for (const piece of [start + first, ...more]) {
        await raw.write(piece);
        await raw.taken();
      }
      await raw.read(`\r\n\r\n${size}`);
      const of = () =>
        recorder
          .servers(service.pid)
          .find(({ head, responses }) => head.includes(`?${name} `) && responses > 0);
      return (await eventually(name, of)).head.slice(start.length);
    };
    assert.equal(await ask("ended", "\r\n", ["body", "more"]), "\r\n");
    const long = "x".repeat(1200);
    assert.doesNotMatch(await ask("cut", `X-Long: ${long}\r\n\r\n`, ["body", "more"]), /body/);
    assert.equal(
      await ask("open", "X-Short: a\r\n", ["X-Next: b\r\n\r\n", "body"]),
      "X-Short: a\r\nX-Next: b\r\n\r\nbody",
    );
    raw.close();
  });

  test("bodies are counted, of requests and of responses", async () => {
    const client = newClient(service.port, true);
    const sizes = [0, 10, 5000, 200_000];
    const posted = await during(sizes.length, async () => {
      for (const size of sizes) assert.equal((await client.post("/echo", "x".repeat(size))).body, `${size}`);
    });
    posted.forEach((each, i) => {
      const head = each.head.indexOf("\r\n\r\n") + 4;
      assert.equal(each.route, "POST /echo");
      assert.equal(each.requestBytes, head + (sizes[i] ?? 0), `a body of ${sizes[i]} bytes`);
    });
    const [big] = await during(1, async () => void (await client.get("/big")));
    await eventually("the whole response", () => (big?.responseBytes ?? 0) > 300_000);
    assert.equal(big?.responseBytes, 300_000 + (big?.responseHead.indexOf("\r\n\r\n") ?? 0) + 4);
    client.close();
  });

  test("a streamed response is told piece by piece, with its handler's end and its last chunk", async () => {
    const client = newClient(service.port, true);
    const [seen] = await during(1, async () => void (await client.get("/stream")));
    client.close();
    await eventually("the last chunk", () => seen?.tail.endsWith("0\r\n\r\n"));
    assert.equal(seen?.route, "/stream");
    assert.ok(seen.ends.includes(1), `ends ${seen.ends}`);
    assert.ok(seen.more >= 3, `${seen.more} pieces`);
    assert.ok(seen.endNs - seen.startNs > 6e6);
  });

  test("an outgoing request belongs to the server request it was made for, however many goroutines away", async () => {
    const client = newClient(service.port, true);
    for (const depth of [0, 1, 2, 3]) {
      const before = new Set(recorder.clients(service.pid).map((each) => each.number));
      const seen = await during(2, async () => void (await client.get(`/calls/${depth}`)));
      const outer = seen.find((each) => each.head.startsWith("GET /calls/"));
      const inner = await eventually("the call", () =>
        recorder.clients(service.pid).find((each) => !before.has(each.number) && each.responses > 0),
      );
      assert.equal(inner.parent, outer?.number, `depth ${depth}`);
      assert.equal(inner.hops, depth);
      assert.equal(statusOf(inner), 200);
      assert.ok(inner.startNs > (outer?.startNs ?? 0) && inner.endNs < (outer?.endNs ?? 0));
    }
    client.close();
  });

  test("connections that were open before are seen from their next request on", async () => {
    observer.unwatch(service.pid);
    const raw = await openRaw(service.port);
    await raw.write("GET /users/41 HTTP/1.1\r\nHost: late\r\n\r\n");
    await raw.read("user 41");
    observer.watch(service.pid, readGoFacts(`/proc/${service.pid}/exe`));
    const seen = await during(1, async () => {
      await raw.write("GET /users/42 HTTP/1.1\r\nHost: late\r\n\r\n");
      await raw.read("user 42");
    });
    raw.close();
    assert.deepEqual(
      seen.map((each) => [each.head.split(" ")[1], each.route]),
      [["/users/42", "/users/{id}"]],
    );
  });

  test("probes that are shed cost their fields alone, and come back", async () => {
    const client = newClient(service.port, true);
    const none = { handlerEnd: false, roundTrip: false, spawn: false };
    const all = { handlerEnd: true, roundTrip: true, spawn: true };
    assert.deepEqual(observer.setProbes(service.pid, none), none);
    assert.equal(observer.probesOf(service.pid), streams);
    const answers: Answer[] = [];
    const bare = await during(100, async () => {
      for (let i = 1; i <= 100; i++) answers.push(await client.get(`/users/${i}`));
    });
    bare.forEach((each, i) => {
      assert.equal(each.route, "");
      assert.equal(each.handlerEndNs, 0);
      assert.equal(statusOf(each), i % 20 === 19 ? 500 : 200);
      assertBetween(each.endNs - each.startNs, answers[i]);
    });
    assert.deepEqual(observer.setProbes(service.pid, all), all);
    const [whole] = await during(1, async () => void (await client.get("/users/5")));
    assert.equal(whole?.route, "/users/{id}");
    client.close();
  });

  test("a process that ends in the middle of a request ends its exchange and its watch", async () => {
    const other = await program.start();
    observer.watch(other.pid, readGoFacts(`/proc/${other.pid}/exe`));
    const client = newClient(other.port, false);
    await assert.rejects(client.get("/exit"));
    await other.exited;
    client.close();
    const exit = await eventually("the exit", () =>
      recorder.processes.find((p) => p.tgid === other.pid && p.kind === "exit"),
    );
    assert.equal(exit.exitCode, 3 << 8);
    assert.ok(recorder.processes.some((p) => p.tgid === other.pid && p.kind === "start"));
    const [open] = recorder.servers(other.pid);
    assert.equal(open?.responses, 0);
    await eventually("its end", () => {
      observer.drain();
      return open?.ends.length === 1;
    });
    assert.deepEqual(open?.ends, [2]);
    observer.unwatch(other.pid);
  });

  test("nothing was dropped, nothing was unknown", () => {
    const { dropped, missing, probes } = observer.stats();
    assert.deepEqual(dropped, {
      "ring-full": 0,
      "map-full": 0,
      "unreadable-memory": 0,
      pipelined: 0,
      "wire-shed": 0,
      "tls-socket": 0,
      "long-span": 0,
    });
    assert.deepEqual(missing, []);
    assert.equal(probes, 10 + streams);
    assert.deepEqual(recorder.unknown, []);
  });
});
