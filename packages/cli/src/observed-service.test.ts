import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { after, before, test } from "node:test";
import { buildGo, canObserve, type GoProgram, type GoService, hasGo } from "./testing/go-service.js";
import { type RunningGo3s, startGo3s, until } from "./testing/running-go3s.js";

// A service that answers 5 % of its requests with an error and tells, in a header, how long its handler took by its own
// clock. /fan calls /leaf three goroutines down.
const source = `package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

var self string

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id, _ := strconv.Atoi(r.PathValue("id"))
		if id%7 == 0 {
			time.Sleep(time.Millisecond)
		}
		status := 200
		if id%20 == 0 {
			status = 500
		}
		w.Header().Set("Handler-Ns", strconv.FormatInt(time.Since(start).Nanoseconds(), 10))
		w.WriteHeader(status)
		fmt.Fprintf(w, "user %d", id)
	})
	mux.HandleFunc("/leaf", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "leaf") })
	mux.HandleFunc("/fan", func(w http.ResponseWriter, r *http.Request) {
		var group sync.WaitGroup
		group.Add(1)
		go func() {
			inner := make(chan bool)
			go func() {
				go func() {
					answer, err := http.Get(self + "/leaf")
					if err == nil {
						io.Copy(io.Discard, answer.Body)
						answer.Body.Close()
					}
					inner <- true
				}()
			}()
			<-inner
			group.Done()
		}()
		group.Wait()
		fmt.Fprint(w, "fan")
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	self = "http://" + listener.Addr().String()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, mux)
}
`;

const skip = !canObserve ? "needs root to load BPF programs" : !hasGo ? "needs a Go toolchain" : false;

interface Answer {
  readonly status: number;
  readonly handlerNs: number;
  readonly clientNs: number;
}

function get(
  port: number,
  path: string,
  agent: Agent,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const call = request({ host: "127.0.0.1", port, path, agent, headers }, (response) => {
      response.resume();
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          handlerNs: Number(response.headers["handler-ns"] ?? 0),
          clientNs: Number(process.hrtime.bigint() - start),
        }),
      );
    });
    call.once("error", reject);
    call.end();
  });
}

let program: GoProgram;
let service: GoService;
let go3s: RunningGo3s;

before(async () => {
  if (skip) return;
  program = buildGo("shopserver", source);
  service = await program.start();
  go3s = await startGo3s(["--no-web"]);
});

after(async () => {
  await service?.stop();
  await go3s?.stop();
  go3s?.remove();
  program?.remove();
});

async function attached(pid: number): Promise<boolean> {
  const status = (await (await fetch(new URL("/api/v1/status", go3s.ready.web))).json()) as {
    agent: { processes: { pid: number; watched: boolean; probes: number }[] };
  };
  return status.agent.processes.some((each) => each.pid === pid && each.watched && each.probes > 0);
}

async function dropped(): Promise<string> {
  const status = (await (await fetch(new URL("/api/v1/status", go3s.ready.web))).json()) as {
    agent: { state: string; spans: number; dropped: unknown };
  };
  return JSON.stringify({ ...status.agent, processes: undefined });
}

async function count(sql: string): Promise<number> {
  const [row] = await go3s.rows(sql);
  return Number(row?.["n"]);
}

