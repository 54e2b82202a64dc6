import type { Cursor } from "./cursor.js";
import { type ExpressionParser, newExpressionParser } from "./parse-expression.js";
import { typeName } from "./parse-type.js";
import type { BlockNode, Node, Statement } from "./tree.js";

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

/** StatementParser reads blocks, and the expressions in them. */
export interface StatementParser extends ExpressionParser {
  /** statements reads a block in braces. */
  statements(): Statement[];
  /** block reads a block whose last expression, without a semicolon, is its value. */
  block(): BlockNode;
}

const isBlockish = (node: Statement): boolean =>
  node.kind === "if" ||
  node.kind === "while" ||
  node.kind === "unroll" ||
  node.kind === "for" ||
  node.kind === "each" ||
  (node.kind === "expression" && (node.value.kind === "block" || node.value.kind === "conditional"));

/** newStatementParser reads from a cursor. */
export function newStatementParser(cursor: Cursor): StatementParser {
  const block = (): BlockNode =>
    cursor.nested(() => {
      const at = cursor.expect("{", "to begin a block");
      const body: Statement[] = [];
      let value: Node | undefined;
      while (!cursor.is("}")) {
        if (cursor.accept(";")) continue;
        if (cursor.token().kind === "end")
          cursor.stop(
            cursor.token(),
            "syntax error, unexpected end of file, expecting }",
            "this block has no end",
          );
        const one = statement();
        body.push(one);
        if (cursor.is("}")) {
          if (one.kind === "expression") {
            value = one.value;
            body.pop();
          }
          break;
        }
        if (!cursor.accept(";") && !isBlockish(one))
          cursor.stop(
            cursor.token(),
            `syntax error, unexpected ${cursor.shown()}, expecting ; or }`,
            "statements are separated by ;",
          );
      }
      cursor.advance();
      return { kind: "block", body, value, start: at.start, end: cursor.last() };
    });
  const parser = newExpressionParser(cursor, block);
  const { expression, unary, variable } = parser;

  const statements = (): Statement[] => {
    const { body, value } = block();
    return value === undefined
      ? [...body]
      : [...body, { kind: "expression", value, start: value.start, end: value.end }];
  };

  const ifStatement = (): Statement => {
    const at = cursor.advance();
    if (cursor.isWord("comptime")) cursor.advance();
    const test = expression();
    const taken = block();
    let otherwise: BlockNode | undefined;
    let elseIf: Statement[] | undefined;
    if (cursor.isWord("else")) {
      cursor.advance();
      if (cursor.isWord("if")) elseIf = [ifStatement()];
      else otherwise = block();
    }
    const listOf = (of: BlockNode | undefined): Statement[] =>
      of === undefined
        ? []
        : of.value === undefined
          ? [...of.body]
          : [...of.body, { kind: "expression", value: of.value, start: of.value.start, end: of.value.end }];
    const range = { start: at.start, end: cursor.last() };
    // With a value in both branches at a block's end it may be the value of that block.
    if (taken.value !== undefined && otherwise?.value !== undefined && cursor.is("}"))
      return {
        kind: "expression",
        value: { kind: "conditional", condition: test, taken, otherwise, ...range },
        ...range,
      };
    return {
      kind: "if",
      condition: test,
      taken: listOf(taken),
      otherwise: elseIf ?? listOf(otherwise),
      ...range,
    };
  };

  const forStatement = (): Statement => {
    const at = cursor.advance();
    const isWrapped = cursor.accept("(");
    if (cursor.token().kind !== "variable")
      cursor.stop(
        cursor.token(),
        `syntax error, unexpected ${cursor.shown()}, expecting variable`,
        "for ($i : 0..10) { … }, for ($kv : @map) { … }",
      );
    const name = variable();
    cursor.expect(":", "behind the loop's variable");
    const from = unary();
    if (cursor.accept("..")) {
      const to = unary();
      if (isWrapped) cursor.expect(")", "behind the loop's bounds");
      const body = statements();
      return { kind: "for", variable: name, from, to, body, start: at.start, end: cursor.last() };
    }
    if (from.kind !== "map" || from.keys.length > 0)
      return cursor.stop(
        from,
        "a loop goes over a map or a range",
        "for ($i : 0..10) { … }, for ($kv : @map) { … }",
      );
    if (isWrapped) cursor.expect(")", "behind the map");
    return {
      kind: "each",
      variable: name,
      map: from,
      body: statements(),
      start: at.start,
      end: cursor.last(),
    };
  };

  const letStatement = (): Statement => {
    const at = cursor.advance();
    if (cursor.token().kind !== "variable")
      cursor.stop(
        cursor.token(),
        `syntax error, unexpected ${cursor.shown()}, expecting variable`,
        "let $x = 1;",
      );
    const target = variable();
    const type = cursor.accept(":") ? typeName(cursor, expression) : undefined;
    const value = cursor.accept("=") ? expression() : undefined;
    return { kind: "let", target, type, value, start: at.start, end: cursor.last() };
  };

  const statement = (): Statement => {
    const at = cursor.token();
    if (at.kind === "word") {
      if (at.text === "if") return ifStatement();
      if (at.text === "for") return forStatement();
      if (at.text === "let") return letStatement();
      if (at.text === "while") {
        cursor.advance();
        const test = expression();
        return { kind: "while", condition: test, body: statements(), start: at.start, end: cursor.last() };
      }
      if (at.text === "unroll") {
        cursor.advance();
        const count = expression();
        return { kind: "unroll", count, body: statements(), start: at.start, end: cursor.last() };
      }
      if (at.text === "break" || at.text === "continue") {
        cursor.advance();
        return { kind: at.text, start: at.start, end: at.end };
      }
      if (at.text === "return") {
        cursor.advance();
        const value = cursor.is(";") || cursor.is("}") ? undefined : expression();
        return { kind: "return", value, start: at.start, end: cursor.last() };
      }
      if (at.text === "_" && cursor.peek(1).text === "=") {
        cursor.advance();
        cursor.advance();
        const value = expression();
        return { kind: "discard", value, start: at.start, end: cursor.last() };
      }
    }
    const value = expression();
    const token = cursor.token();
    if (token.kind === "operator" && assignments.has(token.text)) {
      if (value.kind !== "variable" && value.kind !== "map")
        return cursor.stop(value, "only variables ($x) and maps (@x) can be assigned");
      const operator = cursor.advance().text;
      const given = expression();
      return { kind: "assign", operator, target: value, value: given, start: at.start, end: given.end };
    }
    return { kind: "expression", value, start: at.start, end: value.end };
  };

  return { ...parser, statements, block };
}
