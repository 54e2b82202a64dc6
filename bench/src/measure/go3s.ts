import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** cliPath is the built go3s command of this checkout. */
export const cliPath = fileURLToPath(new URL("../../../packages/cli/bin/go3s.js", import.meta.url));

/** RunningGo3s is a `go3s up` on free ports with a data directory of its own. */
export interface RunningGo3s {
  readonly pid: number;
  readonly web: string;
  readonly otlpHttp: string;
  readonly otlpGrpc: string;
  readonly data: string;
  query(sql: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** startGo3s starts `go3s up` and waits until it takes work. Detached it does not hear the terminal's Ctrl-C. */
export async function startGo3s(
  more: readonly string[],
  { detached = false }: { readonly detached?: boolean } = {},
): Promise<RunningGo3s> {
  const data = mkdtempSync(join(tmpdir(), "go3s-bench-"));
  const args = [
    "up",
    "--json",
    "--data",
    data,
    "--web-port",
    "0",
    "--otlp-http-port",
    "0",
    "--otlp-grpc-port",
    "0",
    ...more,
  ];
  const child = spawn(process.execPath, [cliPath, ...args], {
    detached,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ready = await readyEvent(child);
  return {
    pid: child.pid ?? 0,
    web: ready.web,
    otlpHttp: ready.otlp_http,
    otlpGrpc: ready.otlp_grpc,
    data,
    async query(sql) {
      const response = await fetch(new URL("/api/v1/query?format=JSONEachRow", ready.web), {
        method: "POST",
        body: sql,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

interface Ready {
  readonly event: "ready";
  readonly web: string;
  readonly otlp_http: string;
  readonly otlp_grpc: string;
}

function readyEvent(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`go3s up ended with ${code} before it was ready`)));
    if (child.stdout === null) return reject(new Error("go3s up has no output"));
    createInterface(child.stdout).on("line", (line) => {
      const value = JSON.parse(line) as Ready;
      if (value.event === "ready") resolve(value);
    });
  });
}
