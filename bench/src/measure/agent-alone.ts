import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cliPath } from "./go3s.js";

const sinkPath = fileURLToPath(new URL("../load/sink.js", import.meta.url));

/** Sink is a receiver in a process of its own that keeps nothing. */
export interface Sink {
  readonly pid: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** startSink waits until it listens. */
export async function startSink(): Promise<Sink> {
  const sink = spawn(process.execPath, [sinkPath], { stdio: ["ignore", "pipe", "inherit"] });
  const [port]: string[] = await once(lines(sink), "line");
  return { pid: sink.pid ?? 0, url: `http://127.0.0.1:${port}`, stop: () => end(sink) };
}

/** AgentAlone is a `go3s observe` that sends to a receiver which keeps nothing. */
export interface AgentAlone {
  readonly pid: number;
  readonly sinkPid: number;
  /** stop ends both and gives the number of spans that were told. */
  stop(): Promise<number>;
}

interface Told {
  readonly event: string;
  readonly spans: number;
}

/** startAgentAlone observes a process, and waits until it is attached to it. */
export async function startAgentAlone(observed: number, more: readonly string[] = []): Promise<AgentAlone> {
  const sink = await startSink();
  try {
    const agent = spawn(
      process.execPath,
      [cliPath, "observe", "--json", "--pid", String(observed), "--otlp", sink.url, ...more],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let spans = 0;
    await new Promise<void>((resolve, reject) => {
      agent.once("exit", (code) =>
        reject(new Error(`go3s observe ended with ${code} before it was attached`)),
      );
      lines(agent).on("line", (line) => {
        const told: Told = JSON.parse(line);
        if (told.event === "attached") resolve();
        if (told.event === "summary") spans = told.spans;
      });
    });
    return {
      pid: agent.pid ?? 0,
      sinkPid: sink.pid,
      async stop() {
        const gone = once(agent, "close");
        agent.kill("SIGTERM");
        await gone;
        await sink.stop();
        return spans;
      },
    };
  } catch (error) {
    await sink.stop();
    throw error;
  }
}

function lines(child: ChildProcess): ReturnType<typeof createInterface> {
  if (child.stdout === null) throw new Error("the process has no output");
  return createInterface(child.stdout);
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
