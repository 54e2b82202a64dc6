import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { after, before, describe, test } from "node:test";
import type { ProbeRun, ProbesAnswer } from "../api/probe-types.js";
import { type Answer, type Started, send, start } from "../testing/start.js";
import type { ProbePort, ProbeTold } from "./port.js";
import { createRuns } from "./runs.js";

/** Fake is a port whose probes do what the test says. */
interface Fake extends ProbePort {
  tell: (event: ProbeTold) => void;
  stopped: number;
  closed: boolean;
}

function fakePort(): Fake {
  const fake: Fake = {
    tell: () => undefined,
    stopped: 0,
    closed: false,
    examples: () => [
      { id: "a", group: "one-liner", language: "script", title: "Opens", about: "", text: "x" },
    ],
    check: async ({ text }) => ({
      ok: text !== "wrong",
      mistakes: [],
      programs: [],
      took_ms: 1,
    }),
    run(_order, told) {
      let over = false;
      fake.tell = (event) => {
        if (over) return;
        over = event.type === "ended";
        told(event);
      };
      const { tell } = fake;
      return {
        async stop() {
          fake.stopped++;
          tell({ type: "output", items: [{ kind: "text", text: "the end\n" }], left_out: 0 });
          tell({ type: "ended", by: "itself", failure: null });
        },
      };
    },
    async close() {
      fake.closed = true;
    },
  };
  return fake;
}

