import type { Attribute } from "../lex/token.js";
import type {
  BlockStmt,
  CaseClause,
  Expr,
  ForStmt,
  Identifier,
  IfStmt,
  RangeStmt,
  Stmt,
  SwitchStmt,
} from "./ast.js";
import { parseConst, parseTypeDecl, parseVar } from "./bindings.js";
import type { Cursor } from "./cursor.js";
import { parseExpression, parseHeader, setBodyParser } from "./expressions.js";
import { refusedForms, refusedStatements } from "./refused.js";

const assignments: ReadonlySet<string> = new Set([
  "=",
  ":=",
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
  "&^=",
]);

/** parseBlock parses `{ statements }`. */
export function parseBlock(cursor: Cursor): BlockStmt {
  const { start, line } = cursor.token();
  if (!cursor.expect("{", "to open the body")) return { kind: "block", body: [], ...cursor.span(start) };
  const body = statements(cursor);
  cursor.expect("}", "to close the body", `the { of line ${line} has no }, or one inside it has none`);
  return { kind: "block", body, ...cursor.span(start) };
}

setBodyParser(parseBlock);

function statements(cursor: Cursor, inSwitch = false): Stmt[] {
  const body: Stmt[] = [];
  const isCase = (): boolean => cursor.is("case") || cursor.is("default");
  while (!cursor.is("}") && !(inSwitch && isCase()) && cursor.token().kind !== "end") {
    if (isCase()) {
      // The switch's own brace was lost before: its cases are no further mistakes.
      if (!cursor.stray) cursor.unexpected("a statement");
      cursor.skipTo([":", "}"]);
      cursor.accept(":");
      continue;
    }
    // A function with a name begins: the one around it lacks its end.
    if (cursor.is("func") && cursor.peek(1).kind === "name") break;
    if (cursor.accept(";")) continue;
    if (cursor.is("fallthrough") && cursor.peek(1).text === ";") {
      const after = cursor.peek(2).text;
      if (after === "case" || after === "default" || after === "}") break;
    }
    const before = cursor.token();
    const statement = parseStatement(cursor, undefined);
    if (statement !== undefined) body.push(statement);
    cursor.semicolon("behind the statement");
    if (cursor.token() === before) cursor.next();
  }
  return body;
}

function parseStatement(cursor: Cursor, label: string | undefined): Stmt | undefined {
  const token = cursor.token();
  return cursor.nested<Stmt | undefined>(token, () => statement(cursor, label), undefined);
}

function statement(cursor: Cursor, label: string | undefined): Stmt | undefined {
  const token = cursor.token();
  const attributes = cursor.attributesBefore(token.start);
  if (attributes.length > 0 && token.text !== "for") {
    for (const attribute of attributes) {
      cursor.report.error(
        "misplaced",
        attribute,
        `@${attribute.name} has no meaning here`,
        "put it before a function, a variable or a for loop",
      );
    }
  }
  if (token.kind === "keyword") return keywordStatement(cursor, label, attributes);
  if (cursor.is("{")) return parseBlock(cursor);
  if (token.kind === "name" && cursor.peek(1).text === ":" && cursor.peek(1).kind === "operator") {
    cursor.next();
    cursor.next();
    while (cursor.accept(";"));
    return parseStatement(cursor, token.text);
  }
  return simpleStatement(cursor);
}

function keywordStatement(
  cursor: Cursor,
  label: string | undefined,
  attributes: readonly Attribute[],
): Stmt | undefined {
  const token = cursor.token();
  const { start } = token;
  const refusal = refusedStatements[token.text];
  if (refusal !== undefined) {
    cursor.report.error(refusal.code, token, refusal.why, refusal.instead);
    cursor.failed = true;
    return undefined;
  }
  switch (token.text) {
    case "if":
      return ifStatement(cursor);
    case "for":
      return forStatement(cursor, label, attributes);
    case "switch":
      return switchStatement(cursor, label);
    case "break":
    case "continue": {
      cursor.next();
      const target = cursor.token().kind === "name" ? cursor.identifier("a label") : undefined;
      return { kind: token.text, label: target, ...cursor.span(start) };
    }
    case "return": {
      cursor.next();
      const values = cursor.is(";") || cursor.is("}") ? [] : expressions(cursor);
      const value: Expr | undefined =
        values.length < 2
          ? values[0]
          : { kind: "tuple", members: values, ...cursor.span(values[0]?.start ?? start) };
      return { kind: "return", value, ...cursor.span(start) };
    }
    case "var":
      return { kind: "declaration", declarations: parseVar(cursor, []), ...cursor.span(start) };
    case "const":
      return { kind: "declaration", declarations: parseConst(cursor), ...cursor.span(start) };
    case "type":
      return { kind: "declaration", declarations: parseTypeDecl(cursor, []), ...cursor.span(start) };
    case "func":
    case "struct":
      return simpleStatement(cursor);
    default:
      cursor.unexpected("a statement");
      return undefined;
  }
}

