import { spawn } from "node:child_process";
import { once } from "node:events";
import { cliPath } from "./go3s.js";
import { lines, startSink } from "./sink.js";

/** Watcher is what observes one process, a `go3s observe` or a peer, and sends to a receiver which stores nothing. */
export interface Watcher {
  readonly pid: number;
  /** receiver is the process that it sends to, where it sends. */
  readonly receiver?: number;
  /** stop ends both and gives the number of spans that were told. */
  stop(): Promise<number>;
}

interface Told {
  readonly event: string;
  readonly spans: number;
}

/** startAgentAlone observes a process, and waits until it is attached to it. */
export async function startAgentAlone(observed: number, more: readonly string[] = []): Promise<Watcher> {
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
      receiver: sink.pid,
      async stop() {
        // It ends by itself when what it observes has ended.
        const gone = agent.exitCode === null ? once(agent, "close") : undefined;
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
