import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { readGoFacts } from "../go/facts.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { newClient, openRaw, type RawConnection } from "../testing/http-client.js";
import { newRecorder, type Recorder, type SeenExchange } from "../testing/recorder.js";
import { eventually } from "../testing/wait.js";
import { openKernelObserver } from "./observer.js";
import type { KernelObserver } from "./observer-types.js";

const skip = whyNoLiveTests() ?? false;

// Answers by path, whole in one write and without a Date, so that the same request has the same answer to the byte of its head; the
// body tells requests apart.
const service = `
const { createServer } = require("node:net");
let served = 0;
const server = createServer((socket) => {
  let text = "";
  let here = 0;
  const answer = (path) => {
    const body = String(served++).padStart(8, "0") + (path === "/large" ? "x".repeat(3000) : "") + ".";
    const more = path === "/changes" ? "X-Served: " + served + "\\r\\n" : "";
    const whole = "HTTP/1.1 200 OK\\r\\n" + more + "Content-Length: " + body.length + "\\r\\n\\r\\n" + body;
    if (path === "/fourth" && ++here === 4) socket.destroy();
    else if (path !== "/pieces") socket.write(whole);
    else socket.write(whole.slice(0, -4), () => setTimeout(() => socket.write(whole.slice(-4)), 20));
  };
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    if (!text.endsWith("\\r\\n\\r\\n")) return;
    answer(text.split(" ")[1]);
    text = "";
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

describe("requests that repeat the last one, on the live kernel", { skip }, () => {
  let child: ChildProcess;
  let port = 0;
  let recorder: Recorder;
  let observer: KernelObserver;

  before(async () => {
    child = spawn(process.execPath, ["-e", service], { stdio: ["ignore", "pipe", "inherit"] });
    const [line]: Buffer[] = child.stdout === null ? [] : await once(child.stdout, "data");
    port = Number(line);
    recorder = newRecorder();
    observer = await openKernelObserver({ sink: recorder.sink, repeats: true });
    observer.watch(child.pid ?? 0);
  });

  after(async () => {
    observer.close();
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  });

  const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

  async function ask(connection: RawConnection, path: string): Promise<void> {
    await connection.write(request(path));
    await connection.read(".");
  }

  /** told gives what was told of one connection's requests with this path: in full, and as repetitions. */
  function told(path: string): { whole: SeenExchange[]; again: Recorder["again"] } {
    observer.drain();
    const whole = recorder.servers(child.pid ?? 0).filter(({ head }) => head.startsWith(`GET ${path} `));
    const originals = new Set(whole.map(({ number }) => number));
    return { whole, again: recorder.again.filter(({ original }) => originals.has(original)) };
  }

  test("the first three are told whole (a connection's first is not hashed), those behind them in one record with both times", async () => {
    const connection = await openRaw(port);
    for (let i = 0; i < 10; i++) await ask(connection, "/same");
    await eventually("ten requests", () => told("/same").whole.length + told("/same").again.length === 10);
    connection.close();
    const { whole, again } = told("/same");
    assert.deepEqual([whole.length, again.length], [3, 7]);
    const last = whole[2] ?? assert.fail();
    let before = last.endNs;
    for (const each of again) {
      assert.equal(each.original, last.number);
      assert.equal(each.ports >>> 16, port);
      assert.equal(each.ports & 0xffff, last.peerPort);
      assert.equal(each.tgid, child.pid);
      assert.ok(each.ns > before && each.endNs > each.ns, `${each.ns} to ${each.endNs} behind ${before}`);
      before = each.endNs;
    }
    assert.equal(new Set(again.map(({ exchange }) => exchange)).size, 7);
    assert.equal(new Set(again.map(({ sequence }) => sequence)).size, 7);
  });

  test("another body does not matter, however long; another head does, and is told whole", async () => {
    const connection = await openRaw(port);
    for (let i = 0; i < 5; i++) await ask(connection, "/large");
    for (let i = 0; i < 5; i++) await ask(connection, "/changes");
    for (let i = 0; i < 3; i++) await ask(connection, "/large");
    await eventually("all", () => told("/large").whole.length + told("/large").again.length === 8);
    connection.close();
    assert.deepEqual([told("/large").whole.length, told("/large").again.length], [5, 3]);
    const { whole, again } = told("/changes");
    // Their requests are the same: put off, and told as repetitions when the answers turned out to be others.
    assert.equal(whole.filter(({ requests, responses }) => requests === 1 && responses === 1).length, 2);
    const later = [...recorder.exchanges.values()].filter(
      ({ requests, responseHead }) => requests === 0 && /X-Served/.test(responseHead),
    );
    assert.equal(later.length, 3);
    const putOff = recorder.again.filter(({ endNs }) => endNs === 0).map(({ exchange }) => exchange);
    for (const { number } of later) assert.ok(putOff.includes(number));
    assert.ok(again.every(({ endNs }) => endNs === 0));
  });

  test("an answer in pieces is told in pieces each time", async () => {
    const connection = await openRaw(port);
    for (let i = 0; i < 4; i++) await ask(connection, "/pieces");
    await eventually("four", () => told("/pieces").whole.filter(({ more }) => more > 0).length === 4);
    connection.close();
    assert.deepEqual([told("/pieces").whole.length, told("/pieces").again.length], [4, 0]);
  });

  test("a request whose connection closes without an answer is told, and its end", async () => {
    const connection = await openRaw(port);
    for (let i = 0; i < 3; i++) await ask(connection, "/fourth");
    await connection.write(request("/fourth"));
    const unanswered = () => told("/fourth").again.find(({ endNs }) => endNs === 0);
    await eventually("its end", () => recorder.exchanges.get(unanswered()?.exchange ?? 0)?.ends.length === 1);
    connection.close();
    assert.deepEqual([told("/fourth").whole.length, told("/fourth").again.length], [3, 1]);
  });
});

describe("requests of a Go service that repeat the last one", { skip }, () => {
  test("the parent of an outgoing request is told before it", async () => {
    const program = buildGoService();
    const service = await program.start();
    const recorder = newRecorder();
    const observer = await openKernelObserver({ sink: recorder.sink, repeats: true });
    try {
      observer.watch(service.pid, readGoFacts(`/proc/${service.pid}/exe`));
      // As at a rate at which the probe on handlers' ends is not worth its cost; with it nothing is put off.
      observer.setProbes(service.pid, { handlerEnd: false, roundTrip: true, spawn: true });
      const client = newClient(service.port, true);
      for (let i = 0; i < 6; i++) await client.get("/calls/1");
      await eventually("six calls", () => {
        observer.drain();
        return recorder.clients(service.pid).length === 6;
      });
      client.close();
      const outer = recorder.servers(service.pid).filter(({ head }) => head.startsWith("GET /calls/"));
      const whole = outer.filter(({ requests }) => requests > 0).map(({ number }) => number);
      const putOff = recorder.again.filter(({ endNs }) => endNs === 0).map(({ exchange }) => exchange);
      const parents = recorder.clients(service.pid).map(({ parent }) => parent);
      assert.equal(new Set(parents).size, 6);
      assert.deepEqual(
        parents.filter((parent) => !whole.includes(parent) && !putOff.includes(parent)),
        [],
      );
      assert.ok(parents.some((parent) => putOff.includes(parent)));
    } finally {
      observer.close();
      await service.stop();
      program.remove();
    }
  });
});
