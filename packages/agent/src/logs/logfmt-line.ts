import { addPair, newPairs, type Pairs, stringEnd } from "./json-line.js";
import { fromPairs } from "./known-keys.js";
import type { LogValue, ParsedLine } from "./parsed-line.js";

/** logfmt reads slog's text, logrus' text and the like. */
export function logfmt(text: string): ParsedLine | undefined {
  if (!/^(?:[\w.@-]+|"[^"]*")=/.test(text)) return undefined;
  const pairs = pairsOf(text);
  const line = pairs === undefined ? undefined : fromPairs("logfmt", pairs);
  // Any a=b is made of pairs: a log's line has a level or a message.
  return line !== undefined && (line.severity > 0 || line.message !== "") ? line : undefined;
}

/** pairsOf reads key=value key="a b" … to the end, and klog's values of several lines; undefined for what is something else. */
export function pairsOf(text: string): Pairs | undefined {
  const pairs = newPairs();
  let at = 0;
  while (at < text.length) {
    const key = text[at] === '"' ? quotedAt(text, at) : bareAt(text, at);
    if (key === undefined || key.text === "" || text[key.end] !== "=") return undefined;
    const from = key.end + 1;
    const value = text[from] === '"' ? quotedAt(text, from) : (severalAt(text, from) ?? wordAt(text, from));
    if (value === undefined) return undefined;
    addPair(pairs, key.text, text[from] === '"' ? value.text : scalar(value.text));
    at = value.end;
    if (at < text.length && text[at] !== " ") return undefined;
    while (text[at] === " ") at++;
  }
  return pairs.list.length === 0 ? undefined : pairs;
}

interface Found {
  readonly text: string;
  readonly end: number;
}

function bareAt(text: string, at: number): Found | undefined {
  const equals = text.indexOf("=", at);
  const key = equals < 0 ? "" : text.slice(at, equals);
  return key === "" || /[\s"]/.test(key) ? undefined : { text: key, end: equals };
}

function wordAt(text: string, at: number): Found {
  const end = text.indexOf(" ", at);
  return end < 0 ? { text: text.slice(at), end: text.length } : { text: text.slice(at, end), end };
}

/** severalAt reads what klog writes of a value with several lines: "=<", each line behind a tab, " >". */
function severalAt(text: string, at: number): Found | undefined {
  if (!text.startsWith("<\n\t", at)) return undefined;
  const end = text.indexOf("\n >", at);
  return end < 0 ? undefined : { text: text.slice(at + 3, end).replaceAll("\n\t", "\n"), end: end + 3 };
}

/** quotedAt reads a text in quotation marks with Go's or JSON's escapes. */
export function quotedAt(text: string, start: number): Found | undefined {
  const end = stringEnd(text, start);
  if (end < 0) return undefined;
  const inside = text.slice(start + 1, end - 1);
  if (!inside.includes("\\")) return { text: inside, end };
  const escaped = inside
    .replaceAll("\t", "\\t")
    .replaceAll("\n", "\\n")
    .replace(goEscape, (_, before: string, hex: string | undefined) => `${before}\\u00${hex ?? "07"}`);
  try {
    return { text: String(JSON.parse(`"${escaped}"`)), end };
  } catch {
    return { text: inside, end };
  }
}

// Go's escapes that JSON has not.
const goEscape = /((?:^|[^\\])(?:\\\\)*)\\(?:x([0-9a-f]{2})|a)/g;

/** scalar is a number where nothing of it gets lost: "007" and "1.10" are texts, an id or a version. */
function scalar(text: string): LogValue {
  if (text === "true" || text === "false") return text === "true";
  const isNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{0,8}[1-9])?$/.test(text);
  return isNumber && String(Number(text)) === text ? Number(text) : text;
}