function expressions(cursor: Cursor): Expr[] {
  const found = [parseExpression(cursor)];
  while (!cursor.failed && cursor.accept(",")) found.push(parseExpression(cursor));
  return found;
}

/** simpleStatement parses an expression, an assignment or an increment. */
function simpleStatement(cursor: Cursor): Stmt {
  const { start } = cursor.token();
  const left = expressions(cursor);
  const first = left[0];
  const operator = cursor.token().text;
  if (cursor.token().kind === "operator" && assignments.has(operator)) {
    cursor.next();
    const right = expressions(cursor);
    return { kind: "assign", operator, left, right, ...cursor.span(start) };
  }
  if (first === undefined) throw new Error("an expression list has a first");
  if (operator === "++" || operator === "--") {
    cursor.next();
    return { kind: "increment", operator, target: first, ...cursor.span(start) };
  }
  if (operator === "<-" && left.length === 1) {
    cursor.next();
    parseExpression(cursor);
    const value: Expr = { kind: "refused", refusal: refusedForms.send, ...cursor.span(start) };
    return { kind: "expression", value, ...cursor.span(start) };
  }
  if (left.length > 1) cursor.unexpected("`=` or `:=` behind the list");
  return { kind: "expression", value: first, ...cursor.span(start) };
}

function asCondition(cursor: Cursor, statement: Stmt | undefined, what: string): Expr {
  if (statement?.kind === "expression") return statement.value;
  const range = statement ?? cursor.token();
  const hint = statement?.kind === "assign" ? "compare with ==" : undefined;
  if (!cursor.failed) cursor.report.error("syntax", range, `expected a condition for ${what}`, hint);
  return { kind: "bad", id: cursor.id(), start: range.start, end: range.end };
}

/** atLineEnd tells whether the semicolon here is only the end of the line: in a header the `{` is missing then. */
function atLineEnd(cursor: Cursor): boolean {
  return cursor.is(";") && cursor.token().start === cursor.token().end;
}

function ifStatement(cursor: Cursor): IfStmt {
  const { start } = cursor.next();
  const { init, condition } = parseHeader(cursor, () => {
    let first = cursor.is(";") ? undefined : simpleStatement(cursor);
    let before: Stmt | undefined;
    if (!atLineEnd(cursor) && cursor.accept(";")) {
      before = first;
      first = cursor.is("{") ? undefined : simpleStatement(cursor);
    }
    return { init: before, condition: asCondition(cursor, first, "if") };
  });
  const then = parseBlock(cursor);
  let otherwise: BlockStmt | IfStmt | undefined;
  if (cursor.accept("else")) otherwise = cursor.is("if") ? ifStatement(cursor) : parseBlock(cursor);
  return { kind: "if", init, condition, then, otherwise, ...cursor.span(start) };
}

function rangeHeader(cursor: Cursor): { key?: Stmt; subject: Expr } | undefined {
  // `for range X`, `for i := range X`, `for i, v := range X`
  if (cursor.accept("range")) return { subject: parseExpression(cursor) };
  let ahead = 0;
  if (cursor.token().kind !== "name") return undefined;
  if (cursor.peek(1).text === "," && cursor.peek(2).kind === "name") ahead = 2;
  const sign = cursor.peek(ahead + 1).text;
  if ((sign !== ":=" && sign !== "=") || cursor.peek(ahead + 2).text !== "range") return undefined;
  return { subject: { kind: "bad", id: -1, start: 0, end: 0 } };
}

