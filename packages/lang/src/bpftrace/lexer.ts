import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";

/** Token of bpftrace's language. `endpred` is the slash that ends a predicate. */
export interface Token extends Range {
  readonly kind:
    | "word"
    | "number"
    | "text"
    | "variable"
    | "positional"
    | "map"
    | "operator"
    | "endpred"
    | "end";
  readonly text: string;
  readonly value?: bigint;
}

// Longest first.
const operators = [
  "<<=",
  ">>=",
  "->",
  "++",
  "--",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "&=",
  "|=",
  "^=",
  "<<",
  ">>",
  "==",
  "!=",
  "<=",
  ">=",
  "&&",
  "||",
  "..",
  "+",
  "-",
  "*",
  "/",
  "%",
  "&",
  "|",
  "^",
  "~",
  "!",
  "<",
  ">",
  "=",
  "?",
  ":",
  ";",
  ",",
  ".",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
];

/** unitFactors: durations are nanoseconds, as bpftrace has them since 0.18. */
const unitFactors: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  '"': '"',
  "0": "\0",
  a: "\x07",
};

/** Scanner reads a script token by token; probes' names are read as whole words, which only the parser can ask for. */
export interface Scanner {
  readonly position: number;
  next(): Token;
  /** attachPoint reads a probe's name from here; undefined when there is none. */
  attachPoint(): Token | undefined;
  rewind(position: number): void;
  /** word gives the word that stands here, "" for anything else, and stays. */
  word(): string;
}

/** newScanner scans a text; what no token starts with is reported and passed over. */
export function newScanner(text: string, report: Reporter): Scanner {
  let at = 0;
  const skip = (): void => {
    for (;;) {
      const blank = /^(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|#![^\n]*)/.exec(text.slice(at, at + 4096));
      if (blank !== null && !(blank[0].startsWith("#!") && at > 0)) at += blank[0].length;
      else if (text.startsWith("/*", at)) {
        const end = text.indexOf("*/", at);
        if (end < 0)
          report.error(
            "unterminated",
            { start: at, end: at + 2 },
            "this comment has no end",
            "close it with */",
          );
        at = end < 0 ? text.length : end + 2;
      } else return;
    }
  };

  const string = (start: number): Token => {
    let value = "";
    at = start + 1;
    while (at < text.length && text[at] !== '"') {
      // A text may go over several lines; one that never ends ends with its line.
      if (text[at] === "\n" && !text.includes(`"`, at)) break;
      if (text[at] !== "\\") {
        value += text[at++];
        continue;
      }
      const letter = text[at + 1] ?? "";
      const hex = /^\\x([0-9a-fA-F]{1,2})/.exec(text.slice(at, at + 4));
      const octal = /^\\([0-7]{1,3})/.exec(text.slice(at, at + 4));
      if (hex?.[1] !== undefined) {
        value += String.fromCharCode(Number.parseInt(hex[1], 16));
        at += hex[0].length;
      } else if (octal?.[1] !== undefined) {
        value += String.fromCharCode(Number.parseInt(octal[1], 8) & 255);
        at += octal[0].length;
      } else {
        const known = escapes[letter];
        if (known === undefined)
          report.error(
            "bad-character",
            { start: at, end: at + 2 },
            `\\${letter} is no escape`,
            'known are \\n \\t \\r \\\\ \\" \\0 \\x41',
          );
        value += known ?? letter;
        at += 2;
      }
    }
    if (text[at] === '"') at++;
    else report.error("unterminated", { start, end: start + 1 }, "this text has no end", 'close it with "');
    return { kind: "text", text: value, start, end: at };
  };

  const number = (start: number, matched: string): Token => {
    at = start + matched.length;
    const plain = matched.replaceAll("_", "");
    const hex = /^0[xX]/.test(plain);
    const parts = hex ? null : /^(\d+)(?:e(\d+))?([a-zA-Z]*)$/.exec(plain);
    let value = 0n;
    if (hex && /^0[xX][0-9a-fA-F]+$/.test(plain)) value = BigInt(plain);
    else if (parts === null) report.error("bad-character", { start, end: at }, `"${matched}" is no number`);
    else {
      const [, digits = "0", exponent = "0", unit = ""] = parts;
      const octal = exponent === "0" && unit === "" && /^0[0-7]+$/.test(digits);
      value = octal
        ? BigInt(`0o${digits.slice(1)}`)
        : BigInt(digits) * 10n ** BigInt(Math.min(Number(exponent), 20));
      if (/^[uUlL]+$/.test(unit) || unit === "") value *= 1n;
      else if (unitFactors[unit] !== undefined) value *= unitFactors[unit];
      else
        report.error(
          "bad-character",
          { start, end: at },
          `"${unit}" is no unit of a number`,
          "units are ns, us, ms, s, m, h, d",
        );
    }
    if (value >= 1n << 64n) {
      report.error("constant-overflow", { start, end: at }, `${matched} does not fit 64 bits`);
      value = 0n;
    }
    return { kind: "number", text: matched, value, start, end: at };
  };

  const next = (): Token => {
    for (;;) {
      skip();
      const start = at;
      if (at >= text.length) return { kind: "end", text: "", start, end: start };
      const rest = text.slice(at, at + 256);
      const take = (kind: Token["kind"], matched: string): Token => {
        at += matched.length;
        return { kind, text: matched, start, end: at };
      };
      if (rest.startsWith('"')) return string(start);
      const positional = /^\$(?:\d+|#)/.exec(rest);
      if (positional !== null) return take("positional", positional[0]);
      const variable = /^\$[A-Za-z_]\w*/.exec(rest);
      if (variable !== null) return take("variable", variable[0]);
      const map = /^@\w*/.exec(rest);
      if (map !== null) return take("map", map[0]);
      const digits = /^\d(?:\w|_)*/.exec(rest);
      if (digits !== null) return number(start, digits[0]);
      const word = /^[A-Za-z_]\w*/.exec(rest);
      if (word !== null) return take("word", word[0]);
      if (rest.startsWith("/") && /^\/\s*\{/.test(rest)) return take("endpred", "/");
      const operator = operators.find((each) => rest.startsWith(each));
      if (operator !== undefined) return take("operator", operator);
      report.error(
        "bad-character",
        { start, end: start + 1 },
        `"${rest.charAt(0)}" starts nothing in this language`,
      );
      at++;
    }
  };

  return {
    get position() {
      return at;
    },
    next,
    rewind(position) {
      at = position;
    },
    word() {
      skip();
      return /^[A-Za-z_]\w*/.exec(text.slice(at, at + 256))?.[0] ?? "";
    },
    attachPoint() {
      skip();
      const start = at;
      // Paths hold slashes; behind the other kinds of probes a slash begins the predicate.
      const kind = /^(?:\w+=)?(\w+)/.exec(text.slice(at, at + 64))?.[1] ?? "";
      const isPath = /^(?:u|ur|uprobe|uretprobe|usdt|U|iter|it)$/.test(kind);
      const pattern = isPath
        ? /^(?:"(?:[^"\\\n]|\\.)*"|[^\s,{};"])+/
        : /^(?:"(?:[^"\\\n]|\\.)*"|[^\s,{};"/])+/;
      const found = pattern.exec(text.slice(at, at + 4096))?.[0];
      if (found === undefined) return undefined;
      at += found.length;
      return { kind: "word", text: found, start, end: at };
    },
  };
}
