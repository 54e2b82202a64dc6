import { syntaxError } from "./errors.js";

/** Token is a piece of an expression; offsets are UTF-16 units. */
export interface Token {
  readonly kind: "word" | "int" | "float" | "duration" | "string" | "mark" | "attribute" | "scoped" | "end";
  readonly text: string;
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["μs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
  ["d", 86_400e9],
  ["w", 604_800e9],
]);

const skipped = /(?:\s+|\/\/[^\n]*)*/y;
const duration =
  /(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|[smhdw])(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|[smhdw]))*(?![\p{L}\p{N}_])/uy;
const durationPart = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|[smhdw])/g;
const float = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
const int = /0x[0-9a-fA-F]+|\d+/y;
/** What an attribute is of: `.`, `span.`, `parent.resource.`; its key follows at once. */
const scope = /(?:parent\.)?(?:resource\.|span\.)|parent\.|(?:event|link|instrumentation)\.|\.(?=[^\d\s])/y;
/** An intrinsic with its scope, such as `span:duration`. */
const scoped = /(?:trace|span|event|link|instrumentation):[a-zA-Z]+/y;
const key = /(?:"(?:[^"\\]|\\[\s\S])*"|[^\s{}()=~!<>&|^,"])+/y;
const word = /[\p{L}_][\p{L}\p{N}_]*/uy;
const mark = /!>>|!<<|&>>|&<<|>>|<<|>=|<=|!=|!~|=~|!>|!<|&&|\|\||&>|&<|&~|[-+*/%^=<>!~|{}(),]/y;

/** lex cuts an expression of TraceQL into tokens; the last one is of kind "end". Throws TraceqlError. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  const at = (pattern: RegExp, start: number): string | undefined => {
    pattern.lastIndex = start;
    return pattern.exec(text)?.[0];
  };
  let place = at(skipped, 0)?.length ?? 0;
  while (place < text.length) {
    place = next(place);
    place += at(skipped, place)?.length ?? 0;
  }
  tokens.push({ kind: "end", text: "", value: 0, start: text.length, end: text.length });
  return tokens;

  function push(
    kind: Token["kind"],
    start: number,
    end: number,
    own = text.slice(start, end),
    value = 0,
  ): number {
    tokens.push({ kind, text: own, value, start, end });
    return end;
  }

  function next(start: number): number {
    const character = text.charAt(start);
    if (character === '"' || character === "`") return quoted(start, character);
    const span = at(duration, start);
    if (span !== undefined) return push("duration", start, start + span.length, span, nanoseconds(span));
    const fraction = at(float, start);
    if (fraction !== undefined)
      return push("float", start, start + fraction.length, fraction, Number(fraction));
    const whole = at(int, start);
    if (whole !== undefined) return push("int", start, start + whole.length, whole, integer(whole, start));
    const intrinsic = at(scoped, start);
    if (intrinsic !== undefined) return push("scoped", start, start + intrinsic.length);
    const owner = at(scope, start);
    if (owner !== undefined) return attribute(start, owner);
    const name = at(word, start);
    if (name !== undefined) return push("word", start, start + name.length);
    const sign = at(mark, start);
    if (sign !== undefined) return push("mark", start, start + sign.length);
    throw syntaxError(text, start, `unexpected ${JSON.stringify(character)}`);
  }

  function attribute(start: number, owner: string): number {
    const name = at(key, start + owner.length);
    if (name === undefined)
      throw syntaxError(text, start + owner.length, "syntax error: an attribute's name is missing");
    const end = start + owner.length + name.length;
    const plain = name.replace(/"((?:[^"\\]|\\[\s\S])*)"/g, (_, inner: string) =>
      inner.replace(/\\([\\"])/g, "$1"),
    );
    push("attribute", start, end, owner);
    return push("string", start + owner.length, end, plain);
  }

  function integer(whole: string, start: number): number {
    const value = BigInt(whole);
    if (value > 9_223_372_036_854_775_807n) throw syntaxError(text, start, `${whole} does not fit 64 bits`);
    return Number(value);
  }

  function quoted(start: number, quote: string): number {
    let end = start + 1;
    while (end < text.length && text[end] !== quote) end += text[end] === "\\" && quote === '"' ? 2 : 1;
    if (end >= text.length) throw syntaxError(text, start, "literal not terminated");
    const raw = text.slice(start + 1, end);
    return push("string", start, end + 1, quote === "`" ? raw : unescaped(raw));
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

function unescaped(raw: string): string {
  return raw.replace(
    /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]))/g,
    (whole, long?: string, short?: string, one?: string) =>
      one === undefined
        ? String.fromCharCode(Number.parseInt(long ?? short ?? "0", 16))
        : (escapes[one] ?? whole),
  );
}

function nanoseconds(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(durationPart))
    total += Number(amount) * (UNITS.get(unit ?? "") ?? 0);
  return total;
}
