import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SourceText } from "@go3s/lang";
import { AgentError } from "../errors.js";

const program = fileURLToPath(new URL("./compile-process.js", import.meta.url));
// The process goes on at SIGTERM, which may be for who waits for it (compile-process.ts).
const limited = { timeout: 120_000, killSignal: "SIGKILL" } as const;
const largestObject = 64 << 20;

/**
 * V8 waits for functions that stay hot: the process is over before what is optimised earlier pays. All built-in probes: 3.6 s of processor
 * time with it, 6.2 without (loaded machine). Node 20's V8 alone has the option; later ones would complain.
 */
const hurry = process.versions.v8.startsWith("11.3.") ? ["--interrupt-budget=6000000"] : [];

/** CompileOutcome is an object, or what the compiler says against the sources. */
export type CompileOutcome =
  | { readonly object: Uint8Array; readonly complaints: undefined }
  | { readonly object: undefined; readonly complaints: string };

/**
 * compileApart compiles sources against the running kernel's types in a process of its own, and waits for it. The compiler and
 * the heap that it fills would stay with an agent that runs for months: 12 MB and 35 MB here, for work that is done once a
 * kernel and then kept (object-cache.ts). Throws AgentError "bad-probes" when the process cannot be started.
 */
export function compileApart(sources: readonly SourceText[]): CompileOutcome {
  const done = spawnSync(process.execPath, [...hurry, program], {
    input: JSON.stringify(sources),
    maxBuffer: largestObject,
    ...limited,
  });
  return outcomeOf(done);
}

/**
 * compileBeside does the same while this thread goes on, which hears signals so. The process ends with this one, or when `signal`
 * aborts: then it rejects with the signal's reason.
 */
export async function compileBeside(
  sources: readonly SourceText[],
  signal?: AbortSignal,
): Promise<CompileOutcome> {
  signal?.throwIfAborted();
  const child = spawn(process.execPath, [...hurry, program], limited);
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  signal?.addEventListener("abort", kill);
  const read = { stdout: newCollected(), stderr: newCollected() };
  child.stdout.on("data", read.stdout.add);
  child.stderr.on("data", read.stderr.add);
  // It may end before it has read all: its exit code says why.
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(sources));
  let error: Error | undefined;
  child.once("error", (failure) => {
    error = failure;
  });
  await new Promise((resolve) => child.once("close", resolve));
  process.removeListener("exit", kill);
  signal?.removeEventListener("abort", kill);
  signal?.throwIfAborted();
  return outcomeOf({
    status: child.exitCode,
    signal: child.signalCode,
    error,
    stdout: read.stdout.bytes(),
    stderr: read.stderr.bytes(),
  });
}

/** Ended is how the process ended; status is null where a signal did it, or where it never began. */
interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly error?: Error | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

function outcomeOf({ status, signal, error, stdout, stderr }: Ended): CompileOutcome {
  if (status === 0) return { object: new Uint8Array(stdout), complaints: undefined };
  if (error !== undefined || status === null) {
    const why = error?.message ?? `ended by ${signal}`;
    throw new AgentError("bad-probes", `the probes' compiler: ${why}`, {
      hint: "it runs once for each kernel and release, and needs room for a second process of Node (100 MB)",
      cause: error,
    });
  }
  return { object: undefined, complaints: stderr.toString("utf8") };
}

function newCollected() {
  const pieces: Buffer[] = [];
  return {
    add: (piece: Buffer): void => void pieces.push(piece),
    bytes: (): Buffer => Buffer.concat(pieces),
  };
}
