import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SourceText } from "@go3s/lang";
import { AgentError } from "../errors.js";

const program = fileURLToPath(new URL("./compile-process.js", import.meta.url));
const longestMs = 120_000;
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
    timeout: longestMs,
  });
  if (done.status === 0) return { object: new Uint8Array(done.stdout), complaints: undefined };
  if (done.error !== undefined || done.status === null) {
    const why = done.error?.message ?? `ended by ${done.signal}`;
    throw new AgentError("bad-probes", `the probes' compiler: ${why}`, {
      hint: "it runs once for each kernel and release, and needs room for a second process of Node (100 MB)",
      cause: done.error,
    });
  }
  return { object: undefined, complaints: done.stderr.toString("utf8") };
}
