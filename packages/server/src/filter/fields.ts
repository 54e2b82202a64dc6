import type { FilterPlace, FilterTest } from "./ast.js";
import { fail } from "./scan.js";
import { durationNs, plainNumber } from "./values.js";

/** Field is one short key of the filter language. */
export interface Field {
  readonly key: string;
  /** The column it stands for, where the signal has it. */
  readonly traces: string | undefined;
  readonly logs: string | undefined;
  /** Attributes it stands for when it is no column; the first that is there counts. */
  readonly attributes: readonly string[];
  readonly type: "text" | "number" | "duration" | "id" | "word";
  /** For "word" (upper case in the database, any case in a filter): the values there are; empty when open-ended. */
  readonly values: readonly string[];
  readonly detail: string;
}

const text = { attributes: [], values: [], type: "text" } as const;
const id = { attributes: [], values: [], type: "id" } as const;
const word = { attributes: [], type: "word" } as const;
const kinds = ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER", "UNSPECIFIED"];

/** fields are the short keys; every other key is an attribute of span, log or resource. */
export const fields: readonly Field[] = [
  {
    key: "service",
    traces: "service_name",
    logs: "service_name",
    ...text,
    detail: "service.name of the resource",
  },
  { key: "operation", traces: "operation", logs: undefined, ...text, detail: "the span's name" },
  { key: "kind", traces: "kind", logs: undefined, ...word, values: kinds, detail: "the span's kind" },
  {
    key: "status",
    traces: "status_code",
    logs: undefined,
    ...word,
    values: ["OK", "ERROR", "UNSET"],
    detail: "the span's status",
  },
  {
    key: "duration",
    traces: "duration_ns",
    logs: undefined,
    attributes: [],
    values: [],
    type: "duration",
    detail: "the span's duration: >200ms, 1s..2s",
  },
  { key: "level", traces: undefined, logs: "level", ...word, values: [], detail: "the log record's level" },
  { key: "event", traces: undefined, logs: "event_name", ...text, detail: "the log record's event name" },
  { key: "trace", traces: "trace_id", logs: "trace_id", ...id, detail: "trace id, 32 hex digits" },
  { key: "span", traces: "span_id", logs: "span_id", ...id, detail: "span id, 16 hex digits" },
  { key: "tenant", traces: "tenant", logs: "tenant", ...text, detail: "whose data it is" },
  {
    key: "host",
    traces: undefined,
    logs: undefined,
    ...text,
    attributes: ["host.name"],
    detail: "host.name of the resource",
  },
  {
    key: "pid",
    traces: undefined,
    logs: undefined,
    values: [],
    type: "number",
    attributes: ["process.pid"],
    detail: "process id",
  },
  {
    key: "container",
    traces: undefined,
    logs: undefined,
    ...text,
    attributes: ["container.id", "container.name"],
    detail: "container id or name",
  },
];

const byKey = new Map(fields.map((field) => [field.key, field]));

/** fieldOf finds a short key; undefined for an attribute. */
export function fieldOf(key: string): Field | undefined {
  return byKey.get(key);
}

/** numberFor reads a bound for a key: a number, for keys ending in _ns (and duration) also a duration. */
export function numberFor(key: string, bound: string): number | undefined {
  const inNs = key === "duration" || key.endsWith("_ns") ? durationNs(bound) : undefined;
  return inNs ?? (key === "duration" ? undefined : plainNumber(bound));
}

/** checkTerm throws "bad-filter" when a key cannot have such a test: the mistake is told before anything is searched. */
export function checkTerm(key: string, test: FilterTest, place: FilterPlace): void {
  const field = fieldOf(key);
  const bounds = test.op === "compare" ? [test.text] : test.op === "range" ? [test.low, test.high] : [];
  if (field?.type === "duration") checkDuration(test, bounds, place);
  else if (field?.type === "word") checkWord(field, test, place);
  else if (bounds.length > 0 && (field?.type === "id" || field?.type === "text"))
    fail(`${key} has no order to compare by`, place.start, place.end, [
      "a value",
      "a pattern with *",
      "/re/",
    ]);
  else if (bounds.some((bound) => numberFor(key, bound) === undefined))
    fail(`${key} is compared with something that is no number`, place.start, place.end, [
      "a number such as 500",
    ]);
}

function checkDuration(test: FilterTest, bounds: readonly string[], place: FilterPlace): void {
  const expected = [">200ms", "1s..2s", "a duration with its unit: ns, us, ms, s, m, h"];
  const values = test.op === "is" ? [test.pattern.join("*")] : bounds;
  if (test.op === "regex") fail("a duration has no text to match", place.start, place.end, expected);
  const wrong = values.find((value) => durationNs(value) === undefined);
  if (wrong !== undefined) fail(`"${wrong}" is no duration`, place.start, place.end, expected);
}

function checkWord(field: Field, test: FilterTest, place: FilterPlace): void {
  const expected = field.values.map((value) => value.toLowerCase());
  if (test.op === "compare" || test.op === "range")
    fail(`${field.key} has no order to compare by`, place.start, place.end, expected);
  if (test.op !== "is" || test.pattern.length > 1) return;
  const value = test.pattern[0] ?? "";
  if (field.values.length > 0 && !field.values.includes(value.toUpperCase()))
    fail(`${field.key} is never "${value}"`, place.start, place.end, expected);
}
