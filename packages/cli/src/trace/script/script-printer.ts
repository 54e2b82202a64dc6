import type { ScriptMap } from "@go3s/lang";
import type { MapRow, MapValue } from "./contents.js";
import { bars } from "./histogram.js";
import { graph, seriesJson } from "./series.js";
import type { Shown } from "./shown.js";

/** TextKind is where a text comes from, as JSON names it. */
export type TextKind = "printf" | "time" | "join" | "cat" | "syscall";

/** Told is a place of the script that a message is about. */
export interface Told {
  readonly place: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** context is the line of the script, with the stretch marked. */
  readonly context: readonly string[];
}

/** HelperError is what the kernel answered a probe. */
export interface HelperError {
  readonly helper: string;
  readonly code: number;
  readonly text: string;
}

/** ScriptPrinter writes what a script tells, in bpftrace's shapes. */
export interface ScriptPrinter {
  attached(probes: number): void;
  /** text is output of printf, time, join, cat and system. */
  text(kind: TextKind, text: string): void;
  /** told is errorf's and warnf's: `where` is the place in the script. */
  told(kind: "errorf" | "warnf", text: string, where: Told, from: readonly Told[]): void;
  /** warned is what went wrong while a probe ran. */
  warned(message: string, where: Told, error?: HelperError): void;
  value(shown: Shown): void;
  /** map prints rows; with `top` only the last ones, which are the largest. */
  map(map: ScriptMap, rows: readonly MapRow[], top: number, divisor: number): void;
  lost(events: number): void;
  /** finished stands before the maps at the end. */
  finished(): void;
}

/** spacedJson writes JSON as bpftrace does: blanks in objects, none in lists; a number that doubles do not hold is a text. */
export function spacedJson(value: unknown): string {
  if (typeof value === "bigint")
    return BigInt(Number(value)) === value ? value.toString() : JSON.stringify(value.toString());
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const fields = Object.entries(value).map(
      ([name, each]) => `${JSON.stringify(name)}: ${spacedJson(each)}`,
    );
    return `{${fields.join(", ")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function jsonValue(value: MapValue, divisor: number): unknown {
  switch (value.kind) {
    case "plain":
      return typeof value.shown.json === "bigint" && divisor > 1
        ? value.shown.json / BigInt(divisor)
        : value.shown.json;
    case "average":
      return value.average / BigInt(divisor);
    case "stats":
      return { count: value.count, average: value.average, total: value.total };
    case "series":
      return seriesJson(value.rows);
    case "buckets":
      return value.rows.map(({ min, max, count }) => ({
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        count,
      }));
  }
}

const jsonKinds: Readonly<Record<MapValue["kind"], string>> = {
  plain: "map",
  average: "stats",
  stats: "stats",
  buckets: "hist",
  series: "tseries",
};

function kindOf(map: ScriptMap): MapValue["kind"] {
  if (map.aggregation === "hist" || map.aggregation === "lhist") return "buckets";
  if (map.aggregation === "tseries") return "series";
  return map.aggregation === "avg" ? "average" : map.aggregation === "stats" ? "stats" : "plain";
}

function jsonPrinter(write: (text: string) => void): ScriptPrinter {
  const line = (type: string, data: unknown): void => write(`${spacedJson({ type, data })}\n`);
  return {
    attached: (probes) =>
      write(`${spacedJson({ type: "attached_probes", count: probes, data: { probes } })}\n`),
    text: line,
    warned(message, { file, line: row, column }, error) {
      const where = { filename: file, line: row, col: column };
      const what =
        error === undefined
          ? { type: "runtime_error", msg: message }
          : { type: "helper_error", msg: error.text, helper: error.helper, retcode: error.code };
      write(`${spacedJson({ ...what, ...where })}\n`);
    },
    told: (kind, text, { file, line: row, column }) =>
      write(`${spacedJson({ type: kind, msg: text, filename: file, line: row, col: column })}\n`),
    value: (shown) => line("value", shown.json),
    lost: (events) => write(`${spacedJson({ type: "lost_events", count: events, data: { events } })}\n`),
    finished: () => undefined,
    map(map, rows, top, divisor) {
      const shown = top > 0 ? rows.slice(-top) : rows;
      const [first] = shown;
      if (map.keys.length === 0) {
        if (first !== undefined)
          line(jsonKinds[first.value.kind], { [map.name]: jsonValue(first.value, divisor) });
        return;
      }
      if (first === undefined) return;
      // An object of JavaScript would put keys that look like numbers first: the fields are written one by one.
      const fields = shown.map(
        ({ keys, value }) =>
          `${JSON.stringify(keys.map((key) => key.text).join(","))}: ${spacedJson(jsonValue(value, divisor))}`,
      );
      write(
        `{"type": "${jsonKinds[kindOf(map)]}", "data": {${JSON.stringify(map.name)}: {${fields.join(", ")}}}}\n`,
      );
    },
  };
}

function textPrinter(write: (text: string) => void, note: (text: string) => void): ScriptPrinter {
  return {
    attached: (probes) => write(`Attached ${probes} probe${probes === 1 ? "" : "s"}\n`),
    text: (kind, text) => write(kind === "join" || kind === "syscall" ? `${text}\n` : text),
    warned(message, { place, context }, error) {
      const more =
        error === undefined ? [] : [`Additional Info - helper: ${error.helper}, retcode: ${error.code}`];
      note([`${place}: WARNING: ${message}`, ...more, ...context].join("\n"));
    },
    told(kind, text, { place }, from) {
      const level = kind === "errorf" ? "ERROR" : "WARNING";
      const calls = from.flatMap((call) => [`${call.place}: ${level}: expanded from`, ...call.context]);
      note([`${place}: ${level}: ${text.replace(/\n$/, "")}`, ...calls].join("\n"));
    },
    value: (shown) => write(`${shown.text}\n`),
    lost: (events) => note(`Lost ${events} events`),
    finished: () => write("\n\n"),
    map(map, rows, top, divisor) {
      for (const { keys, value } of top > 0 ? rows.slice(-top) : rows) {
        const name = keys.length === 0 ? map.name : `${map.name}[${keys.map((key) => key.text).join(", ")}]`;
        switch (value.kind) {
          case "plain": {
            const { json, text } = value.shown;
            write(`${name}: ${typeof json === "bigint" && divisor > 1 ? json / BigInt(divisor) : text}\n`);
            break;
          }
          case "average":
            write(`${name}: ${value.average / BigInt(divisor)}\n`);
            break;
          case "stats":
            write(
              `${name}: { .count = ${value.count}, .average = ${value.average / BigInt(divisor)}, .total = ${value.total} }\n`,
            );
            break;
          case "series":
            write(`${name}:\n${graph(value.rows)}\n`);
            break;
          case "buckets":
            write(`${name}:\n${bars(value.rows, divisor)}\n`);
        }
      }
    },
  };
}

/** newScriptPrinter makes the printer of a format; `write` gets text as it is to stand there, line ends included. */
export function newScriptPrinter(
  format: "text" | "json",
  write: (text: string) => void,
  note: (text: string) => void,
): ScriptPrinter {
  return format === "json" ? jsonPrinter(write) : textPrinter(write, note);
}
