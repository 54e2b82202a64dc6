import {
  type Agent,
  type AgentOptions,
  type AgentReport,
  type Exporter,
  type FunctionOptions,
  openExporter,
  type Selection,
  startAgent,
} from "@go3s/agent";
import { agentSampleOption, limitRow } from "../agent-sample.js";
import { budgetOption, budgetRows } from "../budget-option.js";
import { type Closing, newClosing } from "../closing.js";
import type { Command, Context } from "../command.js";
import { readProbe } from "../declared-probe.js";
import { environment } from "../environment.js";
import { clusterRows, excludeOption, excludeRows, numbersOption } from "../exclude-option.js";
import { CliError, exitCodes } from "../failure.js";
import { withFunctionBars } from "../function-bars.js";
import { functionOption, functionRows, toldFunctions } from "../function-option.js";
import { startHeld } from "../held-command.js";
import { costBetween, costTable } from "../live/cost-view.js";
import { logOption, logRows } from "../log-option.js";
import { durationOption, type Parsed, portNumber } from "../options.js";
import type { Output } from "../output.js";
import { missingRights } from "../rights.js";
import { type RunningProbe, startProbe } from "../running-probe.js";
import { newShedNotes } from "../shed-notes.js";
import { printingExporter, silentExporter } from "../span-lines.js";
import { drawTable } from "../table.js";
import { unmatched, unmatchedPids } from "../unmatched.js";