test("10,000 requests, kept connections and new ones, are 10,000 server spans with status, route and duration", {
  skip,
}, async () => {
  assert.ok(await until(60_000, () => attached(service.pid)), "not attached in 60 s");
  const kept = new Agent({ keepAlive: true, maxSockets: 8 });
  const fresh = new Agent({ keepAlive: false, maxSockets: 8 });
  const answers = new Map<string, Answer>();
  let next = 1;
  const worker = async (): Promise<void> => {
    for (let id = next++; id <= 10_000; id = next++) {
      const trace = `1${id.toString(16).padStart(31, "0")}`;
      const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
      answers.set(trace, await get(service.port, `/users/${id}?q=1`, id % 4 === 0 ? fresh : kept, headers));
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  kept.destroy();
  const where =
    "FROM traces WHERE service_name = 'shopserver' AND kind = 'SERVER' AND attributes['url.path'] LIKE '/users/%'";
  assert.ok(
    await until(60_000, async () => (await count(`SELECT count() AS n ${where}`)) >= 10_000),
    `only ${await count(`SELECT count() AS n ${where}`)} spans; dropped: ${await dropped()}`,
  );
  const spans = await go3s.rows(
    `SELECT trace_id, parent_span_id, operation, status_code, duration_ns, attributes['http.response.status_code'] AS status, attributes['http.route'] AS route ${where}`,
  );
  assert.equal(spans.length, 10_000);
  assert.equal(new Set(spans.map((span) => span["trace_id"])).size, 10_000);
  for (const span of spans) {
    const answer = answers.get(String(span["trace_id"])) ?? assert.fail(`unknown trace ${span["trace_id"]}`);
    const duration = Number(span["duration_ns"]);
    assert.equal(Number(span["status"]), answer.status);
    assert.equal(span["status_code"], answer.status === 500 ? "ERROR" : "UNSET");
    assert.equal(span["route"], "/users/{id}");
    assert.equal(span["operation"], "GET /users/{id}");
    assert.equal(span["parent_span_id"], "00f067aa0ba902b7");
    assert.ok(
      duration >= answer.handlerNs,
      `${duration} ns is shorter than the handler's ${answer.handlerNs}`,
    );
    assert.ok(duration <= answer.clientNs, `${duration} ns is longer than the client's ${answer.clientNs}`);
  }
});

test("a call three goroutines down has the request's span as its parent, and the called request follows it", {
  skip,
}, async () => {
  assert.ok(await until(60_000, () => attached(service.pid)));
  const agent = new Agent({ keepAlive: false });
  const trace = "f".repeat(31);
  for (let i = 0; i < 5; i++)
    await get(service.port, "/fan", agent, { traceparent: `00-${trace}${i}-00f067aa0ba902b7-01` });
  const sql = `SELECT trace_id, span_id, parent_span_id, kind, attributes['url.path'] AS path FROM traces WHERE startsWith(trace_id, '${trace}')`;
  assert.ok(
    await until(60_000, async () => (await go3s.rows(sql)).length >= 15),
    JSON.stringify(await go3s.rows(sql)),
  );
  const spans = await go3s.rows(sql);
  for (let i = 0; i < 5; i++) {
    const of = (kind: string, path: string) =>
      spans.find(
        (span) => span["trace_id"] === `${trace}${i}` && span["kind"] === kind && span["path"] === path,
      );
    const outer = of("SERVER", "/fan") ?? assert.fail("no outer span");
    const call = of("CLIENT", "/leaf") ?? assert.fail("no client span");
    const inner = of("SERVER", "/leaf") ?? assert.fail("no inner span");
    assert.equal(call["parent_span_id"], outer["span_id"]);
    assert.equal(inner["parent_span_id"], call["span_id"]);
  }
});

test("a service that starts later is seen from its first requests on", { skip }, async () => {
  assert.ok(await until(60_000, () => attached(service.pid)));
  await get(service.port, "/leaf", new Agent({ keepAlive: false }));
  const late = await program.start({ OTEL_SERVICE_NAME: "latecomer" });
  try {
    const agent = new Agent({ keepAlive: false });
    // At once: the agent reads of the new process a little later than the first client comes.
    for (let i = 0; i < 20; i++) await get(late.port, "/leaf", agent);
    const sql = "SELECT count() AS n FROM traces WHERE service_name = 'latecomer'";
    assert.ok(await until(60_000, async () => (await count(sql)) === 20), `${await count(sql)} of 20 spans`);
    const [row] = await go3s.rows(
      "SELECT DISTINCT attributes['http.route'] AS route, resource_attributes['process.runtime.name'] AS runtime FROM traces WHERE service_name = 'latecomer'",
    );
    assert.deepEqual(row, { route: "/leaf", runtime: "go" });
  } finally {
    await late.stop();
  }
});

test("TCP connections of any process are told, failed ones with their reason", { skip }, async () => {
  const closed = await program.start();
  await closed.stop();
  await get(closed.port, "/", new Agent()).catch(() => undefined);
  await get(service.port, "/leaf", new Agent({ keepAlive: false }));
  const refused = `SELECT count() AS n FROM logs WHERE event_name = 'tcp.connect' AND attributes['network.peer.port'] = '${closed.port}' AND attributes['error.type'] = 'ECONNREFUSED'`;
  assert.ok(await until(60_000, async () => (await count(refused)) >= 1), "no failed connect");
  const told = `SELECT count() AS n FROM logs WHERE event_name = 'tcp.close' AND attributes['network.local.port'] = '${service.port}' AND service_name = 'shopserver' AND attributes['go3s.tcp.role'] = 'server'`;
  assert.ok(
    await until(60_000, async () => (await count(told)) >= 1),
    "no accepted connection of the service",
  );
});
