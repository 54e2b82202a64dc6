import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { Agent, request } from "node:http";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { changedSampling } from "./agent-sample.js";
import { buildGo, canObserve, type GoProgram, type GoService, hasGo } from "./testing/go-service.js";
import { cliPath, type RunningGo3s, startGo3s, until } from "./testing/running-go3s.js";

const source = `package main

import (
	"fmt"
	"net"
	"net/http"
)

func main() {
	http.HandleFunc("/thing", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "thing") })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;

const skip = !canObserve ? "needs root to load BPF programs" : !hasGo ? "needs a Go toolchain" : false;

let program: GoProgram;
let service: GoService;
let go3s: RunningGo3s;

before(async () => {
  if (skip) return;
  program = buildGo("sampledthing", source);
  service = await program.start();
  go3s = await startGo3s(["--no-web", "--agent-sample", "0"]);
});
after(async () => {
  await service?.stop();
  await go3s?.stop();
  go3s?.remove();
  program?.remove();
});

function get(agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: service.port, path: "/thing", agent }, (response) => {
      response.resume();
      response.once("end", resolve);
    });
    call.once("error", reject);
    call.end();
  });
}

interface Told {
  readonly agent: {
    readonly processes: readonly {
      readonly pid: number;
      readonly watched: boolean;
      readonly probes: number;
    }[];
    readonly sampling?: { readonly share: number; readonly untold: number };
  };
}

const status = async (): Promise<Told> =>
  (await (await fetch(new URL("/api/v1/status", go3s.ready.web))).json()) as Told;

async function sample(...args: string[]): Promise<Record<string, unknown>> {
  const all = [cliPath, "sample", ...args, "--json", "--server", go3s.ready.web];
  return JSON.parse((await promisify(execFile)(process.execPath, all)).stdout);
}

const where = "WHERE service_name = 'sampledthing' AND kind = 'SERVER'";

test("what the running agent tells is changed by go3s sample, and requests are counted as they were", {
  skip,
}, async () => {
  const attached = async () =>
    (await status()).agent.processes.some((each) => each.pid === service.pid && each.watched);
  assert.ok(await until(60_000, attached), "not attached in 60 s");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // Others on this machine are observed, too.
  for (let i = 0; i < 100; i++) await get(agent);
  assert.ok(await until(60_000, async () => ((await status()).agent.sampling?.untold ?? 0) >= 100), "untold");

  const now = await sample("0.25", "--service", "sampledthing");
  assert.deepEqual(now, { share: 0, errors: false, spans_per_second: 0, services: { sampledthing: 0.25 } });
  const last = async () => {
    const [row] = await go3s.rows(
      `SELECT count() AS n, countIf(trace_state = 'ot=th:c') AS marked, any(span_id) AS id FROM traces ${where}`,
    );
    return { n: Number(row?.["n"]), marked: Number(row?.["marked"]) };
  };
  // The agent hears of it a few milliseconds later.
  assert.ok(
    await until(60_000, async () => {
      await get(agent);
      return (await last()).n > 0;
    }),
  );
  for (let i = 0; i < 400; i++) await get(agent);
  await sample("1", "--service", "sampledthing");
  assert.ok(
    await until(60_000, async () => {
      await get(agent);
      const { n, marked } = await last();
      return marked >= 50 && n > marked;
    }),
    JSON.stringify(await last()),
  );
  agent.destroy();
});

test("a change that is none is refused, and what it leaves out stays", { skip }, async () => {
  for (const bad of ["share=2", "share=x", "service=a", "errors=2", "spans_per_second=-1"]) {
    const url = new URL(`/api/v1/agent/sample?${bad}`, go3s.ready.web);
    assert.equal((await fetch(url, { method: "PUT" })).status, 400, bad);
  }
  const url = new URL("/api/v1/agent/sample?share=0.5", go3s.ready.web);
  assert.equal((await fetch(url, { method: "POST" })).status, 405);
  assert.equal((await fetch(url, { method: "PUT", headers: { origin: "http://evil.example" } })).status, 403);
  const before = await sample();
  assert.equal((await sample("--errors", "on"))["share"], before["share"]);
});

test("a change touches what it names", () => {
  const now = { share: 0.5, services: { a: 0.1 }, spansPerSecond: 10 };
  assert.deepEqual(changedSampling(now, { share: 1 }), { ...now, share: 1 });
  assert.deepEqual(changedSampling(now, { share: 1, service: "b" }), { ...now, services: { a: 0.1, b: 1 } });
  assert.deepEqual(changedSampling(now, { errors: true, spans_per_second: 0 }), {
    ...now,
    errors: true,
    spansPerSecond: 0,
  });
});
