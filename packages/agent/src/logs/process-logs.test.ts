import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  decodeProtobuf,
  ExportLogsServiceRequest,
  ExportTraceServiceRequest,
  type LogRecord,
  type Span,
} from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent } from "../agent-types.js";
import {
  type BuiltProgram,
  buildGoService,
  type RunningService,
  whyNoLiveTests,
} from "../testing/go-service.js";
import { attributeOf, whyNoPeer } from "../testing/live-peers.js";
import { eventually } from "../testing/wait.js";
import { looksLikeLog } from "./log-streams.js";
import type { LogOptions } from "./process-logs.js";

const skip = whyNoLiveTests() ?? false;

const source = `package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
)

func main() {
	toErr := slog.New(slog.NewTextHandler(os.Stderr, nil))
	file, err := os.OpenFile(os.Getenv("LOG_FILE"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	toFile := slog.New(slog.NewJSONHandler(file, nil))
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		toFile.WithGroup("req").Info("got", "id", 7, slog.Group("user", "name", "pear"))
		done := make(chan bool)
		go func() {
			toErr.Warn("from another goroutine", "n", 1)
			close(done)
		}()
		<-done
		fmt.Print("a line ")
		fmt.Println("in two writes")
		if r.URL.Query().Get("panic") != "" {
			panic("boom")
		}
	})
	buffer := bufio.NewWriter(os.Stderr)
	kept := slog.New(slog.NewJSONHandler(buffer, nil))
	http.HandleFunc("/keep", func(w http.ResponseWriter, r *http.Request) {
		kept.Info("kept " + r.URL.RawQuery)
		if r.URL.RawQuery == "last" {
			buffer.Flush()
		}
	})
	http.HandleFunc("/many", func(w http.ResponseWriter, r *http.Request) {
		for i := range 50 {
			fmt.Println("line", i)
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
`;

interface Seen {
  readonly agent: Agent;
  readonly logs: LogRecord[];
  readonly spans: Span[];
}

async function observe(pid: number, logs: LogOptions): Promise<Seen> {
  const seen = { logs: [] as LogRecord[], spans: [] as Span[] };
  const agent = await startAgent({
    selection: { pids: [pid] },
    exclude: [],
    metrics: false,
    logs,
    exporter: {
      send(signal, body, _items, done) {
        if (signal === "logs")
          for (const group of decodeProtobuf(ExportLogsServiceRequest, body).resourceLogs)
            for (const scope of group.scopeLogs) seen.logs.push(...scope.logRecords.filter(isWritten));
        if (signal === "traces")
          for (const group of decodeProtobuf(ExportTraceServiceRequest, body).resourceSpans)
            for (const scope of group.scopeSpans) seen.spans.push(...scope.spans);
        done?.();
      },
      stats: () => ({ sentItems: 0, sentBytes: 0, waitingBytes: 0, dropped: {} }),
      close: async () => undefined,
    },
  });
  return { agent, ...seen };
}

const isWritten = ({ attributes }: LogRecord): boolean =>
  attributes.some(({ key }) => key.startsWith("log."));
const bodyOf = ({ body }: LogRecord): string => body?.stringValue ?? "";
const attribute = (record: LogRecord | undefined, name: string): unknown => {
  const value = record?.attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? (value?.intValue === undefined ? undefined : Number(value.intValue));
};

