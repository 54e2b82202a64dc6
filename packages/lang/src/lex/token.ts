import type { Range } from "../source/file.js";

/** TokenKind is what a token is; operators and keywords are their own kind by `text`. */
export type TokenKind = "name" | "keyword" | "integer" | "character" | "string" | "operator" | "end";

/** Token is one token. Inserted semicolons are operators ";" with the text "\n". */
export interface Token extends Range {
  readonly kind: TokenKind;
  /** text is the operator or keyword, a name, or the decoded value of a string. */
  readonly text: string;
  readonly value?: bigint | undefined;
  readonly line: number;
  /** column counts from 0: declarations begin at 0 as gofmt writes them, which recovery from mistakes goes by. */
  readonly column: number;
}

/** Attribute is `@name:rest`, `@name(args)` or `//go:name rest` in a comment or on a line of its own. */
export interface Attribute extends Range {
  readonly name: string;
  /** rest is all behind the name: `sock:inet_sock_set_state`, `4`, `program=kprobe func="x"`. */
  readonly rest: string;
  readonly line: number;
}

/** keywords of Go; those BPF has no meaning for are refused by the parser with a reason. */
export const keywords: ReadonlySet<string> = new Set(
  (
    "break case chan const continue default defer else fallthrough for func go goto if import " +
    "interface map package range return select struct switch type var"
  ).split(" "),
);

/** operators, longest first, so that the first that matches is the token. */
export const operators: readonly string[] = (
  "<<= >>= &^= ... && || <- ++ -- == != <= >= := += -= *= /= %= &= |= ^= << >> &^ :: " +
  "+ - * / % & | ^ < > = ! ( ) [ ] { } , ; . : ~"
).split(" ");
