import { syntaxError } from "./errors.js";
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

  /** token is the next one. */
  get token(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.error(this.#text.length, "unexpected end");
    return token;
  }

  /** skip takes the next token, whatever it is. */
  skip(): void {
    this.#at++;
  }

  /** is tells whether such a token is next. */
  is(kind: Token["kind"], text?: string): boolean {
    return this.token.kind === kind && (text === undefined || this.token.text === text);
  }

  /** take takes a mark when it is next. */
  take(mark: string): boolean {
    const found = this.is("mark", mark);
    if (found) this.#at++;
    return found;
  }

  /** expect takes a mark, or throws. */
  expect(mark: string): void {
    if (!this.take(mark)) throw this.unexpected(JSON.stringify(mark));
  }

  /** error makes an error about a place. */
  error(start: number, why: string): Error {
    return syntaxError(this.#text, start, `syntax error: ${why}`);
  }

  /** unexpected says what stands where something else was wanted. */
  unexpected(wanted: string): Error {
    const { start, end, kind } = this.token;
    const what = kind === "end" ? "end of the expression" : JSON.stringify(this.#text.slice(start, end));
    return this.error(start, `unexpected ${what}, expected ${wanted}`);
  }

  /** deeper bounds nesting. */
  deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX)
      throw syntaxError(this.#text, this.token.start, `nested deeper than ${DEPTH_MAX}`);
    const result = read();
    this.#depth--;
    return result;
  }
}