export const command: Command = {
  name: "observe",
  summary: "Attaches to running processes and shows their requests as spans, or sends them on as OTLP.",
  usage:
    "observe (--pid N | --port N | --name GLOB | --container ID | --label SELECTOR | --all | --probe FILE | -- COMMAND ARGS…) [options]",
  options: [
    { name: "pid", value: "N", multiple: true, help: "this process and its children" },
    { name: "port", value: "N", multiple: true, help: "processes that listen on this port" },
    { name: "name", value: "GLOB", multiple: true, help: "services or executables of this name" },
    { name: "container", value: "ID", multiple: true, help: "the container whose id begins so" },
    {
      name: "pod",
      value: "GLOB",
      rare: true,
      multiple: true,
      help: "Kubernetes pods of this name",
    },
    {
      name: "namespace",
      rare: true,
      value: "GLOB",
      multiple: true,
      help: "Kubernetes namespaces of this name",
    },
    {
      name: "label",
      rare: true,
      value: "SELECTOR",
      multiple: true,
      help: "Kubernetes pods of this node with these labels, as in 'app=shop,tier!=web'",
    },
    ...excludeRows,
    ...clusterRows,
    {
      name: "all",
      help: "every process that serves: Go, Node, Python, Java and the like, nginx and its like; also those that start later",
    },
    {
      name: "probe",
      value: "FILE",
      multiple: true,
      help: "run this .go3s or .o and export what its annotations say",
    },
    ...functionRows,
    {
      name: "func-show",
      rare: true,
      help: "with --func, print the program that is run in the kernel for it",
    },
    { name: "sample", value: "SHARE", help: "tell this share of requests, e.g. 0.01, decided in the kernel" },
    {
      name: "sample-errors",
      rare: true,
      help: "with --sample, tell every request answered with 500 or above",
    },
    { ...limitRow, rare: true },
    ...budgetRows,
    { name: "cost", help: "show each second what observing costs, by probe, instead of the spans" },
    {
      name: "goroutines",
      rare: true,
      help: "also say of Go services' requests what their goroutines waited for",
    },
    {
      name: "api-spans",
      rare: true,
      help: "also have Go services without an SDK make the spans that they ask OpenTelemetry's API for: sets its switch in their memory",
    },
    {
      name: "allocations",
      rare: true,
      help: "with --otlp, also profile which places of Go services allocate, in objects and bytes",
    },
    ...logRows,
    {
      name: "propagate",
      rare: true,
      help: "put a traceparent into requests without TLS that have none: it changes what goes over the wire",
    },
    { name: "otlp", value: "URL", help: "send OTLP/HTTP there instead of printing (GO3S_TOKEN goes along)" },
    { name: "duration", value: "TIME", help: "stop after 10s, 2m, …" },
  ],
  examples: [
    "go3s observe --name 'checkout*'",
    "go3s observe --port 8080 --json --duration 10s",
    "go3s observe --all --otlp http://127.0.0.1:4318",
    "go3s observe -- ./my-service --listen :8080",
    "go3s observe --pid 4711 --func 'main.(*Store).Get' --func-hist",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const duration = durationOption(parsed, "duration");
  const selection = selectionOf(parsed);
  const sampling = agentSampleOption(parsed, "sample", "sample-errors");
  const budget = budgetOption(parsed);
  const probes = parsed.list("probe").map((path) => readProbe(path, output.note));
  const observes = asked(selection) || parsed.rest !== undefined;
  const functions = functionOption(parsed);
  const program = parsed.rest === undefined ? undefined : startHeld(parsed.rest, output.json);
  const logs = logOption(parsed);
  const otlp = parsed.text("otlp");
  const kubeconfig = parsed.text("kubeconfig");
  if (parsed.flag("allocations") && otlp === undefined)
    throw new CliError(
      "usage",
      "--allocations needs --otlp",
      "profiles are sent, not printed: --otlp http://127.0.0.1:4318",
    );
  const printing = (): Exporter => {
    if (parsed.flag("cost")) return silentExporter();
    const made = printingExporter(output, probes.length > 0, logs !== undefined);
    return functions?.mode === "histogram" ? withFunctionBars(made, output) : made;
  };
  const exporter =
    otlp === undefined
      ? printing()
      : openExporter({
          url: otlpUrl(otlp),
          token: environment.token,
          onProblem: (text) => text !== "" && output.note(text),
        });
  const closing = newClosing();
  closing.defer(() => exporter.close());
  closing.defer(() => program?.stop());
  let agent: Agent | undefined;
  const running: RunningProbe[] = [];
  let ended = false;
  try {
    if (observes) {
      const pids = [...(selection.pids ?? []), ...(program === undefined ? [] : [program.pid])];
      // Metrics every second would drown the spans on a terminal.
      const told = functions && toldFunctions(functions, parsed.flag("func-show"), output);
      const wanted = {
        metrics: otlp !== undefined,
        goroutines: parsed.flag("goroutines"),
        allocations: parsed.flag("allocations"),
        apiSpans: parsed.flag("api-spans"),
        propagate: parsed.flag("propagate"),
        measured: parsed.flag("cost"),
        ...(logs === undefined ? {} : { logs }),
        ...(sampling === undefined ? {} : { sampling }),
        ...(budget === undefined ? {} : { budget }),
        ...(kubeconfig === undefined ? {} : { kubeconfig }),
      };
      await program?.started;
      agent = await observe(
        { ...selection, pids },
        exporter,
        wanted,
        told,
        context,
        (pid) => program?.isHeld(pid) === true,
      );
      const started = agent;
      closing.defer(() => started.close());
      if (parsed.flag("cost")) closing.defer(showCost(started, context));
    }
    // Behind the agent, so that they are closed before it: it closes the exporter that they share.
    for (const probe of probes) {
      const started = startProbe(probe, exporter, 1000);
      running.push(started);
      closing.defer(() => started.close());
      tellProbe(started, context);
    }
    program?.release();
    const isOver =
      agent !== undefined && probes.length === 0 && isForPids(selection)
        ? allEnded(agent, closing, output)
        : undefined;
    await finished(interrupted, duration, program?.exited ?? isOver);
    ended = true;
  } catch (error) {
    // Interrupted while it started.
    if (!interrupted.aborted || error !== interrupted.reason) throw error;
    ended = true;
  } finally {
    await closing.all();
    if (ended) summarise(agent, running, context);
  }
  if (interrupted.reason === "SIGINT") return exitCodes.interrupted;
  if (otlp !== undefined) checkDelivered(otlp, exporter);
  return exitCodes.done;
}

/** checkDelivered throws when the receiver took nothing of what there was: a script is to hear of it. */
function checkDelivered(url: string, exporter: Exporter): void {
  const { sentItems, dropped } = exporter.stats();
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  if (sentItems > 0 || lost === 0) return;
  throw new CliError(
    "not-delivered",
    `nothing was delivered to ${url}`,
    "does something take OTLP over HTTP there?",
  );
}

/** observe starts the agent; nothing to observe is an error, unless it may still start. */
async function observe(
  selection: Selection,
  exporter: Exporter,
  wanted: Pick<
    AgentOptions,
    | "metrics"
    | "goroutines"
    | "allocations"
    | "apiSpans"
    | "propagate"
    | "sampling"
    | "budget"
    | "kubeconfig"
    | "measured"
    | "logs"
  >,
  functions: FunctionOptions | undefined,
  { output, interrupted }: Context,
  isHeld: (pid: number) => boolean,
): Promise<Agent> {
  const told = new Set<string>();
  const tellMissing = ({ what, why, hint }: AgentReport["missing"][number]): void => {
    const line = `missing: ${what}: ${why}${hint === "" ? "" : ` (${hint})`}`;
    if (!told.has(line)) output.note(line);
    told.add(line);
  };
  const agent = await startAgent({
    selection,
    exclude: [process.pid],
    exporter,
    signal: interrupted,
    ...wanted,
    ...(functions === undefined ? {} : { functions }),
    onShed: newShedNotes(output.note),
    onMissing: tellMissing,
    onLost: (pid, lost) => lost.forEach((loss) => void output.note(`  of ${pid} without ${loss}`)),
    onAttached: ({ pid, runtime, probes, lost }) => {
      // It is told when it has become the program that was asked for.
      if (isHeld(pid)) return;
      if (output.json) output.value({ event: "attached", pid, runtime, probes });
      else output.note(`attached to ${pid}${runtime === "" ? "" : ` (${runtime})`}, ${probes} probes`);
      for (const loss of lost) output.note(`  without ${loss}`);
    },
  });
  const { processes } = agent.report();
  const watched = new Set(processes.filter((each) => each.watched).map(({ pid }) => pid));
  const { names, containers, pods, namespaces, labels } = selection;
  const mayStart = [names, containers, pods, namespaces, labels];
  const waits = selection.all === true || mayStart.some((each) => (each ?? []).length > 0);
  if (watched.size === 0 && !waits) {
    await agent.close();
    throw new CliError(
      "nothing-to-observe",
      unmatched(selection),
      "is the pid or port right? --all watches every process that is known to serve",
    );
  }
  for (const why of unmatchedPids(selection, watched)) output.note(why);
  if (watched.size === 0) output.note("no running process matches: waiting for one that does");
  for (const part of [...missingRights(), ...agent.report().missing]) tellMissing(part);
  return agent;
}

/** showCost tells each second what the agent cost in it; what it gives ends that. */
function showCost(agent: Agent, { output }: Context): () => void {
  let before = agent.report();
  let at = performance.now();
  const timer = setInterval(() => {
    const after = agent.report();
    const now = performance.now();
    const cost = costBetween(before, after, (now - at) / 1000);
    before = after;
    at = now;
    if (output.json) output.value({ event: "cost", ...cost });
    else
      for (const line of ["", ...drawTable(costTable(cost), output.columns, output.paint.bold)])
        output.line(line);
  }, 1000);
  return () => clearInterval(timer);
}

function tellProbe(running: RunningProbe, { output }: Context): void {
  const { probe, becomes } = running.report();
  if (output.json) output.value({ event: "probe", name: probe, programs: running.programs, becomes });
  else for (const line of becomes) output.note(`${probe}: ${line}`);
}

/** isForPids says whether nothing is asked for but processes by their numbers: no other one can come. */
function isForPids({ pids, ...others }: Selection): boolean {
  return (pids ?? []).length > 0 && !asked(others);
}

/** allEnded resolves when no process is watched any more. */
function allEnded(agent: Agent, closing: Closing, output: Output): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (agent.report().processes.some(({ watched }) => watched)) return;
      clearInterval(timer);
      output.note("what was observed has ended");
      resolve();
    }, 500);
    closing.defer(() => clearInterval(timer));
  });
}

