import assert from "node:assert/strict";
import { test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { attributeOf, newSpanCollector, startRedis, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// A handler that asks Redis over a connection of its own, as its clients do: on the goroutine of the request, or on another.
const source = `package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
)

var (
	lock sync.Mutex
	conn net.Conn
	in   *bufio.Reader
)

func get(key string) string {
	lock.Lock()
	defer lock.Unlock()
	if conn == nil {
		conn, _ = net.Dial("tcp", "127.0.0.1:"+os.Getenv("REDIS"))
		in = bufio.NewReader(conn)
	}
	fmt.Fprintf(conn, "*2\\r\\n$3\\r\\nGET\\r\\n$%d\\r\\n%s\\r\\n", len(key), key)
	line, _ := in.ReadString('\\n')
	return line
}

func main() {
	http.HandleFunc("GET /same/{id}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, get("same")) })
	http.HandleFunc("GET /other/{id}", func(w http.ResponseWriter, r *http.Request) {
		found := make(chan string)
		go func() { found <- get("other") }()
		fmt.Fprint(w, <-found)
	})
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
`;

test("what a Go handler asks Redis is a child of the handler's request, across goroutines and processes", {
  skip: whyNoLiveTests() ?? whyNoPeer("redis-server"),
}, async () => {
  const redis = await startRedis();
  const program = buildGoService(source);
  const service = await program.start({ REDIS: String(redis.port) });
  const { spans, exporter } = newSpanCollector();
  let agent: Agent | undefined;
  try {
    agent = await startAgent({
      selection: { pids: [service.pid, redis.pid] },
      exclude: [process.pid],
      exporter,
    });
    // The first opens the connection, whose beginning nobody needs to join.
    for (const path of ["/same/1", "/same/2", "/other/3"])
      await (await fetch(`http://127.0.0.1:${service.port}${path}`)).text();
    await eventually("all spans", () => spans.length >= 9);
    const requests = spans.filter((span) => attributeOf(span, "url.path") !== "");
    const asked = spans.filter((span) => span.name === "GET" && span.kind === 3);
    const answered = spans.filter(
      (span) => span.name === "GET" && span.kind === 2 && !requests.includes(span),
    );
    assert.deepEqual([requests.length, asked.length, answered.length], [3, 3, 3]);
    for (const request of requests) {
      const children = asked.filter((span) => span.parentSpanId === request.spanId);
      assert.equal(children.length, 1, attributeOf(request, "url.path"));
      assert.equal(children[0]?.traceId, request.traceId);
      if (attributeOf(request, "url.path") === "/same/1") continue;
      const grandchildren = answered.filter((span) => span.parentSpanId === children[0]?.spanId);
      assert.equal(grandchildren.length, 1, attributeOf(request, "url.path"));
      assert.equal(grandchildren[0]?.traceId, request.traceId);
    }
  } finally {
    await agent?.close();
    await service.stop();
    program.remove();
    await redis.stop();
  }
});