describe("probes over the web port", () => {
  let started: Started;
  let port: Fake;
  let url = "";
  before(async () => {
    port = fakePort();
    started = await start({ probes: port });
    url = `${started.server.addresses.web}/api/v1/probes`;
  });
  after(async () => {
    await started.close();
    assert.ok(port.closed);
  });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    send(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const order = { language: "script", text: "begin { }", title: "try", duration_ms: 60_000 };
  const begin = async (): Promise<ProbeRun> => {
    const answer = await post("/runs", order);
    assert.equal(answer.status, 201, answer.body.toString());
    return JSON.parse(answer.body.toString());
  };
  const listed = async (): Promise<ProbesAnswer> => JSON.parse((await send(url)).body.toString());
  const runOf = async (id: string): Promise<ProbeRun | undefined> =>
    (await listed()).runs.find((each) => each.id === id);
  /** watch gives what a page hears until `done` is true of it, and leaves then. */
  const watch = (id: string, done: (heard: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/runs/${id}/stream`, { agent: false });
      request.on("error", reject);
      request.on("response", (response) => {
        let heard = "";
        const look = () => {
          if (!done(heard)) return;
          response.destroy();
          resolve(heard);
        };
        response.on("data", (chunk: Buffer) => {
          heard += chunk.toString();
          look();
        });
        response.on("end", () => resolve(heard));
      });
      request.end();
    });

  test("it lists the gallery, and compiles what is typed", async () => {
    const { examples, refused } = await listed();
    assert.deepEqual([examples.length, refused], [1, ""]);
    const good = await post("/check", { language: "script", text: "right" });
    assert.equal(JSON.parse(good.body.toString()).ok, true);
    const bad = await post("/check", { language: "go3s", text: "wrong" });
    assert.equal(JSON.parse(bad.body.toString()).ok, false);
  });

  test("a page hears what was, what comes and the end; maps take the place of what they were", async () => {
    const { id } = await begin();
    const heard = watch(id, (text) => text.includes("event: over"));
    port.tell({ type: "attached", probes: 2 });
    const map = (value: number) =>
      ({
        kind: "map",
        name: "@",
        shape: "values",
        rows: [{ key: "a", value }],
        more: 0,
      }) as const;
    port.tell({ type: "output", items: [{ kind: "text", text: "<b>first</b>\n" }, map(1)], left_out: 3 });
    port.tell({ type: "output", items: [map(2)], left_out: 0 });
    port.tell({ type: "cost", costs: [{ name: "p", runs: 10, ns: 1000 }] });
    const again = await watch(id, (text) => text.includes('"value":2'));
    assert.doesNotMatch(again, /"value":1/);
    assert.match(again, /event: begin\ndata: \{"id".*"state":"running".*"left_out":3/);
    const stopped = await send(`${url}/runs/${id}`, { method: "DELETE" });
    const run: ProbeRun = JSON.parse(stopped.body.toString());
    assert.deepEqual([run.state, run.ended_by, run.told], ["ended", "stopped", 2]);
    assert.match(await heard, /the end\\n.*event: over/s);
    // A page that comes when all is over hears it, too.
    assert.match(await watch(id, () => false), /first.*event: over/s);
  });

  test("what is refused by the kernel is a run that failed, with its words", async () => {
    const { id } = await begin();
    const failure = { code: "verifier-rejected", message: "no", hint: "do", mistakes: [] };
    port.tell({ type: "ended", by: "itself", failure });
    const run = await runOf(id);
    assert.deepEqual([run?.state, run?.failure], ["failed", failure]);
  });

  test("at most four run at once", async () => {
    const ids = [await begin(), await begin(), await begin(), await begin()].map(({ id }) => id);
    const fifth = await post("/runs", order);
    // The grace may have ended one of them meanwhile on a slow machine: then there is room.
    const alive = (await listed()).runs.filter((each) => ids.includes(each.id) && each.ended_ms === null);
    if (alive.length === 4) assert.equal(fifth.status, 429);
    for (const id of ids) await send(`${url}/runs/${id}`, { method: "DELETE" });
  });

  for (const [name, body, headers, status] of [
    ["a form of another site", "language=script&text=x", { "content-type": "text/plain" }, 415],
    ["a form's own type", "text=x", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["another site's page", order, { origin: "https://evil.example" }, 403],
    ["another port of this machine", order, { origin: "http://localhost:3000" }, 403],
    ["a request marked cross-site", order, { "sec-fetch-site": "cross-site" }, 403],
    ["a rebound name", order, { host: "evil.example" }, 403],
    ["no JSON", "{", {}, 400],
    ["a list", "[]", {}, 400],
    ["another language", { ...order, language: "c" }, {}, 400],
    ["no text", { ...order, text: 1 }, {}, 400],
    ["a run without end", { ...order, duration_ms: 1e12 }, {}, 400],
    ["a run of no time", { ...order, duration_ms: "1" }, {}, 400],
    ["a pid that is none", { ...order, pid: -1 }, {}, 400],
    ["a text that is too long", { ...order, text: "x".repeat(300_000) }, {}, 413],
  ] as const) {
    test(`${name} starts nothing`, async () => {
      const before = (await listed()).runs.length;
      const answer = await post("/runs", body, { ...headers });
      assert.equal(answer.status, status, answer.body.toString());
      assert.notEqual(JSON.parse(answer.body.toString()).error.message, "");
      assert.equal((await listed()).runs.length, before);
    });
  }

  test("no other address or method does anything", async () => {
    assert.equal((await post("/nothing", {})).status, 404);
    assert.equal((await send(`${url}/runs/nothing`, { method: "DELETE" })).status, 404);
    assert.equal((await send(`${url}/runs/nothing/stream`)).status, 404);
    assert.equal((await send(url, { method: "PUT" })).status, 405);
  });
});

describe("a run without a page", () => {
  const order = { language: "script", text: "begin { }", title: "try", duration_ms: 60_000 } as const;
  const over = async (isOver: () => boolean): Promise<void> => {
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test("it is stopped when none ever looked", async () => {
    const port = fakePort();
    const runs = createRuns(port, { grace_ms: 5 });
    const run = runs.start(order);
    await over(() => run.ended_ms !== null);
    assert.deepEqual([run.ended_by, port.stopped], ["page", 1]);
    await runs.close();
    assert.equal(port.stopped, 1);
  });

  test("it is stopped a while after the last page left, not while one is there", async () => {
    const port = fakePort();
    const runs = createRuns(port, { grace_ms: 5 });
    let run: ProbeRun | undefined;
    const server = createServer((_request, response) => {
      run = runs.start(order);
      runs.attach(run.id, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const address = server.address();
      const path = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
      await new Promise<void>((resolve, reject) => {
        const request = httpRequest(path, { agent: false });
        request.on("error", reject);
        request.on("response", (response) => {
          response.once("data", () => {
            // Much longer than the grace: it is there, so nothing ends.
            setTimeout(() => {
              assert.equal(run?.ended_ms, null);
              response.destroy();
              resolve();
            }, 60);
          });
        });
        request.end();
      });
      await over(() => run?.ended_ms !== null);
      assert.deepEqual([run?.ended_by, port.stopped], ["page", 1]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
