import { type Place, parseError } from "./errors.js";

/** Token is a piece of an expression. */
export interface Token extends Place {
  readonly kind: "name" | "number" | "string" | "mark" | "end";
  /** text is what stands there; of a string its value. */
  readonly text: string;
  /** value is a number's, a duration's in seconds. */
  readonly value: number;
  /** isDuration tells `5m` from `300`. */
  readonly isDuration: boolean;
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

const skipped = /(?:\s+|#[^\n]*)*/y;
const duration = /(?:\d+(?:ms|[ywdhms]))+(?![\p{L}\p{N}_])/uy;
const durationPart = /(\d+)(ms|[ywdhms])/g;
const durationOrder = ["y", "w", "d", "h", "m", "s", "ms"];
const hexadecimal = /0x[0-9a-f]+/iy;
const decimal = /(?:\d+(?:_?\d)*(?:\.(?:\d+(?:_?\d)*)?)?|\.\d+(?:_?\d)*)(?:e[+-]?\d+(?:_?\d)*)?/iy;
/** A name may hold letters of any script, and dots after its first character: OpenTelemetry's names need no quotes. */
const name = /[\p{L}_:][\p{L}\p{N}_:.]*/uy;
/** Within brackets a colon parts a subquery's range from its step. */
const nameInBrackets = /[\p{L}_][\p{L}\p{N}_.]*/uy;
const mark = /=~|!~|==|!=|<=|>=|<\/|>\/|[-+*/%^=<>(){}[\],:@]/y;

/** parseDuration reads `1h30m` as milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  duration.lastIndex = 0;
  if (duration.exec(text)?.[0].length !== text.length) return undefined;
  let total = 0;
  let before = -1;
  for (const [, amount, unit] of text.matchAll(durationPart)) {
    const place = durationOrder.indexOf(unit ?? "");
    if (place <= before) return undefined;
    before = place;
    total += Number(amount) * (UNIT_MS.get(unit ?? "") ?? Number.NaN);
  }
  return total;
}

/** lex cuts an expression into tokens; the last one is of kind "end". Throws PromqlError. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  const at = (pattern: RegExp, start: number): string | undefined => {
    pattern.lastIndex = start;
    return pattern.exec(text)?.[0];
  };
  const push = (kind: Token["kind"], start: number, end: number, rest: Partial<Token> = {}): number => {
    tokens.push({
      kind,
      start,
      end,
      text: text.slice(start, end),
      value: Number.NaN,
      isDuration: false,
      ...rest,
    });
    return end;
  };
  let brackets = 0;
  let place = at(skipped, 0)?.length ?? 0;
  while (place < text.length) {
    place = next(place);
    place += at(skipped, place)?.length ?? 0;
  }
  push("end", text.length, text.length);
  return tokens;

  function next(start: number): number {
    const character = text.charAt(start);
    if (character === '"' || character === "'" || character === "`") return quoted(start, character);
    const span = at(duration, start);
    if (span !== undefined) {
      const value = parseDuration(span);
      if (value === undefined) {
        throw parseError(text, { start, end: start + span.length }, `not a valid duration string: "${span}"`);
      }
      return push("number", start, start + span.length, { value: value / 1000, isDuration: true });
    }
    const number = at(hexadecimal, start) ?? at(decimal, start);
    if (number !== undefined) {
      const end = start + number.length;
      const trailing = at(nameInBrackets, end);
      if (trailing !== undefined) {
        throw parseError(text, { start, end }, `bad number or duration syntax: "${number}${trailing}"`);
      }
      return push("number", start, end, { value: Number(number.replaceAll("_", "")) });
    }
    const word = at(brackets > 0 ? nameInBrackets : name, start);
    if (word !== undefined) return push("name", start, start + word.length);
    const sign = at(mark, start);
    if (sign === "[") brackets++;
    else if (sign === "]") brackets--;
    if (sign !== undefined) return push("mark", start, start + sign.length);
    throw parseError(text, { start, end: start + 1 }, `unexpected character: ${JSON.stringify(character)}`);
  }

  function quoted(start: number, quote: string): number {
    let end = start + 1;
    while (end < text.length && text[end] !== quote) end += text[end] === "\\" && quote !== "`" ? 2 : 1;
    if (end >= text.length) throw parseError(text, { start, end: text.length }, "unterminated quoted string");
    const raw = text.slice(start + 1, end);
    const value = quote === "`" ? raw : unescaped(raw, (why) => parseError(text, { start, end }, why));
    return push("string", start, end + 1, { text: value });
  }
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
const escaped = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]?))/g;

/** unescaped reads the escapes of Go's string literals. */
function unescaped(raw: string, error: (why: string) => Error): string {
  if (!raw.includes("\\")) return raw;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  let from = 0;
  for (const match of raw.matchAll(escaped)) {
    bytes.push(...encoder.encode(raw.slice(from, match.index)));
    from = match.index + match[0].length;
    const [, byte, short, long, octal, simple] = match;
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (short !== undefined || long !== undefined) {
      const point = Number.parseInt(short ?? long ?? "", 16);
      if (point > 0x10ffff) throw error("escape is no Unicode code point");
      bytes.push(...encoder.encode(String.fromCodePoint(point)));
    } else {
      const value = escapes[simple ?? ""];
      if (value === undefined) throw error(`unknown escape sequence "\\${simple}"`);
      bytes.push(...encoder.encode(value));
    }
  }
  bytes.push(...encoder.encode(raw.slice(from)));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
