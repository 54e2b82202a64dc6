import { keyIn } from "../key-in.js";
import type {
  CompareOperator,
  MetricsExpr,
  Pipeline,
  ScalarExpr,
  SpansetExpr,
  SpansetOperator,
  Stage,
  Static,
} from "./ast.js";
import type { TokenReader } from "./token-reader.js";

/** Thing is what an operand may be while it is not known yet what the whole is. */
export type Thing =
  | { readonly is: "spans"; readonly expr: SpansetExpr; readonly wrapped: boolean }
  | { readonly is: "pipeline"; readonly pipeline: Pipeline; readonly wrapped: boolean }
  | { readonly is: "number"; readonly value: Static }
  | { readonly is: "aggregate"; readonly expr: ScalarExpr }
  | { readonly is: "scalarPipeline"; readonly expr: ScalarExpr; readonly wrapped: boolean }
  | { readonly is: "filter"; readonly stage: Stage }
  | { readonly is: "metrics"; readonly expr: MetricsExpr; readonly wrapped: boolean };

/** SET_BINDING is how tightly operators between sets of spans bind; the tables below are for numbers of them, and for series. */
const SET_BINDING: Readonly<Record<SpansetOperator, number>> = {
  "&&": 1,
  "||": 1,
  ">": 2,
  "<": 2,
  ">>": 2,
  "<<": 2,
  "~": 2,
  "!>": 2,
  "!<": 2,
  "!>>": 2,
  "!<<": 2,
  "!~": 2,
  "&>": 2,
  "&<": 2,
  "&>>": 2,
  "&<<": 2,
  "&~": 2,
};

/** COMPARE_BINDING has the operators that compare numbers. */
export const COMPARE_BINDING: Readonly<Record<CompareOperator, number>> = {
  "=": 2,
  "!=": 2,
  "<": 2,
  "<=": 2,
  ">": 2,
  ">=": 2,
};

/** Arithmetic are the operators between numbers, of which METRICS_MATH go between series too. */
type Arithmetic = "+" | "-" | "*" | "/" | "%" | "^";
const ARITHMETIC_BINDING: Readonly<Record<Arithmetic, number>> = {
  "+": 3,
  "-": 3,
  "*": 5,
  "/": 5,
  "%": 5,
  "^": 6,
};

const METRICS_MATH: Readonly<Record<"+" | "-" | "*" | "/", true>> = {
  "+": true,
  "-": true,
  "*": true,
  "/": true,
};

/** strengthOf is how tightly an operator behind an operand binds; undefined when the operand ends there. */
export function strengthOf(text: string, left: Thing): number | undefined {
  // What compares series is a stage of theirs, not an operator.
  if (left.is === "metrics" && (!left.wrapped || keyIn(METRICS_MATH, text) === undefined)) return undefined;
  const set = isSet(left) ? keyIn(SET_BINDING, text) : undefined;
  if (set !== undefined) return SET_BINDING[set];
  const arithmetic = keyIn(ARITHMETIC_BINDING, text);
  if (arithmetic !== undefined) return ARITHMETIC_BINDING[arithmetic];
  const compare = keyIn(COMPARE_BINDING, text);
  return compare && COMPARE_BINDING[compare];
}

/** operation puts two operands and the operator between them together. Throws TraceqlError when they do not go together. */
export function operation(
  reader: TokenReader,
  start: number,
  text: string,
  left: Thing,
  right: Thing,
): Thing {
  const set = keyIn(SET_BINDING, text);
  if (set !== undefined && left.is === "spans" && right.is === "spans") {
    const expr: SpansetExpr = { kind: "operation", operator: set, left: left.expr, right: right.expr };
    return { is: "spans", expr, wrapped: false };
  }
  if (set !== undefined && isSet(left) && isSet(right) && left.wrapped && right.wrapped) {
    const expr: SpansetExpr = { kind: "operation", operator: set, left: setOf(left), right: setOf(right) };
    return { is: "pipeline", pipeline: { kind: "pipeline", stages: [expr] }, wrapped: true };
  }
  const arithmetic = keyIn(ARITHMETIC_BINDING, text);
  const math = keyIn(METRICS_MATH, text);
  if (math !== undefined && (left.is === "metrics" || right.is === "metrics")) {
    const found = mathOf(math, left, right);
    if (found !== undefined) return { is: "metrics", expr: found, wrapped: true };
  } else if (arithmetic !== undefined) {
    const found = arithmeticOf(reader, start, arithmetic, left, right);
    if (found !== undefined) return found;
  }
  const compare = keyIn(COMPARE_BINDING, text);
  if (compare !== undefined) {
    const filter = comparison(compare, left, right);
    if (filter !== undefined) return filter;
  }
  throw reader.error(start, `unexpected ${text} between these two`);
}