/** hidden is a variable that no program can name: what `for k = range n` counts in before k gets it. */
function hidden(cursor: Cursor, name: Identifier): Identifier {
  return { ...name, id: cursor.id(), name: `range.${name.name}` };
}

/** withAssignments begins a body with assignments to the variables of `for k, v = range x`. */
function withAssignments(
  cursor: Cursor,
  body: BlockStmt,
  to: readonly (Identifier | undefined)[],
  from: readonly (Identifier | undefined)[],
): BlockStmt {
  const first = to.flatMap((name, i): Stmt[] => {
    const source = from[i];
    if (name === undefined || source === undefined) return [];
    const left: Expr = { kind: "name", ...name };
    const right: Expr = { kind: "name", ...source, id: cursor.id() };
    return [{ kind: "assign", operator: "=", left: [left], right: [right], ...cursor.span(name.start) }];
  });
  return first.length === 0 ? body : { ...body, body: [...first, ...body.body] };
}

function forStatement(
  cursor: Cursor,
  label: string | undefined,
  attributes: readonly Attribute[],
): ForStmt | RangeStmt {
  const { start } = cursor.next();
  let given: readonly (Identifier | undefined)[] = [];
  type Header = Pick<ForStmt, "init" | "condition" | "post"> | Pick<RangeStmt, "key" | "value" | "subject">;
  const header = parseHeader<Header>(cursor, () => {
    const ranged = rangeHeader(cursor);
    if (ranged !== undefined && ranged.subject.id !== -1) {
      return { key: undefined, value: undefined, subject: ranged.subject };
    }
    if (ranged !== undefined) {
      const key = cursor.identifier("a name");
      const value = cursor.accept(",") ? cursor.identifier("a name") : undefined;
      const assigns = cursor.next().text === "=";
      cursor.next();
      const subject = parseExpression(cursor);
      if (!assigns) return { key, value, subject };
      given = [key, value];
      return {
        key: hidden(cursor, key),
        value: value === undefined ? undefined : hidden(cursor, value),
        subject,
      };
    }
    if (cursor.is("{")) return { init: undefined, condition: undefined, post: undefined };
    const first = cursor.is(";") ? undefined : simpleStatement(cursor);
    if (!cursor.accept(";"))
      return { init: undefined, condition: asCondition(cursor, first, "for"), post: undefined };
    const condition = cursor.is(";") ? undefined : asCondition(cursor, simpleStatement(cursor), "for");
    cursor.expect(";", "behind the condition");
    const post = cursor.is("{") ? undefined : simpleStatement(cursor);
    return { init: first, condition, post };
  });
  const parsed = parseBlock(cursor);
  const body =
    "subject" in header ? withAssignments(cursor, parsed, given, [header.key, header.value]) : parsed;
  if ("subject" in header)
    return { kind: "range", ...header, body, attributes, label, ...cursor.span(start) };
  return { kind: "for", ...header, body, attributes, label, ...cursor.span(start) };
}

function switchStatement(cursor: Cursor, label: string | undefined): SwitchStmt {
  const { start } = cursor.next();
  const { init, subject } = parseHeader(cursor, () => {
    if (cursor.is("{")) return { init: undefined, subject: undefined };
    let first = cursor.is(";") ? undefined : simpleStatement(cursor);
    let before: Stmt | undefined;
    if (!atLineEnd(cursor) && cursor.accept(";")) {
      before = first;
      first = cursor.is("{") ? undefined : simpleStatement(cursor);
    }
    return { init: before, subject: first === undefined ? undefined : asCondition(cursor, first, "switch") };
  });
  const clauses: CaseClause[] = [];
  cursor.expect("{", "to open the switch");
  while ((cursor.is("case") || cursor.is("default")) && !cursor.failed) {
    const at = cursor.token().start;
    const isDefault = cursor.next().text === "default";
    const values = isDefault ? [] : expressions(cursor);
    cursor.expect(":", "behind the case");
    const body = statements(cursor, true);
    const fallsThrough = cursor.accept("fallthrough");
    if (fallsThrough) cursor.accept(";");
    clauses.push({ values, isDefault, body, fallsThrough, ...cursor.span(at) });
  }
  cursor.expect("}", "to close the switch");
  return { kind: "switch", init, subject, clauses, label, ...cursor.span(start) };
}
