import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildGo, canObserve, hasGo } from "./testing/go-service.js";
import { cliPath, runCli } from "./testing/running-go3s.js";

const synCount = fileURLToPath(new URL("../../../examples/syn-count.go3s", import.meta.url));
const skip = canObserve ? false : "needs root to load BPF programs";
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "go3s-cli-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("every command shows its help with examples; a wrong word is answered with the nearest right one", async () => {
  for (const name of [
    "up",
    "observe",
    "trace",
    "build",
    "load",
    "unload",
    "ps",
    "query",
    "tail",
    "top",
    "diagnose",
    "doctor",
  ]) {
    const { code, stdout } = await runCli([name, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^go3s ${name}`));
    assert.match(stdout, /Examples:\n {2}go3s/);
    assert.ok(stdout.split("\n").length <= 30, `${name} --help is more than a screen`);
  }
  // What a screen has no room for is named there, and told in full on request.
  const screen = await runCli(["up", "--help"]);
  const all = await runCli(["help", "up"]);
  assert.equal(all.code, 0);
  assert.match(screen.stdout, /"go3s help up" also tells.*--exclude-name/s);
  assert.doesNotMatch(screen.stdout, /leave services or executables of this name alone/);
  assert.match(all.stdout, / --exclude-name GLOB +leave services or executables of this name alone/);
  assert.match(all.stdout, / --data DIR .*Examples:\n {2}go3s up/s);
  const unknown = await runCli(["help", "quary"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /did you mean "query"\?/);
  const wrong = await runCli(["quary"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean "query"\?/);
  const flag = await runCli(["query", "--formt", "json", "SELECT 1", "--json"]);
  assert.equal(flag.code, 2);
  assert.deepEqual(lines(flag.stderr)[0], {
    error: { code: "usage", message: "Unknown option '--formt'", hint: "did you mean --format?" },
  });
});

test("a wrong program ends with 2 and shows file, line, column and a caret", async () => {
  const path = join(folder, "wrong.go3s");
  writeFileSync(path, readFileSync(synCount, "utf8").replace("e.PID =", "e.Pidd ="));
  const { code, stderr } = await runCli(["build", path, "-o", join(folder, "wrong.o")]);
  assert.equal(code, 2);
  assert.match(stderr, /wrong\.go3s:28:4: error: Event has no field Pidd/);
  assert.match(stderr, /\^{4}/);
});

test("build writes an object that bpftool loads", {
  skip: skip || (!hasTool("bpftool") && "needs bpftool"),
}, async () => {
  const path = join(folder, "syn.o");
  const { code, stdout } = await runCli(["build", synCount, "-o", path, "--json"]);
  assert.equal(code, 0);
  const [program] = lines(stdout);
  assert.equal(program?.["program"], "onState");
  const pin = `/sys/fs/bpf/go3s-test-${process.pid}`;
  execFileSync("bpftool", ["prog", "loadall", path, pin], { stdio: ["ignore", "ignore", "inherit"] });
  rmSync(pin, { recursive: true });
});

function hasTool(name: string): boolean {
  try {
    execFileSync("which", [name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("trace prints events and maps of a command, as text and as JSON", { skip }, async () => {
  const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    const command = `${process.execPath} -e "require('net').connect(${port},'127.0.0.1').on('close',()=>0)"`;
    const json = lines((await runCli(["trace", synCount, "-f", "json", "-c", command])).stdout);
    const events = json
      .filter((line) => line["type"] === "event")
      .map((line) => (line["data"] as { value: { DstPort: number } }).value);
    assert.ok(
      events.some((event) => event.DstPort === port),
      JSON.stringify(json),
    );
    const map = json.find((line) => line["type"] === "map")?.["data"] as { synCount: { "0": number } };
    assert.ok(map.synCount["0"] >= events.length);
    const text = (await runCli(["trace", synCount, "-c", command])).stdout;
    assert.match(text, new RegExp(`Event\\{PID: \\d+, Comm: "[^"]+", DstPort: ${port}\\}`));
    assert.match(text, /synCount\[0\]: \d+/);
  } finally {
    server.close();
  }
});

test("a hook that this kernel refuses ends with 3 and says what is missing", { skip }, async () => {
  const path = join(folder, "kprobe.go3s");
  writeFileSync(
    path,
    'package k\n\nimport "bpf"\n\n// @kprobe:tcp_v4_connect\nfunc onConnect(ctx *bpf.KProbe) int {\n\treturn 0\n}\n',
  );
  const doctor = lines((await runCli(["doctor", "--json"])).stdout);
  const kprobe =
    doctor.find((line) => line["feature"] === "kprobe") ?? assert.fail("doctor says nothing of kprobes");
  const { code, stderr } = await runCli(["trace", path, "--dry-run", "--json"]);
  if (kprobe["ok"] === true) return assert.equal(code, 0);
  assert.equal(code, 3);
  const [line] = lines(stderr);
  const { error } = line as { error: { code: string; hint: string } };
  assert.equal(error.code, "not-supported");
  assert.match(error.hint, /CONFIG_KPROBE/);
  assert.equal(typeof kprobe["needs"], "string");
});

