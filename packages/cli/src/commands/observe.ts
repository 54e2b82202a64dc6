import { type ChildProcess, spawn } from "node:child_process";
import { type Agent, type AgentOptions, openExporter, startAgent } from "@go3s/agent";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { durationOption, type Parsed } from "../options.js";
import { printingExporter } from "../span-lines.js";

export const command: Command = {
  name: "observe",
  summary: "Attaches to running processes and shows their requests as spans, or sends them on as OTLP.",
  usage: "observe (--pid N | --port N | --name GLOB | --all | -- COMMAND ARGS…) [options]",
  options: [
    { name: "pid", value: "N", multiple: true, help: "this process and its children" },
    { name: "port", value: "N", multiple: true, help: "processes that listen on this port" },
    { name: "name", value: "GLOB", multiple: true, help: "services or executables of this name" },
    { name: "all", help: "every process, also those that start later" },
    { name: "otlp", value: "URL", help: "send OTLP/HTTP there instead of printing" },
    { name: "duration", value: "TIME", help: "stop after 10s, 2m, …" },
  ],
  examples: [
    "go3s observe --name 'checkout*'",
    "go3s observe --port 8080 --json --duration 10s",
    "go3s observe --all --otlp http://127.0.0.1:4318",
    "go3s observe -- ./my-service --listen :8080",
  ],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const duration = durationOption(parsed, "duration");
  const selection = selectionOf(parsed);
  const program = parsed.rest === undefined ? undefined : startProgram(parsed.rest, output.json);
  const otlp = parsed.text("otlp");
  const options: AgentOptions = {
    selection:
      program === undefined ? selection : { ...selection, pids: [...(selection.pids ?? []), program.pid] },
    exclude: [process.pid],
    exporter:
      otlp === undefined
        ? printingExporter(output)
        : openExporter({ url: otlpUrl(otlp), onProblem: (text) => text !== "" && output.note(text) }),
    onAttached: ({ pid, runtime, probes, lost }) => {
      if (output.json) output.value({ event: "attached", pid, runtime, probes });
      else output.note(`attached to ${pid} (${runtime}), ${probes} probes`);
      for (const loss of lost) output.note(`  without ${loss}`);
    },
  };
  let agent: Agent;
  try {
    agent = await startAgent(options);
  } catch (error) {
    program?.child.kill();
    throw error;
  }
  let found = true;
  try {
    found = agent.report().processes.some((each) => each.watched);
    if (!found && selection.all !== true && (selection.names ?? []).length === 0) {
      throw new CliError(
        "nothing-to-observe",
        "no running process matches",
        "go3s observe --all watches every process; is the pid or port right?",
      );
    }
    for (const part of agent.report().missing)
      output.note(`missing: ${part.what}: ${part.why}${part.hint === "" ? "" : ` (${part.hint})`}`);
    await finished(interrupted, duration, program?.exited);
  } finally {
    await agent.close();
    await program?.stop();
    if (found) summarise(agent, context);
  }
  return interrupted.reason === "SIGINT" ? exitCodes.interrupted : exitCodes.done;
}

function selectionOf(parsed: Parsed): AgentOptions["selection"] {
  const numbers = (name: string): number[] =>
    parsed.list(name).map((text) => {
      if (!/^\d+$/.test(text)) throw new CliError("usage", `--${name} ${text}: not a number`);
      return Number(text);
    });
  const selection = {
    pids: numbers("pid"),
    ports: numbers("port"),
    names: parsed.list("name"),
    all: parsed.flag("all"),
  };
  const asked = selection.pids.length + selection.ports.length + selection.names.length > 0 || selection.all;
  if (!asked && parsed.rest === undefined) {
    throw new CliError(
      "usage",
      "nothing to observe was named",
      "give --pid, --port, --name, --all or -- COMMAND",
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

interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

function startProgram(command: readonly string[], json: boolean): Program {
  const [name, ...args] = command;
  if (name === undefined) throw new CliError("usage", "no command behind --");
  // With --json our stdout holds spans only, so the command's words go to stderr.
  const child = spawn(name, args, { stdio: ["inherit", json ? 2 : "inherit", "inherit"] });
  const exited = new Promise<void>((resolve, reject) => {
    child.once("exit", () => resolve());
    child.once("error", (error) =>
      reject(new CliError("command-failed", `cannot start ${name}: ${error.message}`)),
    );
  });
  exited.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    child,
    exited,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      await exited.catch(() => undefined);
    },
  };
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

function summarise(agent: Agent, { output }: Context): void {
  const report = agent.report();
  if (output.json) {
    output.value({
      event: "summary",
      spans: report.spans,
      dropped: report.dropped,
      cpu_ms: report.cpuMs,
      max_rss_bytes: report.maxRssBytes,
    });
    return;
  }
  const dropped = Object.entries(report.dropped).map(([reason, count]) => `${count} ${reason}`);
  output.note(
    `${report.spans} spans, ${dropped.length === 0 ? "nothing dropped" : `dropped: ${dropped.join(", ")}`}, ${report.cpuMs} ms of CPU, ${Math.round(report.maxRssBytes / 1048576)} MiB`,
  );
}
