import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { attributeOf, newSpanCollector } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";

// More streams at once than there are places for them (probes/served.go3s, probes/carried.go3s).
const many = 1100;
const perSession = 200;

/** source serves /hold until `many` came, /open for ever. */
const source = `package main

import (
	"fmt"
	"net"
	"net/http"
	"sync"
)

func main() {
	var both http.Protocols
	both.SetUnencryptedHTTP2(true)
	var all sync.WaitGroup
	all.Add(${many})
	http.HandleFunc("/hold/", func(w http.ResponseWriter, r *http.Request) {
		all.Done()
		all.Wait()
		fmt.Fprint(w, "held")
	})
	http.HandleFunc("/open", func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		select {}
	})
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	(&http.Server{Protocols: &both}).Serve(listener)
}
`;

const traceOf = (number: number): string => number.toString(16).padStart(32, "a");

describe("streams that are served at once", { skip: whyNoLiveTests() ?? false }, () => {
  let program: BuiltProgram;
  let service: RunningService;
  let agent: Agent | undefined;
  const sessions: ClientHttp2Session[] = [];
  const { spans, exporter } = newSpanCollector();

  const session = (): ClientHttp2Session => {
    const opened = connect(`http://127.0.0.1:${service.port}`);
    opened.on("error", () => undefined);
    sessions.push(opened);
    return opened;
  };

  before(async () => {
    program = buildGoService(source, []);
    service = await program.start({});
    agent = await startAgent({
      selection: { pids: [service.pid] },
      exclude: [process.pid],
      exporter,
      metrics: false,
    });
  });

  after(async () => {
    for (const each of sessions) each.destroy();
    await agent?.close();
    await service.stop();
    program.remove();
  });

  test("each is told once, with its own path and trace, though there are more than places", async () => {
    const answers: Promise<unknown>[] = [];
    for (let number = 0; number < many; number++) {
      if (number % perSession === 0) session();
      const traceparent = `00-${traceOf(number)}-b7ad6b7169203331-01`;
      const stream = sessions.at(-1)?.request({ ":path": `/hold/${number}`, traceparent });
      assert.ok(stream !== undefined);
      stream.resume();
      answers.push(once(stream, "end"));
    }
    await Promise.all(answers);
    const held = await eventually("all spans", () => (spans.length >= many ? spans.slice() : undefined));
    const told = held.map((span) => `${attributeOf(span, "url.path")} ${span.traceId} ${span.parentSpanId}`);
    const sent = Array.from({ length: many }, (_, i) => `/hold/${i} ${traceOf(i)} b7ad6b7169203331`);
    assert.deepEqual(told.sort(), sent.sort());
  });

  test("one that its process leaves open is told when the process ends", async () => {
    const stream = session().request({ ":path": "/open" });
    stream.on("error", () => undefined);
    await once(stream, "response");
    process.kill(service.pid, "SIGKILL");
    const span = await eventually("its span", () =>
      spans.find((each) => attributeOf(each, "url.path") === "/open"),
    );
    assert.equal(attributeOf(span, "error.type"), "process_exited");
    assert.equal(spans.length, many + 1);
  });
});