test("observe starts a command, prints its spans and a summary, and needs no server", {
  skip: skip || (!hasGo && "needs a Go toolchain"),
}, async () => {
  const program = buildGo(
    "selfcaller",
    `package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello/{name}", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.PathValue("name")) })
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(listener, mux)
	for {
		if _, err := os.Stat(os.Args[1]); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	for i := range 5 {
		response, err := http.Get(fmt.Sprintf("http://%s/hello/%d", listener.Addr(), i))
		if err != nil {
			panic(err)
		}
		response.Body.Close()
	}
	time.Sleep(100 * time.Millisecond)
}
`,
  );
  // The program begins when it is observed, however busy the machine is.
  const begin = `${program.path}.begin`;
  try {
    const { code, stdout } = await runCli(["observe", "--json", "--", program.path, begin], (text) => {
      if (text.includes('"attached"')) writeFileSync(begin, "");
    });
    assert.equal(code, 0);
    const out = lines(stdout);
    assert.match(String(out.find((line) => line["event"] === "attached")?.["runtime"]), /^go1\./);
    const servers = out.filter((line) => line["kind"] === "SERVER");
    assert.equal(servers.length, 5);
    for (const span of servers) {
      assert.equal(span["service_name"], "selfcaller");
      assert.equal(span["operation"], "GET /hello/{name}");
      const client =
        out.find((line) => line["span_id"] === span["parent_span_id"]) ?? assert.fail("no client span");
      assert.equal(client["kind"], "CLIENT");
      assert.equal(client["trace_id"], span["trace_id"]);
    }
    const summary = out.at(-1);
    assert.equal(summary?.["event"], "summary");
    assert.equal(summary?.["spans"], 10);
    assert.deepEqual(summary?.["dropped"], {});
  } finally {
    program.remove();
  }
});

test("a command is seen from its first request on, though it ends at once", { skip }, async () => {
  const server = createHttp((_, response) => response.end("hi")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const program = `require("http").get("http://127.0.0.1:${port}/first", (response) => response.resume())`;
  try {
    const { code, stdout } = await runCli(["observe", "--json", "--", process.execPath, "-e", program]);
    assert.equal(code, 0);
    const out = lines(stdout);
    const spans = out.filter((line) => line["kind"] === "CLIENT");
    assert.deepEqual(
      spans.map((span) => (span["attributes"] as Record<string, unknown>)["url.path"]),
      ["/first"],
    );
    // The process that waits to become the command is nobody's to hear of.
    assert.deepEqual(
      out.filter((line) => line["event"] === "attached").map((line) => line["runtime"]),
      ["nodejs"],
    );
    const missing = await runCli(["observe", "--", "no-such-command-anywhere"]);
    assert.match(missing.stderr, /^error: cannot start no-such-command-anywhere: no such file or directory/);
  } finally {
    server.close();
  }
});

test("what cannot be observed is named: a command, a process, a port, profiles without a receiver", {
  skip,
}, async () => {
  const told = async (...args: string[]): Promise<unknown> => {
    const { stderr } = await runCli(["observe", "--json", "--duration", "1s", ...args]);
    const { error } = lines(stderr).find((line) => "error" in line) as { error: Record<string, string> };
    return { code: error["code"], message: error["message"] };
  };
  const command = await told("--", "/no/such/command");
  assert.deepEqual(command, {
    code: "command-failed",
    message: "cannot start /no/such/command: no such file or directory",
  });
  const free = Number(readFileSync("/proc/sys/kernel/pid_max", "utf8"));
  assert.deepEqual(await told("--pid", String(free)), {
    code: "nothing-to-observe",
    message: `there is no process ${free}`,
  });
  assert.deepEqual(await told("--port", "99999"), {
    code: "usage",
    message: "--port 99999: not a port (0 to 65535)",
  });
  assert.deepEqual(await told("--pid", "1", "--allocations"), {
    code: "usage",
    message: "--allocations needs --otlp",
  });
});

test("what a receiver takes nothing of ends with 1", { skip }, async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  server.close();
  await once(server, "close");
  const url = `http://127.0.0.1:${port}`;
  const { code, stderr } = await runCli(["observe", "--otlp", url, "--", "sleep", "2"]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`error: nothing was delivered to ${url}`));
});

test("observing a process ends when it does", { skip }, async () => {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  const { code, stdout, stderr } = await runCli(["observe", "--json", "--pid", String(child.pid)], (text) => {
    if (text.includes('"attached"')) child.kill();
  });
  assert.equal(code, 0);
  assert.match(stderr, /what was observed has ended/);
  assert.equal(lines(stdout).at(-1)?.["event"], "summary");
});

test("a full disk behind stdout is an error in one line", () => {
  const full = openSync("/dev/full", "w");
  try {
    const { status, stderr } = spawnSync(process.execPath, [cliPath, "--help"], {
      stdio: ["ignore", full, "pipe"],
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^error: cannot write to stdout: ENOSPC[^\n]*\n$/);
  } finally {
    closeSync(full);
  }
});

test("a query without a server or data says how to get one", async () => {
  const { code, stderr } = await runCli(["query", "SELECT 1", "--data", join(folder, "nothing")]);
  assert.equal(code, 1);
  assert.match(stderr, /no server runs on .*nothing/);
  assert.match(stderr, /go3s up/);
});
