// The entry of the bundle (scripts/bundle.mjs): the commands that people wait for, in one file instead of 400.
import { type Commands, runCommandLine } from "./command-line.js";
import { command as bpftrace } from "./commands/bpftrace.js";
import { command as build } from "./commands/build.js";
import { command as trace } from "./commands/trace.js";

const commands: Commands = Object.fromEntries(
  [bpftrace, build, trace].map((command) => [
    command.name,
    { summary: command.summary, load: async () => ({ command }) },
  ]),
);

/** main runs one of the bundle's commands. */
export function main(argv: readonly string[]): Promise<void> {
  return runCommandLine(argv, commands);
}
