import type { At, Duration, Expr, VectorSelector } from "./ast.js";
import { positive, readDuration, readOffset } from "./durations.js";
import type { Token } from "./lex.js";
import type { TokenReader } from "./token-reader.js";

/** readModifiers reads what may stand behind an expression: ranges, subqueries, `offset`, `@`, `anchored`, `smoothed`. */
export function readModifiers(reader: TokenReader, primary: Expr): Expr {
  let expr = primary;
  for (;;) {
    if (reader.isMark("[")) expr = readBracket(reader, expr);
    else if (reader.isWord("offset")) expr = readOffsetOf(reader, expr);
    else if (reader.isMark("@")) expr = readAtTime(reader, expr);
    else if (reader.isWord("anchored") || reader.isWord("smoothed")) expr = readExtended(reader, expr);
    else return expr;
  }
}

function readBracket(reader: TokenReader, expr: Expr): Expr {
  const opening = reader.expect("[");
  const range = readDuration(reader);
  if (reader.take(":")) {
    const step = reader.isMark("]") ? undefined : positive(reader, readDuration(reader), opening);
    const { end } = reader.expect("]");
    return {
      kind: "subquery",
      expr,
      range: positive(reader, range, opening),
      step,
      offset: undefined,
      at: undefined,
      start: expr.start,
      end,
    };
  }
  const { end } = reader.expect("]");
  if (expr.kind !== "selector")
    throw reader.error({ start: expr.start, end }, "ranges only allowed for vector selectors");
  if (expr.offset !== undefined) {
    throw reader.error({ start: expr.start, end }, "no offset modifiers allowed before range");
  }
  if (expr.at !== undefined)
    throw reader.error({ start: expr.start, end }, "no @ modifiers allowed before range");
  return {
    kind: "range",
    selector: expr,
    range: positive(reader, range, opening),
    start: expr.start,
    end,
  };
}

function readOffsetOf(reader: TokenReader, expr: Expr): Expr {
  const token = reader.next();
  const offset = readOffset(reader);
  return shifted(reader, expr, token, "offset", (shift) => {
    if (shift.offset !== undefined) throw reader.error(token, "offset may not be set multiple times");
    return { offset };
  });
}

function readAtTime(reader: TokenReader, expr: Expr): Expr {
  const token = reader.next();
  const at = readAtValue(reader);
  return shifted(reader, expr, token, "@", (shift) => {
    if (shift.at !== undefined) throw reader.error(token, "@ <timestamp> may not be set multiple times");
    return { at };
  });
}

function readAtValue(reader: TokenReader): At {
  const token = reader.token;
  if ((reader.isWord("start") || reader.isWord("end")) && reader.second?.text === "(") {
    reader.skip();
    reader.expect("(");
    reader.expect(")");
    return token.text.toLowerCase() === "start" ? "start" : "end";
  }
  const seconds = reader.signedNumber();
  if (!Number.isFinite(seconds) || Math.abs(seconds) > 9.2e15) {
    throw reader.error(token, `timestamp out of bounds for @ modifier: ${seconds}`);
  }
  return Math.round(seconds * 1000);
}

/** shifted puts a shift where it belongs: into the selector of a range, into any other expression that may have one itself. */
function shifted(
  reader: TokenReader,
  expr: Expr,
  token: Token,
  what: string,
  change: (shift: { offset: Duration | undefined; at: At | undefined }) => { offset: Duration } | { at: At },
): Expr {
  const end = reader.lastEnd;
  if (expr.kind === "selector" || expr.kind === "subquery") return { ...expr, ...change(expr), end };
  if (expr.kind === "range") {
    return { ...expr, selector: { ...expr.selector, ...change(expr.selector) }, end };
  }
  throw reader.error(
    token,
    `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
  );
}

function readExtended(reader: TokenReader, expr: Expr): Expr {
  const token = reader.next();
  const extended = token.text.toLowerCase() === "anchored" ? "anchored" : "smoothed";
  const set = (selector: VectorSelector): VectorSelector => {
    if (selector.extended !== undefined) {
      throw reader.error(token, "anchored and smoothed modifiers cannot be used together or twice");
    }
    return { ...selector, extended };
  };
  if (expr.kind === "selector") return { ...set(expr), end: token.end };
  if (expr.kind === "range") return { ...expr, selector: set(expr.selector), end: token.end };
  throw reader.error(
    token,
    `${extended} modifier must be preceded by a vector selector or a range vector selector`,
  );
}
