import type { Place } from "./errors.js";

/** ValueType is what an expression gives. */
export type ValueType = "scalar" | "vector" | "matrix" | "string";

/** DurationContext is what `step()` and `range()` in a duration stand for, in milliseconds. */
export interface DurationContext {
  readonly step: number;
  readonly range: number;
}

/** Duration computes milliseconds once the query's step and range are known. */
export type Duration = (context: DurationContext) => number;

/** MatchOperator compares a label with a text or a regular expression (anchored at both ends). */
export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** Matcher is one condition of a selector. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  readonly matches: (value: string) => boolean;
}

/** At fixes the time of evaluation: Unix milliseconds, or the query's start or end. */
export type At = number | "start" | "end";

/** Shift is what `offset` and `@` do to a selector or subquery. */
export interface Shift {
  readonly offset: Duration | undefined;
  readonly at: At | undefined;
}

/** VectorSelector gives the newest sample of each series at each step. */
export interface VectorSelector extends Place, Shift {
  readonly kind: "selector";
  readonly name: string | undefined;
  readonly matchers: readonly Matcher[];
  /** extended changes what a range holds: `anchored` takes the sample before it too, `smoothed` interpolates at both ends. */
  readonly extended: "anchored" | "smoothed" | undefined;
}

/** MatrixSelector gives all samples of each series within a range before each step. */
export interface MatrixSelector extends Place {
  readonly kind: "range";
  readonly selector: VectorSelector;
  readonly range: Duration;
}

/** Subquery evaluates an expression over a range of its own. */
export interface Subquery extends Place, Shift {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly range: Duration;
  /** step is the distance of the evaluations; undefined takes the default. */
  readonly step: Duration | undefined;
}

/** ArithmeticOperator gives a number for each pair. */
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
/** ComparisonOperator keeps what it holds for, or gives 0 and 1 with `bool`. */
export type ComparisonOperator = "==" | "!=" | "<=" | "<" | ">=" | ">";
/** SetOperator combines vectors by their labels alone. */
export type SetOperator = "and" | "or" | "unless";
/** BinaryOperator is any of them; `</` and `>/` trim native histograms. */
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator | "</" | ">/";

/** Matching says which elements of two vectors belong together. */
export interface Matching {
  readonly on: boolean;
  readonly labels: readonly string[];
  /** group names the side that may have many elements for one of the other. */
  readonly group: "left" | "right" | undefined;
  /** include are labels taken over from the "one" side. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

/** Binary is an operation on two expressions. */
export interface Binary extends Place {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Expr;
  readonly right: Expr;
  readonly bool: boolean;
  readonly matching: Matching;
}

/** Unary is `+` or `-` before an expression. */
export interface Unary extends Place {
  readonly kind: "unary";
  readonly negative: boolean;
  readonly expr: Expr;
}

/** Call is a function with its arguments. */
export interface Call extends Place {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Expr[];
}

/** AggregateOperator brings the elements of a group together. */
export type AggregateOperator =
  | "sum"
  | "avg"
  | "count"
  | "min"
  | "max"
  | "group"
  | "stddev"
  | "stdvar"
  | "topk"
  | "bottomk"
  | "count_values"
  | "quantile"
  | "limitk"
  | "limit_ratio";

/** Aggregate is an aggregation over groups of elements. */
export interface Aggregate extends Place {
  readonly kind: "aggregate";
  readonly operator: AggregateOperator;
  readonly expr: Expr;
  readonly parameter: Expr | undefined;
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** NumberLiteral is a number, or a duration in seconds. */
export interface NumberLiteral extends Place {
  readonly kind: "number";
  readonly value: number;
}

/** StringLiteral is a text. */
export interface StringLiteral extends Place {
  readonly kind: "string";
  readonly text: string;
}

/** Paren is an expression in parentheses. */
export interface Paren extends Place {
  readonly kind: "paren";
  readonly expr: Expr;
}

/** Expr is any expression. */
export type Expr =
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Binary
  | Unary
  | Call
  | Aggregate
  | NumberLiteral
  | StringLiteral
  | Paren;

/** COMPARISONS are the operators that compare. */
export const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<=", "<", ">=", ">"]);
/** SETS are the operators on labels alone. */
export const SETS: ReadonlySet<string> = new Set(["and", "or", "unless"]);
