// One run of a probe from the page, in a process of its own: when it ends, however it ends, the kernel takes back everything that
// it had attached. It ends with its time, at a word of the server, and with the server.
import { enableStatistics, type LoadedObject } from "@go3s/bpf";
import { renderDiagnostics } from "@go3s/lang";
import type { ProbeCost, ProbeFailure, ProbeOrder, ProbeTold } from "@go3s/server";
import type { Context } from "../command.js";
import { CliError } from "../failure.js";
import type { Output } from "../output.js";
import { newPrinter } from "../trace/print.js";
import { runProgram } from "../trace/run-program.js";
import { runScript } from "../trace/script/run.js";
import { compileProbe, fileOf } from "./check.js";
import { isOrder } from "./messages.js";
import { openOutbox } from "./outbox.js";
import { outputOf } from "./output.js";
import { refusalOf } from "./refusal.js";

const lookMs = 1_000;
const stopping = new AbortController();
let isBegun = false;

function tell(message: ProbeTold): void {
  if (process.connected) process.send?.(message);
}

const outbox = openOutbox((items, leftOut) => tell({ type: "output", items, left_out: leftOut }));

/** heard takes the lines of a printer. */
function heard(text: string): void {
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (line.includes('"attached_probes"')) {
      const attached = /"probes": ?(\d+)/.exec(line)?.[1];
      tell({ type: "attached", probes: Number(attached ?? 0) });
      continue;
    }
    const item = outputOf(line);
    if (item !== undefined) outbox.add(item);
  }
}

const note = (text: string): void => outbox.add({ kind: "note", text });

const output: Output = {
  json: true,
  columns: undefined,
  line: heard,
  value: (value) => heard(JSON.stringify(value)),
  bytes: async (chunk) => heard(Buffer.from(chunk).toString("utf8")),
  note,
  failure: ({ message }) => note(message),
  paint: {
    bold: (text) => text,
    dim: (text) => text,
    red: (text) => text,
    green: (text) => text,
    yellow: (text) => text,
    cyan: (text) => text,
  },
};

/** look tells what the kernel counted and shows the maps, once a second until the end. */
function look(object: LoadedObject, printMaps: (() => void) | undefined): () => void {
  const costs = (): ProbeCost[] =>
    [...object.programs.values()].map((program) => {
      const { runCount, runTimeNs } = program.info();
      return { name: program.name, runs: Number(runCount), ns: Number(runTimeNs) };
    });
  const once = (): void => {
    printMaps?.();
    tell({ type: "cost", costs: costs() });
  };
  once();
  const timer = setInterval(once, lookMs);
  return () => {
    clearInterval(timer);
    tell({ type: "cost", costs: costs() });
  };
}

async function run(order: ProbeOrder): Promise<void> {
  const context: Context = { output, interrupted: stopping.signal };
  const { pid, duration_ms: duration } = order;
  // The kernel counts runs and time only while somebody holds this.
  using _statistics = enableStatistics();
  if (order.language === "script") {
    await runScript(
      {
        name: fileOf("script"),
        text: order.text,
        parameters: [],
        format: "json",
        output: undefined,
        pid,
        command: undefined,
        duration,
        debug: false,
        verbose: false,
        dryRun: false,
        live: ({ object, printMaps }) => look(object, printMaps),
      },
      context,
    );
    return;
  }
  const { result } = compileProbe(order);
  const { object } = result;
  if (object === undefined) throw new CliError("bad-program", renderDiagnostics(result));
  await runProgram(
    {
      compiled: { ...result, object },
      printer: newPrinter("json", heard),
      pid,
      command: undefined,
      duration,
      dryRun: false,
      live: ({ object: loaded, printMaps }) => look(loaded, printMaps),
    },
    stopping.signal,
  );
}

async function begin(order: ProbeOrder): Promise<void> {
  const end = Date.now() + order.duration_ms;
  let failure: ProbeFailure | null = null;
  try {
    await run(order);
  } catch (error) {
    failure = refusalOf(error, order);
  }
  outbox.close();
  tell({ type: "ended", by: Date.now() >= end ? "time" : "itself", failure });
  if (process.connected) process.disconnect();
}

process.on("message", (message) => {
  if (!isOrder(message)) return;
  if (message.type === "run" && !isBegun) {
    isBegun = true;
    void begin(message.order);
  }
  if (message.type === "stop") end();
});

/** end lets the run come to its end; before it began there is none, and nothing else keeps the process. */
function end(): void {
  stopping.abort("stop");
  if (isBegun) return;
  outbox.close();
  if (process.connected) process.disconnect();
}

// The server is gone: nobody listens any more.
process.once("disconnect", end);
// A Ctrl-C reaches the whole terminal group: the server says when it is our turn.
process.on("SIGINT", () => undefined);
process.once("SIGTERM", end);