function asked({ pids, ports, names, containers, pods, namespaces, labels, all }: Selection): boolean {
  const rows = [pids, ports, names, containers, pods, namespaces, labels];
  return all === true || rows.some((each) => (each ?? []).length > 0);
}

function selectionOf(parsed: Parsed): Selection {
  const not = excludeOption(parsed);
  const selection = {
    pids: numbersOption(parsed, "pid"),
    ports: parsed.list("port").map((text) => portNumber("port", text)),
    names: parsed.list("name"),
    containers: parsed.list("container"),
    pods: parsed.list("pod"),
    namespaces: parsed.list("namespace"),
    labels: parsed.list("label"),
    ...(not === undefined ? {} : { not }),
    all: parsed.flag("all"),
  };
  if (!asked(selection) && parsed.rest === undefined && parsed.list("probe").length === 0) {
    throw new CliError(
      "usage",
      "nothing to observe was named",
      "give --pid, --port, --name, --container, --pod, --namespace, --label, --all, --probe FILE or -- COMMAND",
    );
  }
  if (parsed.positionals.length > 0)
    throw new CliError(
      "usage",
      `"${parsed.positionals[0]}": what is it?`,
      "a command to start goes behind --",
    );
  return selection;
}

function otlpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new CliError(
      "usage",
      `--otlp ${text}: not an http:// address`,
      "for example http://127.0.0.1:4318",
    );
  }
  return text;
}

