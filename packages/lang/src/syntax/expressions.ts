import type { BlockStmt, Element, Expr } from "./ast.js";
import type { Cursor } from "./cursor.js";
import { refusedForms, skipBrackets } from "./refused.js";
import { bad, list, parseSignature, parseType, setExpressionParser, withComposite } from "./types.js";

/** precedence of Go's binary operators (Go spec, "Operator precedence"). */
const precedence: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 3,
  "<=": 3,
  ">": 3,
  ">=": 3,
  "+": 4,
  "-": 4,
  "|": 4,
  "^": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  "<<": 5,
  ">>": 5,
  "&": 5,
  "&^": 5,
};

const unaryOperators: ReadonlySet<string> = new Set(["+", "-", "!", "^", "&"]);

/** BodyParser parses a block; the statement parser gives it, as function literals have bodies. */
export type BodyParser = (cursor: Cursor) => BlockStmt;

/** parseHeader parses the expression of a statement's header, where `{` opens the body. */
export function parseHeader<T>(cursor: Cursor, inner: (cursor: Cursor) => T): T {
  return withComposite(cursor, false, inner);
}

let bodyParser: BodyParser | undefined;

/** setBodyParser joins the two halves of the recursion (expressions hold bodies, bodies hold expressions). */
export function setBodyParser(parser: BodyParser): void {
  bodyParser = parser;
}

function literalValue(cursor: Cursor): Element[] {
  cursor.expect("{", "of the literal");
  return list(cursor, "}", () => {
    const first = elementValue(cursor);
    if (!cursor.accept(":")) return { key: undefined, value: first };
    return { key: first, value: elementValue(cursor) };
  });
}

function elementValue(cursor: Cursor): Expr {
  if (!cursor.is("{")) return parseExpression(cursor);
  const { start } = cursor.token();
  const elements = literalValue(cursor);
  return { kind: "composite", type: undefined, elements, ...cursor.span(start) };
}

function operand(cursor: Cursor): Expr {
  const token = cursor.token();
  const range = { start: token.start, end: token.end };
  if (token.kind === "name") {
    cursor.next();
    return { kind: "name", name: token.text, id: cursor.id(), ...range };
  }
  if (token.kind === "integer" || token.kind === "character") {
    cursor.next();
    const character = token.kind === "character";
    return { kind: "integer", value: token.value ?? 0n, character, id: cursor.id(), ...range };
  }
  if (token.kind === "string") {
    cursor.next();
    return { kind: "string", value: token.text, id: cursor.id(), ...range };
  }
  if (cursor.accept("(")) {
    const inner = withComposite(cursor, true, parseExpressionOrType);
    cursor.expect(")", "behind the expression");
    return { kind: "paren", inner, ...cursor.span(token.start) };
  }
  if (cursor.is("[") || cursor.is("struct")) {
    const type = parseType(cursor);
    if (!cursor.is("{")) return type;
    const elements = literalValue(cursor);
    return { kind: "composite", type, elements, ...cursor.span(token.start) };
  }
  if (cursor.is("func")) {
    cursor.next();
    const signature = parseSignature(cursor);
    if (bodyParser === undefined) throw new Error("the statement parser is not joined");
    const parse = bodyParser;
    const body = withComposite(cursor, true, () => parse(cursor));
    return { kind: "function", signature, body, ...cursor.span(token.start) };
  }
  if (cursor.is("map") || cursor.is("chan") || cursor.is("interface")) {
    const type = parseType(cursor);
    if (cursor.is("{")) skipBrackets(cursor);
    return type;
  }
  return bad(cursor, "an expression");
}

function parseExpressionOrType(cursor: Cursor): Expr {
  return cursor.is("struct") || cursor.is("map") || cursor.is("chan")
    ? parseType(cursor)
    : parseExpression(cursor);
}

