// The entry of the second bundle (scripts/bundle.mjs): observing, which takes the agent with all that it can be asked for; and the
// agent's process of `go3s up` (agent-process.ts).
import { runCommandLine } from "./command-line.js";
import { command as observe } from "./commands/observe.js";

export { runAgentProcess } from "./agent-loop.js";

/** main runs `observe`. */
export function main(argv: readonly string[]): Promise<void> {
  return runCommandLine(argv, {
    observe: { summary: observe.summary, load: async () => ({ command: observe }) },
  });
}
