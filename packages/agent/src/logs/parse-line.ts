import { fromPairs } from "./known-keys.js";
import { type LevelColumn, newLevelColumn } from "./level-word.js";
import { klogTime, parseTime } from "./line-time.js";
import type { LogValue, ParsedLine } from "./parsed-line.js";
import { plain } from "./plain-line.js";
import { severityOf } from "./severity.js";

// Hostile or broken lines must not make thousands of attributes.
const mostPairs = 128;
const deepestGroup = 8;

/** parseLine reads one line, or a record of several, by the form it has; `column` is its stream's. It never throws. */
export function parseLine(text: string, nowMs: number, column: LevelColumn = newLevelColumn()): ParsedLine {
  return json(text) ?? klog(text, nowMs) ?? logfmt(text) ?? console_(text) ?? plain(text, nowMs, column);
}

/** json reads slog's, zap's, zerolog's, logrus', pino's lines; groups become dotted names. */
function json(text: string): ParsedLine | undefined {
  if (text[0] !== "{" || !text.endsWith("}")) return undefined;
  const pairs: [string, LogValue][] = [];
  try {
    flatten("", JSON.parse(text), pairs, 0);
  } catch {
    // No JSON, or brackets within brackets by the thousand, which stringify() has no stack for.
    return undefined;
  }
  return fromPairs("json", pairs);
}

function flatten(name: string, value: unknown, into: [string, LogValue][], depth: number): void {
  if (into.length >= mostPairs) return;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    into.push([name, value]);
  else if (typeof value === "object" && value !== null && !Array.isArray(value) && depth < deepestGroup) {
    for (const [key, inner] of Object.entries(value))
      flatten(name === "" ? key : `${name}.${key}`, inner, into, depth + 1);
  } else if (value !== null && value !== undefined) into.push([name, JSON.stringify(value)]);
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
    severity,
    severityText,
    message: isStructured ? quoted.text : rest,
    attributes: [["code.location", place], ...((isStructured ? pairs : undefined) ?? [])],
    traceId: "",
    spanId: "",
  };
}

/** quotedAt reads a text in quotation marks with Go's or JSON's escapes. */
function quotedAt(text: string, start: number): { readonly text: string; readonly end: number } | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') {
      const inside = text.slice(start + 1, at);
      try {
        return {
          text: String(JSON.parse(`"${inside.replaceAll("\t", "\\t").replaceAll("\n", "\\n")}"`)),
          end: at + 1,
        };
      } catch {
        // Go's escapes that JSON has not: \x1b, \a.
        return { text: inside, end: at + 1 };
      }
    }
  }
  return undefined;
}

/** pairsOf reads key=value key="a b" … to the end; undefined for what is something else. */
function pairsOf(text: string): [string, LogValue][] | undefined {
  const pairs: [string, LogValue][] = [];
  let at = 0;
  while (at < text.length && pairs.length < mostPairs) {
    const equals = text.indexOf("=", at);
    const key = equals < 0 ? "" : text.slice(at, equals);
    if (key === "" || /[\s"]/.test(key)) return undefined;
    if (text[equals + 1] === '"') {
      const value = quotedAt(text, equals + 1);
      if (value === undefined) return undefined;
      pairs.push([key, value.text]);
      at = value.end;
      if (at < text.length && text[at] !== " ") return undefined;
    } else {
      const space = text.indexOf(" ", equals);
      at = space < 0 ? text.length : space;
      pairs.push([key, scalar(text.slice(equals + 1, at))]);
    }
    while (text[at] === " ") at++;
  }
  return pairs.length === 0 ? undefined : pairs;
}

function scalar(text: string): LogValue {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : text;
}

/** logfmt reads slog's text, logrus' text and the like. */
function logfmt(text: string): ParsedLine | undefined {
  if (!/^[\w.@-]+=/.test(text)) return undefined;
  const pairs = pairsOf(text);
  const line = pairs === undefined ? undefined : fromPairs("logfmt", pairs);
  // Any a=b is made of pairs: a log's line has a level or a message.
  return line !== undefined && (line.severity > 0 || line.message !== "") ? line : undefined;
}

/** console_ reads zap's development lines: time, level, (logger,) (place,) message and fields between tabs. */
function console_(text: string): ParsedLine | undefined {
  const columns = text.split("\t");
  if (columns.length < 3) return undefined;
  const timeNs = parseTime(columns[0] ?? "");
  const severity = severityOf(columns[1] ?? "");
  if (timeNs === undefined || severity === 0) return undefined;
  const rest = columns.slice(2);
  const attributes: [string, LogValue][] = [];
  const place = rest.findIndex((column) => /^\S+\.go:\d+$/.test(column));
  if (place >= 0 && place < rest.length - 1) {
    if (place > 0) attributes.push(["logger", rest.slice(0, place).join(".")]);
    attributes.push(["code.location", rest[place] ?? ""]);
    rest.splice(0, place + 1);
  }
  const last = rest.at(-1) ?? "";
  if (rest.length > 1 && last.startsWith("{")) {
    try {
      flatten("", JSON.parse(last), attributes, 0);
      rest.pop();
    } catch {
      // A message that begins with a brace.
    }
  }
  const severityText = columns[1] ?? "";
  return {
    format: "console",
    timeNs,
    severity,
    severityText,
    message: rest.join("\t"),
    attributes,
    traceId: "",
    spanId: "",
  };
}
