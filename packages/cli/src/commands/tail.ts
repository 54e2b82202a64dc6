import { setTimeout as pause } from "node:timers/promises";
import type { TailAnswer } from "@go3s/server";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import { showLog, showSpan } from "../live/lines.js";
import { Seen } from "../live/seen.js";
import { durationOption, type Parsed } from "../options.js";
import { type AskedServer, askApi, serverOf, serverRows } from "../server-api.js";

/** EVERY_MS is how often is asked; a query brings rows into the tables within half a second. */
const EVERY_MS = 500;
/** BACK_MS is how late a span may come and still be shown: senders batch for five seconds. */
const BACK_MS = 15_000;

export const command: Command = {
  name: "tail",
  summary: "Follows spans or log records as they come.",
  usage: "tail [options]",
  options: [
    { name: "signal", value: "S", help: "spans (default) or logs" },
    { name: "service", value: "NAME", help: "only this service" },
    { name: "filter", value: "F", help: "the page's filter language: status:error duration:>200ms" },
    { name: "since", value: "T", help: "begin this long ago (10m); default: now" },
    { name: "duration", value: "T", help: "end by itself after this time" },
    ...serverRows,
  ],
  examples: [
    "go3s tail",
    "go3s tail --service checkout --filter 'status:error OR duration:>500ms'",
    "go3s tail --signal logs --filter 'level:error' --since 10m --json",
  ],
  run,
};

async function run(parsed: Parsed, { output, interrupted }: Context): Promise<number> {
  const signal = parsed.text("signal") ?? "spans";
  if (signal !== "spans" && signal !== "logs") {
    throw new CliError("usage", `--signal ${signal}: not one that can be followed`, "spans or logs");
  }
  const [extra] = parsed.positionals;
  if (extra !== undefined)
    throw new CliError("usage", `${extra} is no option`, "write filters as --filter 'service:checkout'");
  const server = serverOf(parsed);
  const filter = filterOf(parsed);
  const begin = Date.now() - (durationOption(parsed, "since") ?? 0);
  const duration = durationOption(parsed, "duration");
  const end = duration === undefined ? Number.POSITIVE_INFINITY : Date.now() + duration;
  const seen = new Seen();
  if (!output.json && output.columns !== undefined)
    output.note(`following ${signal} of ${server} (Ctrl-C ends)`);
  let from = begin;
  while (!interrupted.aborted) {
    const asked = Date.now();
    const text = await answer(
      server,
      {
        signal: signal === "spans" ? "traces" : "logs",
        filter,
        from: String(from),
        to: String(asked + 60_000),
      },
      interrupted,
    );
    if (text === undefined) break;
    const tailed: TailAnswer = JSON.parse(text);
    if (tailed.more) output.note("more came at once than can be shown; a filter helps");
    for (const span of tailed.spans) {
      if (seen.isNew(`${span.trace_id}${span.span_id}`, asked)) showSpan(span, output);
    }
    for (const log of tailed.logs) {
      if (seen.isNew(`${log.timestamp_ns}${log.tie}`, asked)) showLog(log, output);
    }
    if (Date.now() >= end) return exitCodes.done;
    from = Math.max(begin, asked - BACK_MS);
    seen.forget(asked - 4 * BACK_MS);
    await pause(EVERY_MS, undefined, { signal: interrupted }).catch(() => undefined);
  }
  return exitCodes.interrupted;
}

/** answer asks once; undefined when Ctrl-C came meanwhile. */
async function answer(
  server: AskedServer,
  parameters: Record<string, string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await askApi(server, "tail", parameters, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function filterOf(parsed: Parsed): string {
  const filter = parsed.text("filter") ?? "";
  const service = parsed.text("service");
  if (service === undefined) return filter;
  const named = `service:${/^[\w.-]+$/.test(service) ? service : JSON.stringify(service)}`;
  return filter === "" ? named : `${named} (${filter})`;
}
