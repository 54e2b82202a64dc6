import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import { newScanner, type Token } from "./lexer.js";
import type { Action, AttachPoint, MapNode, Node, Statement, VariableNode } from "./tree.js";

/** levels are the binary operators from the loosest to the tightest, C's. */
const levels: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

const assignments: ReadonlySet<string> = new Set([
  "=",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "&=",
  "|=",
  "^=",
  "<<=",
  ">>=",
]);

/** integerTypes are the names that a cast to an integer may have. */
export const integerTypes: Readonly<
  Record<string, { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }>
> = {
  int8: { bits: 8, signed: true },
  int16: { bits: 16, signed: true },
  int32: { bits: 32, signed: true },
  int64: { bits: 64, signed: true },
  uint8: { bits: 8, signed: false },
  uint16: { bits: 16, signed: false },
  uint32: { bits: 32, signed: false },
  uint64: { bits: 64, signed: false },
  bool: { bits: 8, signed: false },
};

/** Stop ends the parsing of one action; the error was reported. */
class Stop extends Error {}

const depthLimit = 100;

/** parseScript reads a script into its actions; what is wrong is reported, and parsing goes on behind the block. */
export function parseScript(text: string, report: Reporter): Action[] {
  const scanner = newScanner(text, report);
  let token: Token = { kind: "end", text: "", start: 0, end: 0 };
  let last = 0;
  let depth = 0;
  let blocks = 0;

  const advance = (): Token => {
    const current = token;
    last = current.end;
    token = scanner.next();
    return current;
  };
  const is = (text_: string): boolean => token.kind === "operator" && token.text === text_;
  const isWord = (text_: string): boolean => token.kind === "word" && token.text === text_;
  const stop = (at: Range, message: string, hint?: string): never => {
    report.error("syntax", at.end > at.start ? at : { start: at.start, end: at.start + 1 }, message, hint);
    throw new Stop();
  };
  const shown = (): string => (token.kind === "end" ? "the end of the script" : `"${token.text}"`);
  const expect = (text_: string, where: string): Token =>
    is(text_) ? advance() : stop(token, `${shown()} where "${text_}" is needed ${where}`);
  const accept = (text_: string): boolean => {
    if (!is(text_)) return false;
    advance();
    return true;
  };
  const nested = <T>(work: () => T): T => {
    if (++depth > depthLimit) stop(token, "this is nested too deeply");
    try {
      return work();
    } finally {
      depth--;
    }
  };

  const list = (end: string, where: string): Node[] => {
    const items: Node[] = [];
    if (!is(end)) {
      do items.push(expression());
      while (accept(","));
    }
    expect(end, where);
    return items;
  };

  /** castType reads `(uint32)` or `(struct sock *)`; it looks ahead and goes back when these are parentheses. */
  const castType = (): { type: string; pointers: number } | undefined => {
    const begin = token;
    const back = (): undefined => {
      scanner.rewind(begin.end);
      token = begin;
      return undefined;
    };
    advance();
    let struct = false;
    if (token.kind === "word" && (token.text === "struct" || token.text === "union")) {
      struct = true;
      advance();
    }
    if (token.kind !== "word") return back();
    const name = token.text;
    advance();
    let pointers = 0;
    while (accept("*")) pointers++;
    if (!is(")") || !(struct || pointers > 0 || integerTypes[name] !== undefined)) return back();
    advance();
    return { type: name, pointers };
  };

  const primary = (): Node => {
    const at = token;
    if (at.kind === "number") {
      advance();
      return { kind: "number", value: at.value ?? 0n, start: at.start, end: at.end };
    }
    if (at.kind === "text") {
      advance();
      return { kind: "text", value: at.text, start: at.start, end: at.end };
    }
    if (at.kind === "variable") return variable();
    if (at.kind === "map") return map();
    if (at.kind === "positional") {
      advance();
      return {
        kind: "positional",
        index: at.text === "$#" ? 0 : Number(at.text.slice(1)),
        start: at.start,
        end: at.end,
      };
    }
    if (at.kind === "word") {
      advance();
      if (!accept("(")) return { kind: "word", name: at.text, start: at.start, end: at.end };
      const values = list(")", "to end the call");
      return { kind: "call", name: at.text, nameAt: at, arguments: values, start: at.start, end: last };
    }
    if (is("(")) {
      advance();
      const inner = expression();
      if (is(",")) stop(token, "tuples are only taken as keys: @x[a, b]", "keep the parts in two maps");
      expect(")", "to close the parenthesis");
      return { ...inner, start: at.start, end: last };
    }
    return stop(at, `${shown()} where a value is needed`);
  };

  const variable = (): VariableNode => {
    const at = advance();
    return { kind: "variable", name: at.text.slice(1), start: at.start, end: at.end };
  };
  const map = (): MapNode => {
    const at = advance();
    const keys = accept("[") ? list("]", "to end the key") : [];
    return { kind: "map", name: at.text, keys, start: at.start, end: last };
  };

  const postfix = (): Node => {
    let node = primary();
    for (;;) {
      if (is(".") || is("->")) {
        advance();
        const name = token;
        if (name.kind !== "word" && name.kind !== "number")
          stop(name, `${shown()} where a field's name is needed`);
        advance();
        node = {
          kind: "field",
          object: node,
          name: name.text,
          nameAt: name,
          start: node.start,
          end: name.end,
        };
      } else if (is("[")) {
        advance();
        const index = expression();
        expect("]", "to end the index");
        node = { kind: "index", object: node, index, start: node.start, end: last };
      } else if ((is("++") || is("--")) && (node.kind === "variable" || node.kind === "map")) {
        const operator = advance().text === "++" ? "++" : "--";
        node = { kind: "step", operator, before: false, target: node, start: node.start, end: last };
      } else return node;
    }
  };

  const unary = (): Node =>
    nested(() => {
      const at = token;
      if (is("(")) {
        const type = castType();
        if (type !== undefined) {
          const operand = unary();
          return { kind: "cast", ...type, operand, start: at.start, end: operand.end };
        }
      }
      if (is("++") || is("--")) {
        const operator = advance().text === "++" ? "++" : "--";
        const target = unary();
        if (target.kind !== "variable" && target.kind !== "map")
          return stop(at, `${operator} needs a variable or a map`);
        return { kind: "step", operator, before: true, target, start: at.start, end: target.end };
      }
      if (is("!") || is("~") || is("-") || is("*")) {
        const operator = advance().text;
        const operand = unary();
        return { kind: "unary", operator, operand, start: at.start, end: operand.end };
      }
      if (is("&"))
        return stop(at, "& takes no address in probes", "kernel structs are read through pointers: p->field");
      return postfix();
    });

  const binary = (level: number): Node => {
    const row = levels[level];
    if (row === undefined) return unary();
    let left = binary(level + 1);
    while (token.kind === "operator" && row.includes(token.text)) {
      const operator = advance().text;
      const right = binary(level + 1);
      left = { kind: "binary", operator, left, right, start: left.start, end: right.end };
    }
    return left;
  };

  const expression = (): Node =>
    nested(() => {
      const condition = binary(0);
      if (!accept("?")) return condition;
      const then = expression();
      expect(":", "between the two values of ?");
      const otherwise = expression();
      return { kind: "ternary", condition, then, otherwise, start: condition.start, end: otherwise.end };
    });

  const block = (): Statement[] =>
    nested(() => {
      expect("{", "to begin a block");
      blocks++;
      const body: Statement[] = [];
      while (!is("}")) {
        if (accept(";")) continue;
        if (token.kind === "end") stop(token, "this block has no end", 'close it with "}"');
        const one = statement();
        body.push(one);
        const blockish =
          one.kind === "if" || one.kind === "while" || one.kind === "unroll" || one.kind === "for";
        if (!is("}") && !accept(";") && !blockish)
          stop(token, `${shown()} where ";" or "}" is needed`, "statements are separated by ;");
      }
      blocks--;
      advance();
      return body;
    });

  const condition = (): Node => {
    expect("(", "before the condition");
    const value = expression();
    expect(")", "behind the condition");
    return value;
  };

  const ifStatement = (): Statement => {
    const at = advance();
    const test = condition();
    const then = block();
    let otherwise: Statement[] = [];
    if (isWord("else")) {
      advance();
      otherwise = isWord("if") ? [ifStatement()] : block();
    }
    return { kind: "if", condition: test, then, otherwise, start: at.start, end: last };
  };

  const forStatement = (): Statement => {
    const at = advance();
    expect("(", 'behind "for"');
    if (token.kind !== "variable")
      stop(token, `${shown()} where the loop's variable is needed`, "for ($i : 0..10) { … }");
    const name = variable();
    expect(":", "behind the loop's variable");
    if (token.kind === "map")
      stop(token, "loops over maps are not taken", "print the map, or count with for ($i : 0..10)");
    const from = binary(7);
    expect("..", "between the loop's bounds");
    const to = binary(7);
    expect(")", "behind the loop's bounds");
    return { kind: "for", variable: name, from, to, body: block(), start: at.start, end: last };
  };

  const statement = (): Statement => {
    const at = token;
    if (at.kind === "word") {
      if (at.text === "if") return ifStatement();
      if (at.text === "for") return forStatement();
      if (at.text === "while") {
        advance();
        const test = condition();
        return { kind: "while", condition: test, body: block(), start: at.start, end: last };
      }
      if (at.text === "unroll") {
        advance();
        const count = condition();
        return { kind: "unroll", count, body: block(), start: at.start, end: last };
      }
      if (at.text === "return" || at.text === "break" || at.text === "continue") {
        advance();
        return { kind: at.text, start: at.start, end: at.end };
      }
      if (at.text === "let") advance();
    }
    const value = expression();
    if (token.kind === "operator" && assignments.has(token.text)) {
      if (value.kind !== "variable" && value.kind !== "map")
        return stop(value, "only variables ($x) and maps (@x) can be assigned");
      const operator = advance().text;
      const given = expression();
      return { kind: "assign", operator, target: value, value: given, start: at.start, end: given.end };
    }
    return { kind: "expression", value, start: at.start, end: value.end };
  };

  const action = (): Action | undefined => {
    const points: AttachPoint[] = [];
    const begin = scanner.position;
    for (let more = true; more; ) {
      const point = scanner.attachPoint();
      if (point === undefined) {
        token = scanner.next();
        if (token.kind === "end" && points.length === 0) return undefined;
        return stop(
          token,
          `${shown()} where a probe is needed`,
          "e.g. tracepoint:syscalls:sys_enter_openat { @ = count(); }",
        );
      }
      if (
        point.text === "struct" ||
        point.text === "union" ||
        point.text === "enum" ||
        point.text.startsWith("#")
      )
        stop(
          point,
          `declarations (${point.text}) are not taken in scripts`,
          "kernel structs are known from BTF: (struct task_struct *)p",
        );
      if (point.text === "config" || point.text === "import" || point.text === "macro" || point.text === "fn")
        stop(point, `"${point.text}" is not taken in scripts`);
      points.push({ text: point.text, start: point.start, end: point.end });
      token = scanner.next();
      more = is(",");
      if (more) last = token.end;
    }
    let predicate: Node | undefined;
    if (is("/")) {
      advance();
      predicate = expression();
      if (token.kind !== "endpred") stop(token, `${shown()} where the "/" that ends the predicate is needed`);
      advance();
    }
    if (!is("{"))
      stop(token, `${shown()} where the probe's block is needed`, "PROBE /predicate/ { statements }");
    const body = blockThenRewind();
    return { points, predicate, body, start: begin, end: last };
  };

  /** The token behind a block is a probe's name, which only attachPoint reads right: the scanner goes back to it. */
  const blockThenRewind = (): Statement[] => {
    const body = block();
    scanner.rewind(last);
    return body;
  };

  const actions: Action[] = [];
  for (;;) {
    try {
      depth = 0;
      blocks = 0;
      const one = action();
      if (one === undefined) return actions;
      actions.push(one);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      // What follows the broken block may be right; without the end of a block nothing can be told.
      let open = blocks;
      for (let ended = false; token.kind !== "end" && !ended; ) {
        if (is("{")) open++;
        else if (is("}")) ended = --open <= 0;
        last = token.end;
        token = scanner.next();
      }
      if (token.kind === "end") return actions;
      scanner.rewind(last);
    }
  }
}
