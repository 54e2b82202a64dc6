import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent, AgentOptions } from "../agent-types.js";
import { newSpanCollector } from "./live-peers.js";
import { newCgroup } from "./own-cgroup.js";
import { eventually } from "./wait.js";

/** startPropagating starts an agent that puts a traceparent into what some processes send. */
export function startPropagating(
  pids: readonly (number | undefined)[],
  options: Partial<AgentOptions> = {},
): Promise<Agent> {
  return startAgent({
    selection: { pids: pids.map((pid) => pid ?? 0) },
    exclude: [process.pid],
    exporter: newSpanCollector().exporter,
    metrics: false,
    propagate: true,
    ...options,
  });
}

/** Propagating is what there is while such an agent runs. */
export interface Propagating {
  readonly programs: readonly ChildProcess[];
  readonly agent: Agent;
  /** spans are those that came until now. */
  readonly spans: readonly Span[];
}

/** PropagatingOptions are the choices of whilePropagating. */
export interface PropagatingOptions {
  /** watched is how many of the programs are, the first ones; all when absent. */
  readonly watched?: number;
  /** propagate is true when absent. */
  readonly propagate?: boolean;
  /** running: the programs run before the agent does. When absent they wait for begin(), so that their first byte is seen. */
  readonly running?: boolean;
}

/** whilePropagating starts programs in a cgroup of their own and an agent for them, and ends all that after `act`. */
export async function whilePropagating(
  commands: readonly (readonly string[])[],
  act: (run: Propagating) => Promise<void>,
  { watched = commands.length, propagate = true, running = false }: PropagatingOptions = {},
): Promise<void> {
  const cgroup = newCgroup();
  const { spans, exporter } = newSpanCollector();
  const waiting = ["sh", "-c", 'read _; exec "$@"', "sh"];
  const programs = commands.map((command) => cgroup.run(running ? command : [...waiting, ...command]));
  let agent: Agent | undefined;
  try {
    // The shell that puts a program into its cgroup has become it.
    if (running)
      for (const { pid } of programs) await eventually("the program", () => nameOf(pid) !== "sh\n");
    agent = await startPropagating(
      programs.slice(0, watched).map(({ pid }) => pid),
      { exporter, propagate },
    );
    await act({ programs, agent, spans });
  } finally {
    await agent?.close();
    await cgroup.remove();
  }
}

const nameOf = (pid: number | undefined): string => readFileSync(`/proc/${pid}/comm`, "utf8");

/** begin lets a program that waits begin; `input` is what it reads then. */
export function begin(program: ChildProcess | undefined, input = ""): void {
  program?.stdin?.write(`go\n${input}`);
}

/** ended waits for a program's end; fails when the program did. */
export async function ended(program: ChildProcess | undefined): Promise<void> {
  assert.ok(program);
  if (program.exitCode === null) await once(program, "exit");
  assert.equal(program.exitCode, 0);
}

/** finished lets a program that waits run to its end. */
export async function finished(program: ChildProcess | undefined, input = ""): Promise<void> {
  begin(program, input);
  await ended(program);
}

/** traceparentOf names a span as its traceparent does. */
export const traceparentOf = ({ traceId, spanId }: Pick<Span, "traceId" | "spanId">): string =>
  `00-${traceId}-${spanId}-01`;

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

/** given is a traceparent that programs bring themselves. */
export const given = { traceId, spanId, traceparent: traceparentOf({ traceId, spanId }) } as const;
