// The agent of `go3s up`, in a process of its own: a slow query or a burst of OTLP does not delay the ring buffer, and
// when this process ends, however it ends, the kernel takes back everything it had attached.
import { type Agent, openExporter, startAgent } from "@go3s/agent";
import { type AgentStart, type AgentTold, isAgentStart } from "./agent-messages.js";
import { failureOf } from "./failure.js";

const reportMs = 1000;
let agent: Agent | undefined;
let stopping = false;

function tell(message: AgentTold): void {
  if (process.connected) process.send?.(message);
}

async function start(order: AgentStart): Promise<void> {
  try {
    agent = await startAgent({
      selection: { all: true },
      exclude: order.exclude,
      exporter: openExporter({ url: order.otlpUrl }),
    });
    if (stopping) return await stop();
  } catch (error) {
    const { message, hint } = failureOf(error);
    tell({ type: "failed", message, hint: hint ?? "" });
    process.exitCode = 1;
    process.disconnect();
    return;
  }
  const report = (): void => {
    if (agent !== undefined) tell({ type: "report", report: agent.report() });
  };
  report();
  setInterval(report, reportMs).unref();
}

async function stop(): Promise<void> {
  stopping = true;
  const closing = agent;
  agent = undefined;
  await closing?.close();
  if (process.connected) process.disconnect();
}

process.on("message", (message) => {
  if (isAgentStart(message)) void start(message);
});
// The server's end is ours too, whether it said so or was killed. A Ctrl-C reaches the whole terminal group: the server
// tells us when everything it still wants to know has been asked.
process.once("disconnect", () => void stop());
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => void stop());
