import { addPair, json, newPairs, readObject } from "./json-line.js";
import { type LevelColumn, newLevelColumn } from "./level-word.js";
import { hasZone, klogTime, parseTime } from "./line-time.js";
import { logfmt, pairsOf, quotedAt } from "./logfmt-line.js";
import type { ParsedLine } from "./parsed-line.js";
import { plain } from "./plain-line.js";
import { severityOf } from "./severity.js";
import { unwrapped } from "./wrapped-line.js";

/** parseLine reads one line, or a record of several, by the form it has; `column` is its stream's. It never throws. */
export function parseLine(text: string, nowMs: number, column: LevelColumn = newLevelColumn()): ParsedLine {
  const wrapped = unwrapped(text);
  const line = wrapped?.text ?? text;
  const parsed =
    json(line) ?? klog(line, nowMs) ?? logfmt(line) ?? console_(line) ?? plain(line, nowMs, column);
  return wrapped?.in(parsed) ?? parsed;
}

// klog, header of k8s.io/klog: Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg
const klogHead = /^([IWEF])(\d{4}) (\d\d:\d\d:\d\d\.\d{6})\s+(\d+) ([^\s:\]]+:\d+)\] /;
const klogLevels: Readonly<Record<string, readonly [number, string]>> = {
  I: [9, "INFO"],
  W: [13, "WARN"],
  E: [17, "ERROR"],
  F: [21, "FATAL"],
};

function klog(text: string, nowMs: number): ParsedLine | undefined {
  const head = klogHead.exec(text);
  if (head === null) return undefined;
  const [whole, letter = "", monthDay = "", clock = "", , place = ""] = head;
  const rest = text.slice(whole.length);
  const [severity, severityText] = klogLevels[letter] ?? [0, ""];
  // Structured: "message" key="value" …
  const quoted = rest[0] === '"' ? quotedAt(rest, 0) : undefined;
  const pairs = quoted === undefined ? undefined : pairsOf(rest.slice(quoted.end).trimStart());
  const isStructured = quoted !== undefined && (pairs !== undefined || rest.length === quoted.end);
  return {
    format: "klog",
    timeNs: klogTime(monthDay, clock, nowMs),
    isLocal: true,
    severity,
    severityText,
    message: isStructured ? quoted.text : rest,
    attributes: [["code.location", place], ...((isStructured ? pairs : undefined)?.list ?? [])],
    droppedAttributes: (isStructured ? pairs : undefined)?.dropped ?? 0,
    traceId: "",
    spanId: "",
  };
}

/** console_ reads zap's development lines: time, level, (logger,) (place,) message and fields between tabs. */
function console_(text: string): ParsedLine | undefined {
  const [head = "", ...lines] = text.split("\n");
  const columns = head.split("\t");
  if (columns.length < 3) return undefined;
  const timeNs = parseTime(columns[0] ?? "");
  const severity = severityOf(columns[1] ?? "");
  if (timeNs === undefined || severity === 0) return undefined;
  const rest = columns.slice(2);
  const pairs = newPairs();
  const place = rest.findIndex((column) => /^\S+\.go:\d+$/.test(column));
  if (place >= 0 && place < rest.length - 1) {
    if (place > 0) addPair(pairs, "logger", rest.slice(0, place).join("."));
    addPair(pairs, "code.location", rest[place] ?? "");
    rest.splice(0, place + 1);
  }
  // A trace stands on lines of its own behind the fields.
  const trace = lines.join("\n");
  const last = rest.at(-1) ?? "";
  const before = pairs.list.length;
  if (rest.length > 1 && last.startsWith("{")) {
    if (readObject(last, "", pairs)) rest.pop();
    // A message that begins with a brace.
    else pairs.list.length = before;
  }
  if (trace !== "") addPair(pairs, "stacktrace", trace);
  const severityText = columns[1] ?? "";
  return {
    format: "console",
    timeNs,
    isLocal: !hasZone(columns[0] ?? ""),
    severity,
    severityText,
    message: rest.join("\t"),
    attributes: pairs.list,
    droppedAttributes: pairs.dropped,
    traceId: "",
    spanId: "",
  };
}
