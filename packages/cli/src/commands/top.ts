import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { TopAnswer } from "@go3s/server";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { ProcessCosts } from "../live/process-cost.js";
import { operationLines, processLines, type ShownProcess, SORTS, type SortKey } from "../live/top-view.js";
import { durationOption, type Parsed } from "../options.js";
import { askApi, serverOf, serverRows } from "../server-api.js";

const DEFAULT_WINDOW_MS = 60_000;
const DEFAULT_EVERY_MS = 2000;
const PROCESSES_SHOWN = 8;

export const command: Command = {
  name: "top",
  summary: "Shows services, operations and processes by what they cost, live.",
  usage: "top [options]",
  options: [
    { name: "window", value: "T", help: "the last time that is shown (default 1m)" },
    { name: "every", value: "T", help: "how often it is shown anew (default 2s)" },
    {
      name: "sort",
      value: "KEY",
      help: "time (default), rate, errors, p99, p50 or name; keys t r e p m n while it runs",
    },
    { name: "filter", value: "F", help: "the page's filter language: service:checkout kind:server" },
    { name: "once", help: "show it once and end, as without a terminal and with --json" },
    ...serverRows,
  ],
  examples: ["go3s top", "go3s top --window 10m --sort p99", "go3s top --json | jq '.operations[0]'"],
  run,
};

async function run(parsed: Parsed, context: Context): Promise<number> {
  const { output, interrupted } = context;
  const server = serverOf(parsed);
  const window = durationOption(parsed, "window") ?? DEFAULT_WINDOW_MS;
  const every = durationOption(parsed, "every") ?? DEFAULT_EVERY_MS;
  let sort = sortOf(parsed.text("sort") ?? "time");
  const costs = new ProcessCosts();
  const ask = async (): Promise<TopAnswer> => {
    const now = Date.now();
    const parameters = { from: String(now - window), to: String(now), filter: parsed.text("filter") ?? "" };
    return JSON.parse(await askApi(server, "top", parameters, interrupted));
  };
  const here = hostname();
  const withCosts = ({ processes }: TopAnswer): ShownProcess[] =>
    processes.map((each) => ({
      ...each,
      cost: each.pid > 0 && (each.host === here || each.host === "") ? costs.read(each.pid) : undefined,
    }));
  if (output.json || output.columns === undefined || parsed.flag("once")) {
    const answer = await ask();
    withCosts(answer);
    // A share of CPU needs two readings.
    await pause(500, undefined, { signal: interrupted }).catch(() => undefined);
    if (interrupted.aborted) return exitCodes.interrupted;
    const processes = withCosts(answer);
    if (output.json) output.value({ ...answer, processes: processes.map(processValue) });
    else
      for (const line of screen(answer, processes, sort, Number.POSITIVE_INFINITY, context))
        output.line(line);
    return exitCodes.done;
  }
  const keys = listen((key) => {
    sort = SORTS[key] ?? sort;
  });
  // The other screen: what stood on the terminal before is there again afterwards.
  process.stdout.write("\x1b[?1049h\x1b[?25l");
  try {
    while (!interrupted.aborted && !keys.ended.aborted) {
      const answer = await ask();
      const height = (process.stdout.rows ?? 24) - 1;
      const lines = screen(answer, withCosts(answer), sort, height, context).slice(0, height);
      process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`);
      await pause(every, undefined, {
        signal: AbortSignal.any([interrupted, keys.ended, keys.pressed()]),
      }).catch(() => undefined);
    }
  } catch (error) {
    if (!interrupted.aborted) throw error;
  } finally {
    process.stdout.write("\x1b[?25h\x1b[?1049l");
    keys.close();
  }
  return keys.ended.aborted ? exitCodes.done : exitCodes.interrupted;
}

function sortOf(text: string): SortKey {
  const found = Object.values(SORTS).find((key) => key === text);
  if (found === undefined)
    throw new CliError("usage", `--sort ${text}: not an order`, `one of ${Object.values(SORTS).join(", ")}`);
  return found;
}

function processValue({ cost, ...rest }: ShownProcess): object {
  return { ...rest, cpu_share: cost?.cpu ?? null, memory_bytes: cost?.memory ?? null };
}

function screen(
  answer: TopAnswer,
  processes: readonly ShownProcess[],
  sort: SortKey,
  height: number,
  { output }: Context,
): string[] {
  const { paint, columns } = output;
  const seconds = (answer.range.to_ms - answer.range.from_ms) / 1000;
  const requests = answer.operations.reduce((sum, row) => sum + row.requests, 0);
  const heading = `go3s top  ${answer.operations.length} operations, ${(requests / seconds).toFixed(1)} spans/s over ${seconds} s, by ${sort}`;
  const help = Number.isFinite(height)
    ? paint.dim("t time  r rate  e errors  p p99  m p50  n name  q ends")
    : "";
  if (answer.operations.length === 0) {
    return [
      heading,
      "",
      "nothing came in this time: is something observed, or sent to the OTLP ports? (--window 1h looks further back)",
    ];
  }
  const below = processLines(processes, PROCESSES_SHOWN, columns, paint.bold);
  const room = Math.max(3, height - below.length - 5);
  return [heading, help, ...operationLines(answer, sort, room, columns, paint.bold), "", ...below];
}

interface Keys {
  readonly ended: AbortSignal;
  /** pressed gives a signal for the next key. */
  pressed(): AbortSignal;
  close(): void;
}

/** listen takes single keys of a terminal; q and Ctrl-C end. */
function listen(take: (key: string) => void): Keys {
  const end = new AbortController();
  let press = new AbortController();
  const { stdin } = process;
  const onData = (data: Buffer): void => {
    for (const key of data.toString("utf8")) {
      if (key === "q" || key === "\x03") end.abort();
      else take(key);
    }
    press.abort();
  };
  if (stdin.isTTY) {
    stdin.setRawMode(true);
    stdin.on("data", onData);
  }
  return {
    ended: end.signal,
    pressed() {
      press = new AbortController();
      return press.signal;
    },
    close() {
      stdin.off("data", onData);
      if (stdin.isTTY) stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
