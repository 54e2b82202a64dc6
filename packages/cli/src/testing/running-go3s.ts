import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { childEnvironment } from "../environment.js";

/** cliPath is the command as users start it. */
export const cliPath = fileURLToPath(new URL("../../bin/go3s.js", import.meta.url));

/** Ready is what `go3s up --json` prints when everything takes work. */
export interface Ready {
  readonly event: "ready";
  readonly web: string;
  readonly otlp_http: string;
  readonly otlp_grpc: string;
  readonly data: string;
  readonly pid: number;
  /** What it asks for when it is not on loopback. */
  readonly token?: string;
}

/** RunningGo3s is a `go3s up` of a test, on free ports, with a data directory of its own. */
export interface RunningGo3s {
  readonly ready: Ready;
  readonly child: ChildProcess;
  rows(sql: string): Promise<Record<string, unknown>[]>;
  /** stop ends it with SIGTERM and gives its exit code; the data directory stays. */
  stop(): Promise<number | null>;
  /** remove takes the data directory away. */
  remove(): void;
}

/** startGo3s starts `go3s up --json` with more arguments and variables and waits until it is ready. */
export async function startGo3s(
  more: readonly string[],
  directory?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<RunningGo3s> {
  const data = directory ?? mkdtempSync(join(tmpdir(), "go3s-test-"));
  const ports = ["--web-port", "0", "--otlp-http-port", "0", "--otlp-grpc-port", "0"];
  const child = spawn(process.execPath, [cliPath, "up", "--json", "--data", data, ...ports, ...more], {
    stdio: ["ignore", "pipe", "pipe"],
    env: childEnvironment(variables, ""),
  });
  const errors: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => void errors.push(chunk.toString()));
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`go3s up ended with ${code}: ${errors.join("")}`)));
    createInterface(child.stdout).on("line", (line) => {
      const value = JSON.parse(line) as Ready;
      if (value.event === "ready") resolve(value);
    });
  });
  return {
    ready,
    child,
    async rows(sql) {
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
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = (await gone) as [number | null];
      return code;
    },
    remove: () => rmSync(data, { recursive: true, force: true }),
  };
}

/** runCli runs the command to its end. */
export async function runCli(
  args: readonly string[],
  onOutput: (stdout: string) => void = () => undefined,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [cliPath, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: childEnvironment(variables, ""),
  });
  const parts = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    parts.stdout += chunk.toString();
    onOutput(parts.stdout);
  });
  child.stderr.on("data", (chunk: Buffer) => {
    parts.stderr += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...parts };
}

/** until asks again and again, 20 ms apart, until the answer is true; false after `ms`. */
export async function until(ms: number, ask: () => Promise<boolean> | boolean): Promise<boolean> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    if (await ask()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}