/** mathOf computes with series, and with a number and series; undefined where one of the two is no whole. */
function mathOf(operator: "+" | "-" | "*" | "/", left: Thing, right: Thing): MetricsExpr | undefined {
  const isWhole = (thing: Thing): boolean => thing.is === "metrics" && thing.wrapped;
  if (left.is === "metrics" && right.is === "metrics") {
    return isWhole(left) && isWhole(right)
      ? { kind: "math", operator, left: left.expr, right: right.expr }
      : undefined;
  }
  const [number, metrics, isLeft] =
    left.is === "metrics" ? ([right, left, false] as const) : ([left, right, true] as const);
  if (
    number.is !== "number" ||
    number.value.type === "duration" ||
    metrics.is !== "metrics" ||
    !isWhole(metrics)
  )
    return undefined;
  return { kind: "scaled", operator, expr: metrics.expr, number: numberOf(number.value), isLeft };
}

/** arithmeticOf computes with numbers, and with what is counted of spans. */
function arithmeticOf(
  reader: TokenReader,
  start: number,
  operator: Arithmetic,
  left: Thing,
  right: Thing,
): Thing | undefined {
  if (left.is === "number" && right.is === "number") {
    const value = folded(operator, left.value, right.value);
    if (value === undefined) throw reader.error(start, `${operator} does not go with these numbers`);
    return { is: "number", value };
  }
  if (left.is === "scalarPipeline" && right.is === "scalarPipeline" && left.wrapped && right.wrapped) {
    return {
      is: "scalarPipeline",
      expr: { kind: "arithmetic", operator, left: left.expr, right: right.expr },
      wrapped: true,
    };
  }
  const [a, b] = [scalarOf(left), scalarOf(right)];
  if (a === undefined || b === undefined) return undefined;
  return { is: "aggregate", expr: { kind: "arithmetic", operator, left: a, right: b } };
}

function isSet(thing: Thing): thing is Thing & { readonly is: "spans" | "pipeline" } {
  return thing.is === "spans" || thing.is === "pipeline";
}

function setOf(thing: Thing & { readonly is: "spans" | "pipeline" }): SpansetExpr {
  return thing.is === "spans" ? thing.expr : thing.pipeline;
}

function scalarOf(thing: Thing): ScalarExpr | undefined {
  if (thing.is === "aggregate") return thing.expr;
  return thing.is === "number" ? thing.value : undefined;
}

/** comparison makes a filter of numbers over spans; at least one side must be computed of them. */
function comparison(operator: CompareOperator, left: Thing, right: Thing): Thing | undefined {
  if (
    left.is === "scalarPipeline" &&
    left.wrapped &&
    (right.is === "number" || (right.is === "scalarPipeline" && right.wrapped))
  ) {
    const stage: Stage = {
      kind: "scalarFilter",
      operator,
      left: left.expr,
      right: right.is === "number" ? right.value : right.expr,
    };
    return { is: "pipeline", pipeline: { kind: "pipeline", stages: [stage] }, wrapped: false };
  }
  const [a, b] = [scalarOf(left), scalarOf(right)];
  if (a === undefined || b === undefined || (left.is === "number" && right.is === "number")) return undefined;
  return { is: "filter", stage: { kind: "scalarFilter", operator, left: a, right: b } };
}

/** numberOf is a literal as a number. */
export function numberOf({ value }: Static): number {
  return typeof value === "number" ? value : Number.NaN;
}

/** folded computes an operation of two plain numbers; of whole numbers a quotient is whole. */
function folded(operator: Arithmetic, left: Static, right: Static): Static | undefined {
  if (left.type === "duration" || right.type === "duration") return undefined;
  const [a, b] = [numberOf(left), numberOf(right)];
  const type = left.type === "int" && right.type === "int" ? "int" : "float";
  const results: Partial<Record<Arithmetic, number>> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    "/": type === "int" ? Math.trunc(a / b) : a / b,
  };
  const value = results[operator];
  return value === undefined ? undefined : { kind: "static", type, value };
}