function finished(
  interrupted: AbortSignal,
  duration: number | undefined,
  exited: Promise<void> | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (interrupted.aborted) return resolve();
    const timer = duration === undefined ? undefined : setTimeout(resolve, duration);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    interrupted.addEventListener("abort", end, { once: true });
    // The last response of a program that ends by itself is still in the ring buffer: close() drains it.
    exited?.then(end, (error: unknown) => {
      clearTimeout(timer);
      reject(error);
    });
    // Without a command nothing else keeps the process alive but the agent's timers.
  });
}

function summarise(agent: Agent | undefined, probes: readonly RunningProbe[], { output }: Context): void {
  const report = agent?.report();
  const reports = probes.map((each) => each.report());
  const dropped: Record<string, number> = { ...report?.dropped };
  for (const each of reports)
    for (const [reason, count] of Object.entries(each.dropped))
      dropped[reason] = (dropped[reason] ?? 0) + count;
  const sum = (of: "spans" | "logs" | "points") => reports.reduce((total, each) => total + each[of], 0);
  const spans = (report?.spans ?? 0) + sum("spans");
  const { cpuMs, maxRssBytes } = report ?? ownCost();
  if (output.json) {
    output.value({
      event: "summary",
      spans,
      ...(probes.length === 0 ? {} : { logs: sum("logs"), points: sum("points") }),
      dropped,
      cpu_ms: cpuMs,
      max_rss_bytes: maxRssBytes,
      ...(report?.inserted === undefined ? {} : { traceparents: report.inserted }),
    });
    return;
  }
  const lost = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  const made = probes.length === 0 ? "" : `, ${sum("logs")} log records, ${sum("points")} points`;
  output.note(
    `${spans} spans${made}, ${lost.length === 0 ? "nothing dropped" : `dropped: ${lost.join(", ")}`}, ${cpuMs} ms of CPU, ${Math.round(maxRssBytes / 1048576)} MiB`,
  );
  if (report?.inserted === undefined) return;
  const outcomes = Object.entries(report.inserted).map(([outcome, count]) => `${count} ${outcome}`);
  output.note(`traceparents: ${outcomes.length === 0 ? "no outgoing request" : outcomes.join(", ")}`);
}

function ownCost(): { cpuMs: number; maxRssBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuMs: Math.round((user + system) / 1000), maxRssBytes: process.resourceUsage().maxRSS * 1024 };
}
