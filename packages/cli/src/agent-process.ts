// The agent's process (agent-loop.ts): out of the bundle that `go3s observe` runs from, where there is one that is up to date.
import { createRequire } from "node:module";

interface Launcher {
  /** bundled gives the exports of a command's bundle; undefined when it is older than the modules it was made of, or missing. */
  bundled(command: string): { readonly runAgentProcess: () => void } | undefined;
}

const launcher: Launcher = createRequire(import.meta.url)("../bin/go3s.js");
const { runAgentProcess } = launcher.bundled("observe") ?? (await import("./agent-loop.js"));
runAgentProcess();
