import { TelemetryError } from "../../errors.js";

const SPACE = 32;
const TAB = 9;

/** Cursor walks one line of a page; its errors carry the line and the column, from 1. */
export class Cursor {
  pos = 0;
  private readonly text: string;
  private readonly line: number;
  /** OpenMetrics separates by exactly one space, Prometheus' text by blanks and tabs. */
  private readonly strict: boolean;

  constructor(text: string, line: number, strict: boolean) {
    this.text = text;
    this.line = line;
    this.strict = strict;
  }

  get done(): boolean {
    return this.pos >= this.text.length;
  }

  /** at tells whether the next character is this one. */
  at(character: string): boolean {
    return this.text[this.pos] === character;
  }

  /** take passes over a character if it is next. */
  take(character: string): boolean {
    if (this.text[this.pos] !== character) return false;
    this.pos++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.wrong(`${JSON.stringify(character)} is missing`);
  }

  /** blanks passes over spaces and tabs. */
  blanks(): void {
    let code = this.text.charCodeAt(this.pos);
    while (code === SPACE || code === TAB) code = this.text.charCodeAt(++this.pos);
  }

  /** separator passes over what stands between two parts. */
  separator(): void {
    const from = this.pos;
    this.blanks();
    if (this.pos === from || (this.strict && (this.pos - from !== 1 || this.text[from] !== " ")))
      throw this.wrong(this.strict ? "one space is wanted" : "a space is wanted");
  }

  /** name reads a name without quotes; `colons` may be in those of metrics. */
  name(what: string, colons: boolean): string {
    const from = this.pos;
    for (;;) {
      const code = this.text.charCodeAt(this.pos);
      const letter = (code | 32) >= 97 && (code | 32) <= 122;
      const digit = code >= 48 && code <= 57 && this.pos > from;
      if (!letter && !digit && code !== 95 && !(colons && code === 58)) break;
      this.pos++;
    }
    if (this.pos === from) throw this.wrong(`${what} is wanted`);
    return this.text.slice(from, this.pos);
  }

  /** quoted reads a text in quotes, with its escapes. */
  quoted(what: string): string {
    if (!this.take('"')) throw this.wrong(`${what} in quotes is wanted`);
    const from = this.pos;
    for (;;) {
      const end = this.text.indexOf('"', this.pos);
      if (end < 0) {
        this.pos = from;
        throw this.wrong(`${what} has no end`);
      }
      let slashes = 0;
      while (end - slashes > from && this.text[end - 1 - slashes] === "\\") slashes++;
      this.pos = end + 1;
      if (slashes % 2 === 0) return unescaped(this.text.slice(from, end), true);
    }
  }

  /** word reads up to the next space or tab. */
  word(): string {
    const from = this.pos;
    let code = this.text.charCodeAt(this.pos);
    while (this.pos < this.text.length && code !== SPACE && code !== TAB)
      code = this.text.charCodeAt(++this.pos);
    return this.text.slice(from, this.pos);
  }

  /** rest is what follows to the line's end. */
  rest(): string {
    const from = this.pos;
    this.pos = this.text.length;
    return this.text.slice(from);
  }

  wrong(what: string): TelemetryError {
    return new TelemetryError("malformed-exposition", `line ${this.line}, column ${this.pos + 1}: ${what}`, {
      offset: this.pos,
      hint: "the target does not write Prometheus' text format or OpenMetrics: promtool check metrics tells more",
    });
  }
}

/** unescaped undoes `\\`, `\n` and, in quotes, `\"`; another backslash is one. */
export function unescaped(text: string, quotes: boolean): string {
  if (!text.includes("\\")) return text;
  return text.replace(quotes ? /\\([\\n"])/g : /\\([\\n])/g, (_, of: string) => (of === "n" ? "\n" : of));
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i;

/** numberOf reads a value as Go's ParseFloat does, without its hexadecimal and underscores; undefined for what is none. */
export function numberOf(text: string): number | undefined {
  if (decimal.test(text)) return Number(text);
  const match = special.exec(text);
  if (match === null) return undefined;
  if (match[2] === undefined) return match[1] === "" ? Number.NaN : undefined;
  return match[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
