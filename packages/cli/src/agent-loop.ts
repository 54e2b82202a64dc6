import { type Agent, fuseRequests, openExporter, startAgent } from "@go3s/agent";
import { type AgentStart, type AgentTold, isAgentOrder } from "./agent-messages.js";
import { failureOf } from "./failure.js";
import { type MissingRights as MissingPart, missingRights } from "./rights.js";
import { type RunningProbe, startProbe } from "./running-probe.js";

const reportMs = 1000;
let agent: Agent | undefined;
const probes: RunningProbe[] = [];
let finished = false;

function tell(message: AgentTold): void {
  if (process.connected) process.send?.(message);
}

async function start(order: AgentStart): Promise<void> {
  const missing: MissingPart[] = [...missingRights()];
  // The receiver is the server of the same release, in the process that started this one: it knows docs/fused-otlp.md.
  const exporter = fuseRequests(openExporter({ url: order.otlpUrl }));
  try {
    agent = await startAgent({
      selection: { all: true, ...(order.not === undefined ? {} : { not: order.not }) },
      exclude: order.exclude,
      exporter,
      fused: true,
      goroutines: order.goroutines === true,
      allocations: order.allocations === true,
      apiSpans: order.apiSpans === true,
      propagate: order.propagate === true,
      ...(order.kubeconfig === undefined ? {} : { kubeconfig: order.kubeconfig }),
      ...(order.budget === undefined ? {} : { budget: order.budget }),
      ...(order.sampling === undefined ? {} : { sampling: order.sampling }),
      ...(order.functions === undefined ? {} : { functions: order.functions }),
      ...(order.logs === undefined ? {} : { logs: order.logs }),
    });
  } catch (error) {
    const { message, hint } = failureOf(error);
    tell({ type: "failed", message, hint: hint ?? "", missing });
    process.exitCode = 1;
    finished = true;
    if (process.connected) process.disconnect();
    return;
  }
  for (const { name, object } of order.probes) {
    try {
      probes.push(startProbe({ name, object: Buffer.from(object, "base64") }, exporter));
    } catch (error) {
      // One probe that the kernel refuses is no reason to see nothing at all.
      const { message, hint } = failureOf(error);
      missing.push({ what: `probe ${name}`, why: message, hint: hint ?? "" });
    }
  }
  const report = (): void => {
    if (agent === undefined) return;
    const told = agent.report();
    const reports = probes.map((each) => each.report());
    tell({ type: "report", report: { ...told, missing: [...missing, ...told.missing] }, probes: reports });
  };
  report();
  setInterval(report, reportMs).unref();
}

async function stop(): Promise<void> {
  const closing = agent;
  // Still attaching: it has collected nothing, and its end takes everything back.
  if (closing === undefined) process.exit();
  agent = undefined;
  // Before the agent, which closes the exporter that they share.
  for (const probe of probes) probe.close();
  await closing.close();
  finished = true;
  if (process.connected) process.disconnect();
}

/**
 * runAgentProcess makes this process the agent of `go3s up`: one of its own, so that a slow query or a burst of OTLP does not delay the
 * ring buffer, and when it ends, however it ends, the kernel takes back everything it had attached.
 */
export function runAgentProcess(): void {
  process.on("message", (message) => {
    if (!isAgentOrder(message)) return;
    if (message.type === "start") void start(message);
    else if (message.type === "sample") agent?.setSampling(message.sampling);
    else void stop();
  });
  // A server that is gone without a word was killed: nobody is left to send to, and the kernel detaches what a process
  // that ends had attached. A Ctrl-C reaches the whole terminal group: the server tells us when it is our turn.
  process.once("disconnect", () => {
    if (!finished) process.exit(1);
  });
  process.on("SIGINT", () => undefined);
  process.once("SIGTERM", () => void stop());
}