/** typeArgument is a type, or a map with its size: what a map of maps holds. */
function typeArgument(cursor: Cursor): Expr {
  const { start } = cursor.token();
  const type = parseType(cursor);
  if (!cursor.is("(")) return type;
  cursor.next();
  const args = list(cursor, ")", parseExpression);
  return { kind: "call", callee: type, arguments: args, ...cursor.span(start) };
}

/** couldBeType: only names and instantiations can stand before a composite literal's brace. */
function couldBeType(expr: Expr): boolean {
  if (expr.kind === "name") return true;
  if (expr.kind === "selector") return couldBeType(expr.object);
  return expr.kind === "index" && couldBeType(expr.object);
}

function subscript(cursor: Cursor, object: Expr, start: number): Expr {
  cursor.next();
  return withComposite(cursor, true, () => {
    const low = cursor.is(":") ? undefined : parseExpressionOrType(cursor);
    if (cursor.accept(":")) {
      const high = cursor.is("]") ? undefined : parseExpression(cursor);
      cursor.expect("]", "behind the range");
      return { kind: "slice", object, low, high, ...cursor.span(start) };
    }
    const indices = low === undefined ? [] : [low];
    if (cursor.accept(",")) indices.push(...list(cursor, "]", typeArgument));
    else cursor.expect("]", "behind the index");
    return { kind: "index", object, indices, ...cursor.span(start) };
  });
}

function primary(cursor: Cursor): Expr {
  const { start } = cursor.token();
  let expr = operand(cursor);
  while (!cursor.failed) {
    if (cursor.is(".") && cursor.peek(1).text === "(") {
      cursor.next();
      skipBrackets(cursor);
      expr = { kind: "refused", refusal: refusedForms.assertion, ...cursor.span(start) };
    } else if (cursor.is(".") || cursor.is("::")) {
      cursor.next();
      const name = cursor.member();
      expr = { kind: "selector", object: expr, name, ...cursor.span(start) };
    } else if (cursor.is("[")) expr = subscript(cursor, expr, start);
    else if (cursor.accept("(")) {
      const found = list(cursor, ")", parseExpressionOrType);
      expr = { kind: "call", callee: expr, arguments: found, ...cursor.span(start) };
    } else if (cursor.is("{") && cursor.compositeAllowed && couldBeType(expr)) {
      const elements = literalValue(cursor);
      expr = { kind: "composite", type: expr, elements, ...cursor.span(start) };
    } else break;
  }
  return expr;
}

function unary(cursor: Cursor): Expr {
  const token = cursor.token();
  const nothing: Expr = { kind: "bad", id: cursor.id(), start: token.start, end: token.end };
  return cursor.nested(
    token,
    () => {
      if (token.kind === "operator" && cursor.accept("*")) {
        const inner = unary(cursor);
        return { kind: "star", operand: inner, ...cursor.span(token.start) };
      }
      if (token.kind === "operator" && unaryOperators.has(token.text)) {
        cursor.next();
        const inner = unary(cursor);
        return { kind: "unary", operator: token.text, operand: inner, ...cursor.span(token.start) };
      }
      if (cursor.accept("<-")) {
        unary(cursor);
        return { kind: "refused", refusal: refusedForms.receive, ...cursor.span(token.start) };
      }
      if (cursor.is("~")) {
        const hint = "write ^x for the complement";
        cursor.report.error("syntax", token, "~ is no operator of Go", hint);
        cursor.failed = true;
        return bad(cursor, "an expression");
      }
      return primary(cursor);
    },
    nothing,
  );
}

function binary(cursor: Cursor, least: number): Expr {
  const { start } = cursor.token();
  let left = unary(cursor);
  while (cursor.token().kind === "operator" && !cursor.failed) {
    const operator = cursor.token().text;
    const level = precedence[operator];
    if (level === undefined || level < least) break;
    cursor.next();
    const right = binary(cursor, level + 1);
    left = { kind: "binary", operator, left, right, ...cursor.span(start) };
  }
  return left;
}

/** parseExpression parses one expression. */
export function parseExpression(cursor: Cursor): Expr {
  return binary(cursor, 1);
}

setExpressionParser(parseExpression);