describe("what running programs write to their logs", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-logs-"));
  const path = join(folder, "service.log");
  let program: BuiltProgram;
  let service: RunningService;
  const get = (address: string) => fetch(`http://127.0.0.1:${service.port}${address}`).catch(() => undefined);

  before(async () => {
    program = buildGoService(source);
    service = await program.start({ PATH: "/usr/bin", LOG_FILE: path });
  });
  after(async () => {
    await service?.stop();
    program?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a Go program's lines have their level, groups, and the request they were written in", async () => {
    const seen = await observe(service.pid, {});
    try {
      await get("/get");
      await get("/get?panic=1");
      await eventually("all records", () => seen.logs.length >= 7 && seen.spans.length >= 2);
      const named = (body: string) => seen.logs.filter((record) => bodyOf(record).startsWith(body));
      const [got] = named("got");
      assert.deepEqual(
        [got?.severityNumber, got?.severityText, attribute(got, "log.file.path")],
        [9, "INFO", path],
      );
      assert.deepEqual([attribute(got, "req.id"), attribute(got, "req.user.name")], [7, "pear"]);
      const server = seen.spans.find((span) => span.traceId === got?.traceId);
      assert.equal(server?.name, "GET /get");
      assert.equal(got?.spanId, server?.spanId);
      const [warned] = named("from another goroutine");
      assert.deepEqual([warned?.severityNumber, attribute(warned, "log.iostream")], [13, "stderr"]);
      assert.equal(warned?.spanId, server?.spanId, "of the goroutine that the request's started");
      assert.equal(named("a line in two writes").length, 2);
      const panics = named("http: panic serving ");
      const [panicked] = panics;
      assert.ok(panicked !== undefined && panics.length === 1);
      assert.match(
        bodyOf(panicked),
        /: boom\ngoroutine \d+ \[running\]:\n[\s\S]*\nmain\.main\.func1\([\s\S]*created by net\/http/,
      );
      assert.equal(panicked.severityNumber, 17);
      assert.deepEqual(
        seen.logs.filter((record) => /^\s|^goroutine/.test(bodyOf(record))),
        [],
      );
    } finally {
      await seen.agent.close();
    }
  });

  test("a line that a logger kept is not of the request in which its buffer was written", async () => {
    const seen = await observe(service.pid, {});
    try {
      await get("/keep?first");
      await new Promise((resolve) => setTimeout(resolve, 50));
      await get("/keep?last");
      await eventually("both", () => seen.logs.length >= 2 && seen.spans.length >= 2);
      const last = seen.spans.find((span) => attributeOf(span, "url.query") === "last");
      assert.deepEqual(
        seen.logs.map((record) => [bodyOf(record), record.spanId]),
        [
          ["kept first", ""],
          ["kept last", last?.spanId],
        ],
      );
    } finally {
      await seen.agent.close();
    }
  });

  test("beyond a process's limit lines are dropped and counted", async () => {
    const seen = await observe(service.pid, { limit: 1 });
    try {
      await get("/many");
      await eventually("the first line", () => seen.logs.length > 0);
    } finally {
      await seen.agent.close();
    }
    const lines = seen.logs.length;
    assert.ok(lines < 50, `${lines} of 50`);
    assert.equal((seen.agent.report().dropped["log-rate-limit"] ?? 0) + lines, 50);
  });

  test("a Node program's JSON lines and stack traces", async () => {
    const script = `process.stdin.once("data", () => {
      console.log(JSON.stringify({ level: 30, time: Date.now(), msg: "ready", user: { id: 3 }, trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" }));
      console.error(new TypeError("not that").stack);
      console.error("WARN: low on space");
    });
    process.stdin.resume();`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "pipe"] });
    try {
      await once(child, "spawn");
      child.stdout.resume();
      child.stderr.resume();
      const seen = await observe(child.pid ?? 0, {});
      try {
        child.stdin.write("go\n");
        await eventually("three records", () => seen.logs.length >= 3);
        const [ready, trace, warned] = ["ready", "TypeError", "low"].map((body) =>
          seen.logs.find((record) => bodyOf(record).startsWith(body)),
        );
        assert.deepEqual([ready?.severityNumber, attribute(ready, "user.id")], [9, 3]);
        assert.deepEqual(
          [ready?.traceId, ready?.spanId],
          ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"],
        );
        assert.ok(trace !== undefined && bodyOf(trace).split("\n").length > 2, "the trace is one record");
        assert.deepEqual([warned?.severityNumber, warned?.severityText], [13, "WARN"]);
        assert.equal(seen.logs.length, 3);
      } finally {
        await seen.agent.close();
      }
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  });

  test("what two threads write at a time is not mixed up", { skip: whyNoPeer("python3") }, async () => {
    const script = `
import os, sys, threading
sys.stdin.readline()
os.write(2, b"one that is ")
other = threading.Thread(target=lambda: os.write(2, b"another one\\n"))
other.start()
other.join()
os.write(2, b"put together\\n")
sys.stdin.readline()`;
    const child = spawn("python3", ["-c", script], { stdio: ["pipe", "ignore", "pipe"] });
    try {
      await once(child, "spawn");
      child.stderr.resume();
      const seen = await observe(child.pid ?? 0, {});
      try {
        child.stdin.write("go\n");
        await eventually("two records", () => seen.logs.length >= 2);
        assert.deepEqual(seen.logs.map(bodyOf).sort(), ["another one", "one that is put together"]);
      } finally {
        await seen.agent.close();
      }
    } finally {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
  });

  const python = { skip: whyNoPeer("python3") };
  /** observePython starts a script, which is to begin with a line of stdin, and gives what was told once all of it was, or it has ended. */
  async function observePython(script: string, isAll: (bodies: readonly string[]) => boolean) {
    const child = spawn("python3", ["-c", `import os, sys, time\nsys.stdin.readline()\n${script}`], {
      stdio: ["pipe", "ignore", "pipe"],
      cwd: folder,
    });
    const ended = once(child, "exit");
    try {
      await once(child, "spawn");
      child.stderr.resume();
      const seen = await observe(child.pid ?? 0, {});
      try {
        child.stdin.write("go\n");
        await eventually("all records", () => isAll(seen.logs.map(bodyOf)));
      } finally {
        await seen.agent.close();
      }
      return seen.logs;
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  }

  test("what a pipe takes in parts, or not yet, is told once", python, async () => {
    const logs = await observePython(
      `
import fcntl
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
os.set_blocking(w, False)
os.dup2(w, 2)
data = b"".join(b"line %d of many that do not fit\\n" % i for i in range(400))
while data:
    try:
        data = data[os.write(2, data):]
    except BlockingIOError:
        os.read(r, 1500)
sys.stdin.readline()`,
      (bodies) => bodies.length >= 400,
    );
    assert.deepEqual(
      logs.map(bodyOf),
      Array.from({ length: 400 }, (_, i) => `line ${i} of many that do not fit`),
    );
  });

  test("writes of many parts and of 100 KB are told whole", python, async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `buffered line ${i} of a logger's`);
    const logs = await observePython(
      `
os.writev(2, [b"part %d\\n" % i for i in range(100)])
os.write(2, b"x" * 70000 + b"\\n")
os.write(2, b"".join(b"buffered line %d of a logger's\\n" % i for i in range(3000)))
sys.stdin.readline()`,
      (bodies) => bodies.length >= 3101,
    );
    assert.deepEqual(logs.map(bodyOf), [
      ...Array.from({ length: 100 }, (_, i) => `part ${i}`),
      "x".repeat(70_000),
      ...lines,
    ]);
  });

  test(
    "a log's first line is told, with O_APPEND or without, and nothing that its descriptor is later",
    python,
    async () => {
      const logs = await observePython(
        `
import socket
first = os.open("first.log", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
os.write(first, b"written at once\\n")
os.close(first)
here, there = socket.socketpair()
end = os.dup(here.fileno())
while end < first:
    end = os.dup(end)
os.dup2(end, first)
os.write(first, b"said to a peer\\n")
os.close(first)
other = os.open("data.txt", os.O_CREAT | os.O_WRONLY)
os.write(other, b"some file\\n")
os.close(other)
os.makedirs("logs")
log = os.open("logs/rotated.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
os.rename("logs/rotated.log", "logs/rotated.log.1")
os.write(log, b"behind its back\\n")
os.close(log)
log = os.open("logs/rotated.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
os.write(log, b"in the new one\\n")
os.write(2, b"last\\n")
sys.stdin.readline()`,
        (bodies) => bodies.includes("last") && bodies.includes("in the new one"),
      );
      assert.deepEqual(logs.map((record) => [bodyOf(record), attribute(record, "log.file.path")]).sort(), [
        ["behind its back", join(folder, "logs/rotated.log")],
        ["in the new one", join(folder, "logs/rotated.log")],
        ["last", undefined],
        ["written at once", join(folder, "first.log")],
      ]);
    },
  );

  test("times without a zone are the program's", python, async () => {
    const logs = await observePython(
      `
import logging
os.environ["TZ"] = "Asia/Kathmandu"
time.tzset()
logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
logging.error("a quarter to six hours ahead")
sys.stdin.readline()`,
      (bodies) => bodies.length >= 1,
    );
    const [{ timeUnixNano = 0n, observedTimeUnixNano = 0n } = {}] = logs;
    const late = Number(observedTimeUnixNano - timeUnixNano) / 1e6;
    assert.ok(late > -1 && late < 1000, `${late} ms`);
  });
});

test("files are taken for logs by their names, databases' are not", () => {
  for (const path of ["/srv/app.log", "/srv/app.log.1", "/var/log/nginx/access", "/x/stdout.out"])
    assert.ok(looksLikeLog(path), path);
  for (const path of ["/srv/app.db", "/srv/db-wal", "/data/wal/000001", "/data/000003.log", "/srv/app.txt"])
    assert.ok(!looksLikeLog(path), path);
});
