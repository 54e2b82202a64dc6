import type { Expr, FieldNode, Identifier, Parameter, Signature } from "./ast.js";
import type { Cursor } from "./cursor.js";
import { type Refusal, refusedForms, refusedTypes, skipBrackets } from "./refused.js";

/** ExpressionParser parses an expression; its file gives it, as array types hold lengths. */
type ExpressionParser = (cursor: Cursor) => Expr;

let expressionParser: ExpressionParser | undefined;

/** setExpressionParser joins types to expressions, which hold types in turn. */
export function setExpressionParser(parser: ExpressionParser): void {
  expressionParser = parser;
}

function parseLength(cursor: Cursor): Expr {
  if (expressionParser === undefined) throw new Error("the expression parser is not joined");
  return expressionParser(cursor);
}

/** bad reports what was wanted, and stands where it should be. */
export function bad(cursor: Cursor, wanted: string): Expr {
  const { start, end } = cursor.token();
  cursor.unexpected(wanted);
  return { kind: "bad", id: cursor.id(), start, end };
}

/** withComposite allows or forbids literals with braces inside. */
export function withComposite<T>(cursor: Cursor, allowed: boolean, inner: (cursor: Cursor) => T): T {
  const before = cursor.compositeAllowed;
  cursor.compositeAllowed = allowed;
  const result = inner(cursor);
  cursor.compositeAllowed = before;
  return result;
}

/** list parses items up to a closing token, which it takes; a comma may end it. */
export function list<T>(cursor: Cursor, close: string, item: (cursor: Cursor) => T): T[] {
  const items: T[] = [];
  const composite = cursor.compositeAllowed;
  cursor.compositeAllowed = true;
  while (!cursor.is(close) && cursor.token().kind !== "end" && !cursor.failed) {
    items.push(item(cursor));
    if (!cursor.accept(",")) break;
  }
  cursor.compositeAllowed = composite;
  cursor.expect(close, "at the end of the list");
  return items;
}

/** parseType parses a type; types are expressions. */
export function parseType(cursor: Cursor): Expr {
  const token = cursor.token();
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
      const refusal = token.kind === "keyword" ? refusedTypes[token.text] : undefined;
      if (refusal !== undefined || cursor.is("<-"))
        return refusedType(cursor, refusal ?? refusedForms.receive);
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

/** refusedType reads over a type that BPF cannot have, whole, so that one mistake is told once. */
function refusedType(cursor: Cursor, refusal: Refusal): Expr {
  const { text, start } = cursor.next();
  if (text === "map") {
    cursor.expect("[", "behind map");
    parseType(cursor);
    cursor.expect("]", "behind the key's type");
    parseType(cursor);
  } else if (text === "interface") skipBrackets(cursor);
  else if (text === "func") parseSignature(cursor);
  else {
    cursor.accept("chan");
    cursor.accept("<-");
    parseType(cursor);
  }
  return { kind: "refused", refusal, ...cursor.span(start) };
}

function arrayType(cursor: Cursor): Expr {
  const { start } = cursor.next();
  let length: Expr | "..." | undefined;
  if (cursor.accept("...")) length = "...";
  else if (!cursor.is("]")) length = withComposite(cursor, true, parseLength);
  cursor.expect("]", "behind the array's length");
  const element = parseType(cursor);
  return { kind: "array-type", length, element, ...cursor.span(start) };
}

function structType(cursor: Cursor): Expr {
  const { start } = cursor.next();
  const fields: FieldNode[] = [];
  cursor.expect("{", "behind struct");
  while (!cursor.is("}") && cursor.token().kind !== "end") {
    const before = cursor.token();
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
    const tag = cursor.token().kind === "string" ? cursor.next().text : undefined;
    fields.push({ names, type, tag, ...cursor.span(at) });
    cursor.semicolon("behind the field");
    if (cursor.token() === before) cursor.next();
  }
  cursor.attributesBefore(cursor.token().start);
  cursor.expect("}", "behind the fields");
  return { kind: "struct-type", fields, ...cursor.span(start) };
}

/** parseSignature parses `(a, b T, c U) R`. */
export function parseSignature(cursor: Cursor): Signature {
  const { start } = cursor.token();
  cursor.expect("(", "behind func");
  const parameters: Parameter[] = [];
  let pending: Identifier[] = [];
  while (!cursor.is(")") && cursor.token().kind !== "end" && !cursor.failed) {
    const at = cursor.token().start;
    const named =
      cursor.token().kind === "name" && cursor.peek(1).text !== "." && cursor.peek(1).text !== "::";
    if (named && (cursor.peek(1).text === "," || cursor.peek(1).text === ")")) {
      pending.push(cursor.identifier("a parameter"));
    } else {
      const name = named && cursor.peek(1).text !== "[" ? cursor.identifier("a parameter") : undefined;
      const nameBeforeArray = name === undefined && named ? cursor.identifier("a parameter") : name;
      const dots = cursor.token();
      const variadic = cursor.accept("...");
      const plain = parseType(cursor);
      const type: Expr = variadic
        ? { kind: "refused", refusal: refusedForms.variadic, ...cursor.span(dots.start) }
        : plain;
      const names = nameBeforeArray === undefined ? [undefined] : [...pending, nameBeforeArray];
      for (const each of names) parameters.push({ name: each, type, ...cursor.span(each?.start ?? at) });
      pending = [];
    }
    if (!cursor.accept(",")) break;
  }
  // Names without a type behind them are types of unnamed parameters.
  for (const each of pending)
    parameters.push({ name: undefined, type: asType(each), ...cursor.span(each.start) });
  cursor.expect(")", "behind the parameters");
  return { parameters, ...results(cursor), ...cursor.span(start) };
}

/** results parses a function's results: nothing, a type, or a list in parentheses, named or not. */
function results(cursor: Cursor): Pick<Signature, "result" | "results"> {
  const { start } = cursor.token();
  if (!cursor.accept("(")) {
    const more = ["*", "[", "struct", "map", "chan", "interface", "func", "<-"].some((each) =>
      cursor.is(each),
    );
    return { result: cursor.token().kind === "name" || more ? parseType(cursor) : undefined, results: [] };
  }
  const names: Identifier[] = [];
  const types: Expr[] = [];
  let pending: Identifier[] = [];
  while (!cursor.is(")") && cursor.token().kind !== "end" && !cursor.failed) {
    const after = cursor.peek(1);
    const alone = after.text === "," || after.text === ")";
    if (cursor.token().kind === "name" && alone) pending.push(cursor.identifier("a result"));
    else {
      const named = cursor.token().kind === "name" && after.text !== "." && after.text !== "::";
      if (named) pending.push(cursor.identifier("a result's name"));
      const type = parseType(cursor);
      names.push(...pending);
      types.push(...(named ? pending.map(() => type) : [...pending.map(asType), type]));
      pending = [];
    }
    if (!cursor.accept(",")) break;
  }
  types.push(...pending.map(asType));
  cursor.expect(")", "behind the results");
  const [first] = types;
  const result: Expr | undefined =
    types.length < 2 ? first : { kind: "tuple", members: types, ...cursor.span(start) };
  return { result, results: names.length === types.length ? names : [] };
}

const asType = (name: Identifier): Expr => ({ kind: "name", ...name });
