import type { BlockStmt, Element, Expr, FieldNode, Identifier, Parameter, Signature } from "./ast.js";
import { type Cursor, describe } from "./cursor.js";

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

/** unsupportedTypes are Go's types that need a heap or a run-time, with what to use instead. */
const unsupportedTypes: Readonly<Record<string, string>> = {
  map: "use bpf.Hash[K, V](n) as a package variable",
  chan: "use bpf.RingBuf[T](bytes) to send data to user space",
  interface: "use a concrete type",
};

/** BodyParser parses a block; the statement parser gives it, as function literals have bodies. */
export type BodyParser = (cursor: Cursor) => BlockStmt;

function bad(cursor: Cursor, wanted: string): Expr {
  const { start, end } = cursor.token;
  cursor.unexpected(wanted);
  return { kind: "bad", id: cursor.id(), start, end };
}

/** parseType parses a type; types are expressions. */
export function parseType(cursor: Cursor): Expr {
  const { token } = cursor;
  return cursor.nested(
    token,
    () => {
      if (cursor.accept("*")) {
        const operand = parseType(cursor);
        return { kind: "star", operand, ...cursor.span(token.start) };
      }
      if (cursor.accept("(")) {
        const inner = parseType(cursor);
        cursor.expect(")", "behind the type");
        return { kind: "paren", inner, ...cursor.span(token.start) };
      }
      if (cursor.is("[")) return arrayType(cursor);
      if (cursor.is("struct")) return structType(cursor);
      const instead = token.kind === "keyword" ? unsupportedTypes[token.text] : undefined;
      if (instead !== undefined) {
        cursor.report.error(
          "unsupported",
          token,
          `${token.text} types do not exist in BPF programs`,
          instead,
        );
        cursor.failed = true;
        return bad(cursor, "a type");
      }
      if (token.kind !== "name") return bad(cursor, "a type");
      cursor.next();
      let type: Expr = {
        kind: "name",
        name: token.text,
        id: cursor.id(),
        start: token.start,
        end: token.end,
      };
      while (cursor.is(".") || cursor.is("::")) {
        cursor.next();
        const name = cursor.member();
        type = { kind: "selector", object: type, name, ...cursor.span(token.start) };
      }
      if (cursor.is("[")) {
        cursor.next();
        const indices = list(cursor, "]", parseType);
        type = { kind: "index", object: type, indices, ...cursor.span(token.start) };
      }
      return type;
    },
    { kind: "bad", id: cursor.id(), start: token.start, end: token.end },
  );
}

function arrayType(cursor: Cursor): Expr {
  const { start } = cursor.next();
  let length: Expr | "..." | undefined;
  if (cursor.accept("...")) length = "...";
  else if (!cursor.is("]")) length = withComposite(cursor, true, parseExpression);
  cursor.expect("]", "behind the array's length");
  const element = parseType(cursor);
  return { kind: "array-type", length, element, ...cursor.span(start) };
}

function structType(cursor: Cursor): Expr {
  const { start } = cursor.next();
  const fields: FieldNode[] = [];
  cursor.expect("{", "behind struct");
  while (!cursor.is("}") && cursor.token.kind !== "end") {
    const before = cursor.token;
    const at = before.start;
    const names: Identifier[] = [];
    // An embedded field is a type alone: its name is the type's last name.
    const embedded =
      cursor.is("*") ||
      cursor.peek(1).text === ";" ||
      cursor.peek(1).text === "." ||
      cursor.peek(1).text === "}";
    if (!embedded) {
      do names.push(cursor.identifier("a field's name"));
      while (cursor.accept(","));
    }
    const type = parseType(cursor);
    const tag = cursor.token.kind === "string" ? cursor.next().text : undefined;
    fields.push({ names, type, tag, ...cursor.span(at) });
    cursor.semicolon("behind the field");
    if (cursor.token === before) cursor.next();
  }
  cursor.attributesBefore(cursor.token.start);
  cursor.expect("}", "behind the fields");
  return { kind: "struct-type", fields, ...cursor.span(start) };
}

