import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get, type Agent as HttpAgent } from "node:http";
import { decodeProtobuf, ExportLogsServiceRequest, type LogRecord, type Span } from "@go3s/telemetry";
import { startAgent } from "../agent.js";
import type { Agent, AgentOptions } from "../agent-types.js";
import { newSpanCollector } from "./live-peers.js";

/** ask sends a request to a local port, and reads the answer. */
export const ask = (port: number, path: string, agent: HttpAgent | false = false): Promise<void> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path, agent }, (answer) => answer.resume().once("end", resolve)).once(
      "error",
      reject,
    );
  });

/** startService starts a program that prints its port. */
export async function startService(command: string, ...rest: string[]) {
  const child: ChildProcess = spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
  child.stderr?.resume();
  const [line] = await once(child.stdout ?? assert.fail(), "data");
  return { child, pid: child.pid ?? 0, port: Number(String(line)) };
}

/** killed ends a program that startService has started. */
export const killed = ({ child }: { readonly child: ChildProcess }): void => void child.kill("SIGKILL");

/** Watched is a service that runs, with what an agent tells of it. */
export interface Watched {
  readonly port: number;
  readonly agent: Agent;
  readonly spans: readonly Span[];
  readonly logs: readonly LogRecord[];
}

/** whileWatched starts a service and an agent for it and for `others`, and ends both after `act`, however that ends. */
export async function whileWatched(
  [command, ...rest]: readonly [string, ...string[]],
  act: (watched: Watched) => Promise<void>,
  options: Partial<AgentOptions> = {},
  others: readonly number[] = [],
): Promise<void> {
  const service = await startService(command, ...rest);
  let agent: Agent | undefined;
  try {
    const observed = await observe([service.pid, ...others], options);
    agent = observed.agent;
    await act({ port: service.port, ...observed });
  } finally {
    killed(service);
    await agent?.close();
  }
}

/** observe begins to observe processes, with what it tells. */
async function observe(pids: readonly number[], options: Partial<AgentOptions>) {
  const { spans, exporter } = newSpanCollector();
  const logs: LogRecord[] = [];
  const agent: Agent = await startAgent({
    selection: { pids },
    exclude: [process.pid],
    exporter: {
      ...exporter,
      send(signal, request, items) {
        if (signal !== "logs") return exporter.send(signal, request, items);
        const { resourceLogs } = decodeProtobuf(ExportLogsServiceRequest, request);
        for (const { scopeLogs } of resourceLogs)
          for (const scope of scopeLogs) logs.push(...scope.logRecords);
      },
    },
    ...options,
  });
  return { agent, spans, logs };
}
