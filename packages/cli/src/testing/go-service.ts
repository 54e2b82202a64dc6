import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** hasGo says whether a Go toolchain is on the PATH. */
export const hasGo = spawnSync("go", ["version"]).status === 0;

/** canObserve says whether this process may load BPF programs at all. */
export const canObserve = process.getuid?.() === 0;

/** GoProgram is a program built for a test. */
export interface GoProgram {
  readonly path: string;
  /** start runs it and waits for the line with its port. */
  start(env?: Readonly<Record<string, string>>): Promise<GoService>;
  remove(): void;
}

/** GoService is one running process of it. */
export interface GoService {
  readonly pid: number;
  readonly port: number;
  /** lines are what it printed after its port. */
  readonly lines: string[];
  stop(): Promise<void>;
}

/** buildGo compiles one file of Go; the name becomes the service's. */
export function buildGo(name: string, source: string, flags: readonly string[] = []): GoProgram {
  const folder = mkdtempSync(join(tmpdir(), "go3s-go-"));
  const path = join(folder, name);
  writeFileSync(join(folder, "main.go"), source);
  execFileSync("go", ["build", ...flags, "-o", path, join(folder, "main.go")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return {
    path,
    start: (env = {}) => startService(path, env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function startService(path: string, env: Readonly<Record<string, string>>): Promise<GoService> {
  const child: ChildProcess = spawn(path, [], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: "/usr/bin:/bin", ...env },
  });
  const lines: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the service ended with ${code}`)));
    if (child.stdout === null) return reject(new Error("no output"));
    createInterface(child.stdout).on("line", (line) => {
      if (/^\d+$/.test(line)) resolve(Number(line));
      else lines.push(line);
    });
  });
  return {
    pid: child.pid ?? 0,
    port,
    lines,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}
