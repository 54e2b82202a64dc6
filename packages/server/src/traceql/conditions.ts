import type { Parameters } from "../api/context.js";
import type { Field, FieldExpr, FieldOperator, Static } from "./ast.js";

/** Condition is a condition on the rows of `traces`; `exact` says that it holds for just the spans that the expression holds for, else it may hold for more. */
export interface Condition {
  readonly sql: string;
  readonly exact: boolean;
}

const ANY: Condition = { sql: "1", exact: false };

/** Binder puts values into parameters, so that no text of a user's becomes SQL. */
export class Binder {
  readonly #values = new Map<string, string | number>();

  /** bind gives what stands for a value in a statement. */
  bind(value: string | number): string {
    const name = `q${this.#values.size}`;
    this.#values.set(name, value);
    return `{${name}:${typeof value === "number" ? "Float64" : "String"}}`;
  }

  /** parameters are what was bound. */
  get parameters(): Parameters {
    return Object.fromEntries(this.#values);
  }
}

/** conditionOf gives an expression over a span as a condition. */
export function conditionOf(expr: FieldExpr, binder: Binder): Condition {
  switch (expr.kind) {
    case "static":
      return expr.type === "bool" ? { sql: expr.value === true ? "1" : "0", exact: true } : ANY;
    case "attribute":
      return comparison(expr, "=", { kind: "static", type: "bool", value: true }, binder);
    case "exists":
      return existence(expr.expr, expr.negated, binder);
    case "unary": {
      if (expr.operator !== "!") return ANY;
      const inner = conditionOf(expr.expr, binder);
      // What holds for more cannot be turned round: it would hold for fewer.
      return inner.exact ? { sql: `NOT (${inner.sql})`, exact: true } : ANY;
    }
    case "binary":
      return binary(expr, binder);
    case "intrinsic":
      return ANY;
  }
}

function binary(expr: FieldExpr & { readonly kind: "binary" }, binder: Binder): Condition {
  const { operator, left, right } = expr;
  if (operator === "&&" || operator === "||") {
    const [a, b] = [conditionOf(left, binder), conditionOf(right, binder)];
    const exact = a.exact && b.exact;
    return { sql: `(${a.sql} ${operator === "&&" ? "AND" : "OR"} ${b.sql})`, exact };
  }
  if (isField(left) && right.kind === "static") return comparison(left, operator, right, binder);
  const turned = TURNED[operator];
  if (isField(right) && left.kind === "static" && turned !== undefined)
    return comparison(right, turned, left, binder);
  return ANY;
}

/** TURNED is an operator with its sides changed. */
const TURNED: Partial<Record<FieldOperator, FieldOperator>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

function isField(expr: FieldExpr): expr is Field {
  return expr.kind === "attribute" || expr.kind === "intrinsic";
}

/** Column is where a field lies: its value as SQL, and whether it is there. */
interface Column {
  readonly value: string;
  readonly there: string;
  readonly type: "text" | "number" | "status" | "kind";
}

function columns(field: Field, binder: Binder): readonly Column[] | undefined {
  if (field.kind === "attribute") {
    const key = binder.bind(field.name);
    const of = (map: string): Column => ({
      value: `${map}[${key}]`,
      there: `mapContains(${map}, ${key})`,
      type: "text",
    });
    if (field.parent) return undefined;
    if (field.scope === "span") return [of("attributes")];
    if (field.scope === "resource") {
      if (field.name === "service.name") return [{ value: "service_name", there: "1", type: "text" }];
      return [of("resource_attributes")];
    }
    if (field.scope !== "any") return undefined;
    // A span's own attribute hides the resource's.
    const resource = of("resource_attributes");
    return [
      of("attributes"),
      { ...resource, there: `(NOT mapContains(attributes, ${key}) AND ${resource.there})` },
    ];
  }
  const text = (value: string): readonly Column[] => [{ value, there: "1", type: "text" }];
  switch (field.name) {
    case "duration":
      return [{ value: "duration_ns", there: "1", type: "number" }];
    case "name":
      return text("operation");
    case "status":
      return [{ value: "status_code", there: "1", type: "status" }];
    case "kind":
      return [{ value: "kind", there: "1", type: "kind" }];
    case "statusMessage":
      return text("status_message");
    case "traceId":
      return text("trace_id");
    case "spanId":
      return text("span_id");
    case "parentId":
      return text("parent_span_id");
    case "scopeName":
      return text("scope_name");
    case "scopeVersion":
      return text("scope_version");
    default:
      return undefined;
  }
}

function existence(expr: FieldExpr, negated: boolean, binder: Binder): Condition {
  if (expr.kind === "intrinsic") return { sql: negated ? "0" : "1", exact: true };
  const found = isField(expr) ? columns(expr, binder) : undefined;
  if (found === undefined) return ANY;
  const there = found.map((each) => each.there).join(" OR ");
  return { sql: negated ? `NOT (${there})` : `(${there})`, exact: true };
}

function comparison(field: Field, operator: FieldOperator, value: Static, binder: Binder): Condition {
  const found = columns(field, binder);
  if (found === undefined) return ANY;
  const parts = found.map((column) => compared(column, operator, value, binder));
  if (parts.some((part) => part === undefined)) return ANY;
  return { sql: `(${parts.join(" OR ")})`, exact: true };
}

function compared(
  column: Column,
  operator: FieldOperator,
  { type, value }: Static,
  binder: Binder,
): string | undefined {
  const sign = operator === "!=" ? "!=" : operator;
  if (column.type === "status" || column.type === "kind") {
    if (type !== column.type || (operator !== "=" && operator !== "!=")) return undefined;
    return `${column.value} ${sign} ${binder.bind(String(value).toUpperCase())}`;
  }
  if (operator === "=~" || operator === "!~") {
    if (typeof value !== "string") return undefined;
    const matches = `match(${column.value}, ${binder.bind(`^(?s:${value})$`)})`;
    return `(${column.there} AND ${operator === "!~" ? "NOT " : ""}${matches})`;
  }
  if (!["=", "!=", "<", "<=", ">", ">="].includes(operator)) return undefined;
  if (type === "string") {
    const test = `${column.value} ${sign} ${binder.bind(String(value))}`;
    // An absent attribute reads as empty: equal to nothing else, so that the indexes on values can be used.
    return operator === "=" && value !== "" ? test : `(${column.there} AND ${test})`;
  }
  if (type === "bool") {
    if (operator !== "=" && operator !== "!=") return undefined;
    const other = `${column.value} ${sign} ${binder.bind(String(value))}`;
    return operator === "=" ? other : `(${column.there} AND ${other})`;
  }
  if (type !== "int" && type !== "float" && type !== "duration") return undefined;
  if (typeof value !== "number") return undefined;
  if (column.type === "number") return `${column.value} ${sign} ${binder.bind(value)}`;
  if (operator === "=" && type === "int" && Number.isSafeInteger(value)) {
    // A whole number is written one way by nearly every sender; `1.0` is found by its number.
    return `(${column.value} = ${binder.bind(String(value))} OR toFloat64OrNull(${column.value}) = ${binder.bind(value)})`;
  }
  return `ifNull(toFloat64OrNull(${column.value}) ${sign} ${binder.bind(value)}, 0)`;
}

/** valueSql gives a field's value for grouping (text) or computing (number), undefined for what only whole traces tell. */
export function valueSql(field: Field, as: "text" | "number", binder: Binder): string | undefined {
  const found = columns(field, binder);
  if (found === undefined) return undefined;
  const last = found.at(-1);
  if (last === undefined) return undefined;
  const all = found
    .slice(0, -1)
    .reduceRight((rest, each) => `if(${each.there}, ${each.value}, ${rest})`, last.value);
  if (last.type === "number") return as === "number" ? `toFloat64(${all})` : `toString(${all})`;
  if (last.type !== "text") return as === "text" ? `lower(CAST(${all}, 'String'))` : undefined;
  return as === "number" ? `toFloat64OrNull(${all})` : `toString(${all})`;
}
