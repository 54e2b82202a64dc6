import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startSink } from "../measure/sink.js";
import type { Peer } from "./peer.js";

/** The release that is compared with; its module is fetched by the Go tool, never kept in the checkout. */
const MODULE = "go.opentelemetry.io/auto";
const VERSION = "v0.24.0";

/**
 * prepareGoAuto builds OpenTelemetry's Go auto-instrumentation in a folder of its own: its published module comes without the compiled
 * BPF objects, and without the module in its `sdk` folder, which it replaces a published one by. Needs Go, its module proxy once,
 * clang, and three minutes the first time.
 */
export function prepareGoAuto(folder: string): Peer {
  const cwd = join(folder, "go-auto");
  const program = join(cwd, "go-auto");
  const fetched = execFileSync("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`], { cwd: folder });
  const module: { readonly Dir: string } = JSON.parse(fetched.toString());
  cpSync(module.Dir, cwd, { recursive: true });
  execFileSync("chmod", ["-R", "u+w", cwd]);
  const include = join(cwd, "internal", "include");
  const flags = `BPF2GO_CFLAGS=-I${join(include, "libbpf")} -I${include}`;
  for (const args of [
    ["mod", "edit", `-dropreplace=${MODULE}/sdk`],
    ["generate", "-mod=mod", "./internal/pkg/instrumentation/bpf/..."],
    ["build", "-mod=mod", "-o", program, "./cli"],
  ])
    execFileSync("env", [flags, "go", ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  return { title: `OpenTelemetry go-auto ${VERSION}`, start: (pid) => start(program, pid) };
}

async function start(program: string, pid: number): ReturnType<Peer["start"]> {
  const sink = await startSink({ counts: true });
  const environment = [
    `OTEL_EXPORTER_OTLP_ENDPOINT=${sink.url}`,
    "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "OTEL_METRICS_EXPORTER=none",
    "OTEL_SERVICE_NAME=things",
  ];
  // env becomes the program: the process's number stays.
  const running = spawn("env", [...environment, program, "-target-pid", String(pid)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    running.once("exit", () => reject(new Error(`go-auto ended:\n${said.join("\n")}`)));
    createInterface(running.stderr).on("line", (line) => {
      said.push(line);
      if (line.includes("loaded successfully")) resolve();
    });
  });
  return {
    pid: running.pid ?? 0,
    receiver: sink.pid,
    async stop() {
      const gone = once(running, "exit");
      running.kill("SIGTERM");
      await gone;
      const spans = await sink.serverSpans();
      await sink.stop();
      return spans;
    },
  };
}
