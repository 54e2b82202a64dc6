import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { partMarker } from "../discovery/registry.js";
import { serviceSource } from "./go-service.go.js";

/** whyNoLiveTests says why probes cannot be tested here; undefined when they can. */
export function whyNoLiveTests(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root to load probes";
  if (spawnSync("go", ["version"]).status !== 0) return "needs the go tool to build a service";
  return undefined;
}

/** GoProgram is a built program in a folder of its own. */
export interface BuiltProgram {
  readonly path: string;
  /**
   * start runs it and waits for its port. Without an environment it is marked as a part of Go3s, so that the agents of other
   * tests, which run meanwhile on this machine, leave it alone.
   */
  start(env?: Readonly<Record<string, string>>): Promise<RunningService>;
  /** remove deletes the folder. */
  remove(): void;
}

/** RunningService is a started program. */
export interface RunningService {
  readonly pid: number;
  readonly port: number;
  readonly exited: Promise<unknown>;
  stop(): Promise<void>;
}

/** whyNoModule says why a module ("github.com/lib/pq@v1.10.9") cannot be had here; false when it can. */
export function whyNoModule(module: string): string | false {
  if (whyNoLiveTests() !== undefined) return whyNoLiveTests() ?? false;
  const folder = mkdtempSync(join(tmpdir(), "go3s-module-"));
  try {
    writeFileSync(join(folder, "go.mod"), "module probe\n\ngo 1.22\n");
    const had = spawnSync("go", ["mod", "download", module], { cwd: folder, timeout: 20_000 });
    return had.status === 0 ? false : `needs ${module}, which Go's module proxy does not give`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** newestGo is the newest release that is tried, where it is at hand; "local" is the one of this machine. */
export const newestGo = "go1.27.4";

/** whyNoToolchain says why another Go ("go1.20.14") is not here; false when it is. None is downloaded: that takes minutes. */
export function whyNoToolchain(version: string): string | false {
  if (whyNoLiveTests() !== undefined) return whyNoLiveTests() ?? false;
  const modules = spawnSync("go", ["env", "GOMODCACHE"], { encoding: "utf8" }).stdout.trim();
  const name = `toolchain@v0.0.1-${version}.linux-${process.arch === "x64" ? "amd64" : process.arch}`;
  return existsSync(join(modules, "golang.org", name)) ? false : `needs ${version} in Go's module cache`;
}

/**
 * buildGoService builds the test service, or another program that prints its port; `modules` are those it requires,
 * `toolchain` is another Go.
 */
export function buildGoService(
  source = serviceSource,
  flags: readonly string[] = [],
  modules: readonly string[] = [],
  toolchain = "local",
): BuiltProgram {
  const folder = mkdtempSync(join(tmpdir(), "go3s-agent-"));
  writeFileSync(
    join(folder, "go.mod"),
    `module service\n\ngo ${/^go1\.(?:1\d|2[01])\b/.test(toolchain) ? "1.17" : "1.22"}\n`,
  );
  writeFileSync(join(folder, "main.go"), source);
  if (modules.length > 0) spawnSync("go", ["get", ...modules], { cwd: folder });
  return builtIn(folder, flags, toolchain);
}

/** buildGoFiles builds a program of several files, "go.mod" among them, that needs no module from elsewhere. */
export function buildGoFiles(
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): BuiltProgram {
  const folder = mkdtempSync(join(tmpdir(), "go3s-agent-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return builtIn(folder, flags, "local");
}

function builtIn(folder: string, flags: readonly string[], toolchain: string): BuiltProgram {
  const path = join(folder, "service");
  const built = spawnSync("env", [`GOTOOLCHAIN=${toolchain}`, "go", "build", ...flags, "-o", path, "."], {
    cwd: folder,
    encoding: "utf8",
  });
  if (built.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`go build failed: ${built.stderr}`);
  }
  return {
    path,
    start: (env) => start(path, env ?? { [partMarker]: "test" }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function start(path: string, env: Readonly<Record<string, string>>): Promise<RunningService> {
  const child: ChildProcess = spawn(path, [], { stdio: ["ignore", "pipe", "inherit"], env });
  const exited = once(child, "exit");
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error(`${path} did not start`);
  const lines = createInterface({ input: stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    exited.then(() => Promise.reject(new Error(`${path} ended`))),
  ]);
  return {
    pid,
    port: Number(line),
    exited,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
