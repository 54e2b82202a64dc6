import { type Place, parseError } from "./errors.js";
import { lex, type Token } from "./lex.js";

/** DEPTH_MAX bounds nesting, so that a hostile expression ends in an error and not on the stack's end. */
const DEPTH_MAX = 200;

/** TokenReader goes through an expression's tokens. */
export class TokenReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = lex(text);
  }

  /** isAtEnd tells whether all tokens are taken. */
  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length - 1;
  }

  /** second is the token behind the next one. */
  get second(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  /** lastEnd is where the token that was taken last ends. */
  get lastEnd(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  /** skip takes the next token, whatever it is. */
  skip(): void {
    this.#at++;
  }

  /** token is the next one. */
  get token(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined)
      throw this.error({ start: this.#text.length, end: this.#text.length }, "unexpected end");
    return token;
  }

  /** next takes the next token. */
  next(): Token {
    const token = this.token;
    if (token.kind !== "end") this.#at++;
    return token;
  }

  /** error makes an error about a place. */
  error(place: Place, why: string): Error {
    return parseError(this.#text, place, why);
  }

  /** unexpected says what stands where something else was wanted. */
  unexpected(wanted: string): Error {
    const token = this.token;
    const what =
      token.kind === "end" ? "end of input" : JSON.stringify(this.#text.slice(token.start, token.end));
    return this.error(token, `unexpected ${what}, expected ${wanted}`);
  }

  /** isMark tells whether a mark is next. */
  isMark(text: string): boolean {
    return this.token.kind === "mark" && this.token.text === text;
  }

  /** isWord tells whether a word is next, in any case of letters. */
  isWord(word: string): boolean {
    return this.token.kind === "name" && this.token.text.toLowerCase() === word;
  }

  /** take takes a mark when it is next. */
  take(text: string): boolean {
    const found = this.isMark(text);
    if (found) this.#at++;
    return found;
  }

  /** takeWord takes a word when it is next. */
  takeWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.#at++;
    return found;
  }

  /** expect takes a mark, or throws. */
  expect(text: string): Token {
    if (!this.isMark(text)) throw this.unexpected(JSON.stringify(text));
    return this.next();
  }

  /** deeper bounds nesting. */
  deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX)
      throw this.error(this.token, `expression is nested deeper than ${DEPTH_MAX}`);
    const result = read();
    this.#depth--;
    return result;
  }

  /** signedNumber takes a number with its sign. */
  signedNumber(): number {
    const isNegative = this.take("-");
    if (!isNegative) this.take("+");
    const value = this.number();
    if (value === undefined) throw this.unexpected("a number");
    return isNegative ? -value : value;
  }

  /** number takes a number when one is next. */
  number(): number | undefined {
    const token = this.token;
    if (token.kind === "number") {
      this.#at++;
      return token.value;
    }
    if (token.kind !== "name" || !/^(?:inf|nan)$/i.test(token.text)) return undefined;
    this.#at++;
    return token.text.toLowerCase() === "inf" ? Number.POSITIVE_INFINITY : Number.NaN;
  }
}
