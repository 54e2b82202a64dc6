import type { ScriptMap } from "@go3s/lang";
import type { MapRow, MapValue } from "./contents.js";
import { bars } from "./histogram.js";
import type { Shown } from "./shown.js";

/** ScriptPrinter writes what a script tells, in bpftrace's shapes. */
export interface ScriptPrinter {
  attached(probes: number): void;
  /** text is printf's, time's and join's output. */
  text(kind: "printf" | "time" | "join", text: string): void;
  value(shown: Shown): void;
  /** map prints rows; with `top` only the last ones, which are the largest. */
  map(map: ScriptMap, rows: readonly MapRow[], top: number, divisor: number): void;
  lost(events: number): void;
  /** finished stands before the maps at the end. */
  finished(): void;
}

/** spacedJson writes JSON with a blank behind colons and commas, as bpftrace does; integers keep all their digits. */
export function spacedJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
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
};

function kindOf(map: ScriptMap): MapValue["kind"] {
  if (map.aggregation === "hist" || map.aggregation === "lhist") return "buckets";
  return map.aggregation === "avg" ? "average" : map.aggregation === "stats" ? "stats" : "plain";
}

function jsonPrinter(write: (text: string) => void): ScriptPrinter {
  const line = (type: string, data: unknown): void => write(`${spacedJson({ type, data })}\n`);
  return {
    attached: (probes) => line("attached_probes", { probes }),
    text: line,
    value: (shown) => line("value", shown.json),
    lost: (events) => line("lost_events", { events }),
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

function textPrinter(write: (text: string) => void): ScriptPrinter {
  return {
    attached: (probes) => write(`Attached ${probes} probe${probes === 1 ? "" : "s"}\n`),
    text: (_kind, text) => write(text),
    value: (shown) => write(`${shown.text}\n`),
    lost: (events) => write(`Lost ${events} events\n`),
    finished: () => write("\n\n"),
    map(map, rows, top, divisor) {
      for (const { keys, value } of top > 0 ? rows.slice(-top) : rows) {
        const name = keys.length === 0 ? map.name : `${map.name}[${keys.map((key) => key.text).join(", ")}]`;
        switch (value.kind) {
          case "plain": {
            const { json, text } = value.shown;
            write(`${name}: ${typeof json === "bigint" ? json / BigInt(divisor) : text}\n`);
            break;
          }
          case "average":
            write(`${name}: ${value.average / BigInt(divisor)}\n\n`);
            break;
          case "stats":
            write(`${name}: count ${value.count}, average ${value.average}, total ${value.total}\n\n`);
            break;
          case "buckets":
            write(`${name}: \n${bars(value.rows, divisor)}\n`);
        }
      }
    },
  };
}

/** newScriptPrinter makes the printer of a format; `write` gets text as it is to stand there, line ends included. */
export function newScriptPrinter(format: "text" | "json", write: (text: string) => void): ScriptPrinter {
  return format === "json" ? jsonPrinter(write) : textPrinter(write);
}