/** list parses items up to a closing token, which it takes; a comma may end it. */
function list<T>(cursor: Cursor, close: string, item: (cursor: Cursor) => T): T[] {
  const items: T[] = [];
  const composite = cursor.compositeAllowed;
  cursor.compositeAllowed = true;
  while (!cursor.is(close) && cursor.token.kind !== "end" && !cursor.failed) {
    items.push(item(cursor));
    if (!cursor.accept(",")) break;
  }
  cursor.compositeAllowed = composite;
  cursor.expect(close, "at the end of the list");
  return items;
}

/** parseSignature parses `(a, b T, c U) R`. */
export function parseSignature(cursor: Cursor): Signature {
  const { start } = cursor.token;
  cursor.expect("(", "behind func");
  const parameters: Parameter[] = [];
  let pending: Identifier[] = [];
  while (!cursor.is(")") && cursor.token.kind !== "end" && !cursor.failed) {
    const at = cursor.token.start;
    const named = cursor.token.kind === "name" && cursor.peek(1).text !== "." && cursor.peek(1).text !== "::";
    if (named && (cursor.peek(1).text === "," || cursor.peek(1).text === ")")) {
      pending.push(cursor.identifier("a parameter"));
    } else {
      const name = named && cursor.peek(1).text !== "[" ? cursor.identifier("a parameter") : undefined;
      const nameBeforeArray = name === undefined && named ? cursor.identifier("a parameter") : name;
      const type = parseType(cursor);
      const names = nameBeforeArray === undefined ? [undefined] : [...pending, nameBeforeArray];
      for (const each of names) parameters.push({ name: each, type, ...cursor.span(each?.start ?? at) });
      pending = [];
    }
    if (!cursor.accept(",")) break;
  }
  // Names without a type behind them are types of unnamed parameters.
  for (const { name, ...range } of pending) {
    parameters.push({ name: undefined, type: { kind: "name", name, ...range }, ...cursor.span(range.start) });
  }
  cursor.expect(")", "behind the parameters");
  let result: Expr | undefined;
  if (cursor.is("(")) {
    cursor.next();
    const results = list(cursor, ")", parseType);
    result = results[0];
    const second = results[1];
    if (second !== undefined) {
      cursor.report.error("unsupported", second, "a function has at most one result", "return a struct");
    }
  } else if (cursor.token.kind === "name" || cursor.is("*") || cursor.is("[") || cursor.is("struct")) {
    result = parseType(cursor);
  }
  return { parameters, result, ...cursor.span(start) };
}

function withComposite<T>(cursor: Cursor, allowed: boolean, inner: (cursor: Cursor) => T): T {
  const before = cursor.compositeAllowed;
  cursor.compositeAllowed = allowed;
  const result = inner(cursor);
  cursor.compositeAllowed = before;
  return result;
}

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
  const { start } = cursor.token;
  const elements = literalValue(cursor);
  return { kind: "composite", type: undefined, elements, ...cursor.span(start) };
}

function operand(cursor: Cursor): Expr {
  const { token } = cursor;
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
  if (cursor.is("map") || cursor.is("chan") || cursor.is("interface")) return parseType(cursor);
  return bad(cursor, "an expression");
}

function parseExpressionOrType(cursor: Cursor): Expr {
  return cursor.is("struct") || cursor.is("map") || cursor.is("chan")
    ? parseType(cursor)
    : parseExpression(cursor);
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
    if (cursor.accept(",")) indices.push(...list(cursor, "]", parseType));
    else cursor.expect("]", "behind the index");
    return { kind: "index", object, indices, ...cursor.span(start) };
  });
}

function primary(cursor: Cursor): Expr {
  const { start } = cursor.token;
  let expr = operand(cursor);
  while (!cursor.failed) {
    if (cursor.is(".") || cursor.is("::")) {
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
  const { token } = cursor;
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
      if (token.kind === "operator" && (token.text === "<-" || token.text === "~")) {
        cursor.report.error(
          "unsupported",
          token,
          `${describe(token)} does not exist here`,
          token.text === "~" ? "write ^x for the complement" : "BPF has no channels",
        );
        cursor.failed = true;
        return bad(cursor, "an expression");
      }
      return primary(cursor);
    },
    nothing,
  );
}

function binary(cursor: Cursor, least: number): Expr {
  const { start } = cursor.token;
  let left = unary(cursor);
  while (cursor.token.kind === "operator" && !cursor.failed) {
    const operator = cursor.token.text;
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
