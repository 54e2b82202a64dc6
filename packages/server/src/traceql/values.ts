import { RE2JS } from "re2js";
import { type Texts, type Types, typeOf } from "../whole/values.js";
import type { Field, FieldExpr, FieldOperator, Static } from "./ast.js";
import type { Trace, TraceSpan } from "./trace.js";

/** Value is what an expression gives for a span; undefined where the span has no such field. */
export type Value = string | number | boolean;

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const STATUSES = ["unset", "ok", "error"];

const patterns = new Map<string, RE2JS>();

function patternOf(source: string): RE2JS {
  let found = patterns.get(source);
  if (found === undefined) {
    // A dashboard asks the same few; a hostile client must not fill the memory.
    if (patterns.size > 1000) patterns.clear();
    found = RE2JS.compile(`^(?s:${source})$`);
    patterns.set(source, found);
  }
  return found;
}

/** Sent is an attribute's value as text, with the type that it was sent with. */
export interface Sent {
  readonly text: string;
  readonly type: string;
}

/** sentOf gives an attribute's values; of events and links a span may have several. */
export function sentOf(
  { name, scope }: Extract<Field, { readonly kind: "attribute" }>,
  span: TraceSpan["span"],
): Sent[] {
  const of = (map: Texts, types: Types = {}): Sent[] => {
    const text = Object.hasOwn(map, name) ? map[name] : undefined;
    return text === undefined ? [] : [{ text, type: typeOf(types, name) }];
  };
  const own = () => of(span.attributes, span.attribute_types);
  const resource = () => of(span.resource_attributes, span.resource_attribute_types);
  switch (scope) {
    case "any": {
      const found = own();
      return found.length > 0 ? found : resource();
    }
    case "span":
      return own();
    case "resource":
      return resource();
    case "event":
      return span.events.flatMap((event) => of(event.attributes));
    case "link":
      return span.links.flatMap((link) => of(link.attributes));
    case "instrumentation":
      return [];
  }
}

/** typed gives a value as an expression sees it; what JavaScript's numbers cannot hold, lists and maps stay texts. */
function typed(text: string, type: string): Value {
  if (type === "bool") return text === "true";
  const number = Number(text);
  if (type === "int") return Number.isSafeInteger(number) ? number : text;
  return type === "double" && !Number.isNaN(number) ? number : text;
}

/** fieldValues gives a field's values; of events and links a span may have several. */
export function fieldValues(
  field: Field,
  { span, left, right, parent, children }: TraceSpan,
  trace: Trace,
): Value[] {
  if (field.kind === "attribute") return sentOf(field, span).map(({ text, type }) => typed(text, type));
  switch (field.name) {
    case "duration":
      return [Number(span.duration_ns)];
    case "name":
      return [span.operation];
    case "status":
      return [STATUSES[span.status] ?? "unset"];
    case "statusMessage":
      return [span.status_message];
    case "kind":
      return [KINDS[span.kind] ?? "unspecified"];
    case "parent":
      return [];
    case "traceRootSpan":
      return [trace.rootName];
    case "traceRootService":
      return [trace.rootService];
    case "traceDuration":
      return [Number(trace.duration_ns)];
    case "nestedSetLeft":
      return [left];
    case "nestedSetRight":
      return [right];
    case "nestedSetParent":
      return [trace.spans[parent]?.left ?? -1];
    case "traceId":
      return [span.trace_id];
    case "spanId":
      return [span.span_id];
    case "parentId":
      return [span.parent_span_id];
    case "childCount":
      return [children.length];
    case "eventName":
      return span.events.map((event) => event.name);
    case "eventTimeSinceStart":
      return span.events.map((event) => Number(event.time_ns - span.start_ns));
    case "linkTraceId":
      return span.links.map((link) => link.trace_id);
    case "linkSpanId":
      return span.links.map((link) => link.span_id);
    case "scopeName":
      return [span.scope_name];
    case "scopeVersion":
      return [span.scope_version];
  }
}

/** holds tells whether an expression is true of a span. */
export function holds(expr: FieldExpr, span: TraceSpan, trace: Trace): boolean {
  switch (expr.kind) {
    case "exists":
      return values(expr.expr, span, trace).length > 0 !== expr.negated;
    case "unary":
      return expr.operator === "!" && !holds(expr.expr, span, trace);
    case "binary": {
      const { operator, left, right } = expr;
      if (operator === "&&") return holds(left, span, trace) && holds(right, span, trace);
      if (operator === "||") return holds(left, span, trace) || holds(right, span, trace);
      if (!isComparison(operator)) return false;
      const others = values(right, span, trace);
      return values(left, span, trace).some((a) => others.some((b) => compared(operator, a, b)));
    }
    default:
      return values(expr, span, trace).some((value) => value === true || value === "true");
  }
}

function isComparison(operator: FieldOperator): boolean {
  return ["=", "!=", "<", "<=", ">", ">=", "=~", "!~"].includes(operator);
}

/** values gives what an expression over a span may be. */
export function values(expr: FieldExpr, span: TraceSpan, trace: Trace): Value[] {
  switch (expr.kind) {
    case "static":
      return staticValues(expr);
    case "attribute":
    case "intrinsic":
      return fieldValues(expr, span, trace);
    case "unary":
      if (expr.operator === "!") return [!holds(expr.expr, span, trace)];
      return numbers(values(expr.expr, span, trace)).map((value) => -value);
    case "exists":
      return [holds(expr, span, trace)];
    case "binary": {
      if (isComparison(expr.operator) || expr.operator === "&&" || expr.operator === "||")
        return [holds(expr, span, trace)];
      const [left] = numbers(values(expr.left, span, trace));
      const [right] = numbers(values(expr.right, span, trace));
      if (left === undefined || right === undefined) return [];
      return [computed(expr.operator, left, right)];
    }
  }
}

function staticValues({ type, value }: Static): Value[] {
  return type === "nil" ? [] : [value];
}

/** numbers reads values as numbers; what is none is left out. */
export function numbers(list: readonly Value[]): number[] {
  return list.flatMap((value) => {
    const found =
      typeof value === "number"
        ? value
        : typeof value === "string" && value.trim() !== ""
          ? Number(value)
          : Number.NaN;
    return Number.isNaN(found) ? [] : [found];
  });
}

function computed(operator: FieldOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "^":
      return a ** b;
    default:
      return Number.NaN;
  }
}

/** compared compares as the written side's type says: of a number and a text, the text's number counts: many senders have texts alone. */
function compared(operator: FieldOperator, a: Value, b: Value): boolean {
  if (operator === "=~" || operator === "!~")
    return patternOf(String(b)).matches(String(a)) === (operator === "=~");
  if (typeof a === "number" || typeof b === "number") {
    const [[x], [y]] = [numbers([a]), numbers([b])];
    return x !== undefined && y !== undefined && ordered(operator, x < y ? -1 : x > y ? 1 : 0);
  }
  const [x, y] = [String(a), String(b)];
  return ordered(operator, x < y ? -1 : x > y ? 1 : 0);
}

function ordered(operator: FieldOperator, order: number): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order >= 0;
  }
}
