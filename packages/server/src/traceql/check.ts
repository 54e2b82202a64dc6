import { RE2JS } from "re2js";
import type {
  Field,
  FieldExpr,
  MetricsExpr,
  Pipeline,
  Query,
  ScalarExpr,
  SpansetExpr,
  Stage,
} from "./ast.js";
import { TraceqlError } from "./errors.js";
import { INTRINSIC_TYPES } from "./fields.js";

/** ValueType is the type of an expression; "any" is an attribute's, known only with its value. */
export type ValueType = "any" | "string" | "int" | "float" | "bool" | "duration" | "status" | "kind" | "nil";

const NUMERIC: ReadonlySet<ValueType> = new Set(["int", "float", "duration", "any"]);

const invalid = (message: string): TraceqlError => new TraceqlError("invalid", message);
const unsupported = (message: string): TraceqlError => new TraceqlError("unsupported", message);

/** checkQuery refuses expressions whose types do not fit, and those that nothing can run. Throws TraceqlError. */
export function checkQuery({ root }: Query): void {
  if (root.kind === "pipeline") checkPipeline(root);
  else checkMetrics(root);
}

function checkMetrics(expr: MetricsExpr): void {
  switch (expr.kind) {
    case "metrics": {
      const { aggregate, pipeline } = expr;
      checkPipeline(pipeline);
      if (aggregate.filter !== undefined) checkFilter(aggregate.filter);
      if (aggregate.by.length > 5) throw invalid("metrics can be grouped by 5 attributes at most");
      for (const field of [...aggregate.by, ...(aggregate.field === undefined ? [] : [aggregate.field])])
        checkField(field);
      if (aggregate.field !== undefined && !NUMERIC.has(fieldType(aggregate.field))) {
        throw invalid(`${aggregate.name}() needs a number`);
      }
      return;
    }
    case "second":
      if (isCompare(expr.expr)) throw invalid("compare() cannot be followed by anything");
      if (expr.stage.kind !== "filter" && expr.stage.count <= 0)
        throw invalid(`${expr.stage.kind}() needs a count above 0`);
      checkMetrics(expr.expr);
      return;
    case "math":
      if (isCompare(expr.left) || isCompare(expr.right)) throw invalid("compare() cannot be computed with");
      checkMetrics(expr.left);
      checkMetrics(expr.right);
      return;
    case "scaled":
      if (isCompare(expr.expr)) throw invalid("compare() cannot be computed with");
      checkMetrics(expr.expr);
      return;
  }
}

function isCompare(expr: MetricsExpr): boolean {
  return expr.kind === "metrics" && expr.aggregate.name === "compare";
}

function checkPipeline({ stages }: Pipeline): void {
  for (const stage of stages) checkStage(stage);
}

function checkStage(stage: Stage): void {
  switch (stage.kind) {
    case "filter":
    case "operation":
    case "pipeline":
      checkSpans(stage);
      return;
    case "scalarFilter":
      checkScalar(stage.left);
      checkScalar(stage.right);
      if (stage.left.kind !== "aggregate" || stage.right.kind !== "static") {
        throw unsupported(
          "only one aggregate compared with one number is supported, as in avg(duration) > 1s",
        );
      }
      return;
    case "by":
      typeOf(stage.expr);
      if (!readsSpan(stage.expr)) throw invalid("by() must name something of the span");
      return;
    case "select":
      for (const field of stage.fields) checkField(field);
      return;
    case "coalesce":
      return;
  }
}

function checkSpans(expr: SpansetExpr): void {
  if (expr.kind === "filter") checkFilter(expr.expr);
  else if (expr.kind === "pipeline") checkPipeline(expr);
  else {
    checkSpans(expr.left);
    checkSpans(expr.right);
  }
}

function checkFilter(expr: FieldExpr): void {
  const type = typeOf(expr);
  if (type !== "bool" && type !== "any") throw invalid(`a span filter must be true or false, not a ${type}`);
}

function checkScalar(expr: ScalarExpr): void {
  switch (expr.kind) {
    case "static":
      return;
    case "arithmetic":
      checkScalar(expr.left);
      checkScalar(expr.right);
      return;
    case "scalarPipeline":
      checkPipeline(expr.pipeline);
      checkScalar(expr.aggregate);
      return;
    case "aggregate":
      if (expr.expr === undefined) return;
      if (!NUMERIC.has(typeOf(expr.expr))) throw invalid(`${expr.name}() needs a number`);
      if (!readsSpan(expr.expr)) throw invalid(`${expr.name}() must name something of the span`);
      return;
  }
}

function readsSpan(expr: FieldExpr): boolean {
  switch (expr.kind) {
    case "static":
      return false;
    case "attribute":
    case "intrinsic":
      return true;
    case "binary":
      return readsSpan(expr.left) || readsSpan(expr.right);
    case "unary":
    case "exists":
      return readsSpan(expr.expr);
  }
}

function checkField(field: Field): void {
  const isParent = field.kind === "attribute" ? field.parent : field.name === "parent";
  if (isParent) throw unsupported("fields of the parent span are not supported");
}

function fieldType(field: Field): ValueType {
  return field.kind === "attribute" ? "any" : INTRINSIC_TYPES[field.name];
}

/** typeOf gives an expression's type, and checks what it is made of. Throws TraceqlError. */
export function typeOf(expr: FieldExpr): ValueType {
  switch (expr.kind) {
    case "static":
      return expr.type;
    case "attribute":
    case "intrinsic":
      checkField(expr);
      return fieldType(expr);
    case "exists":
      checkExists(expr.expr, expr.negated);
      return "bool";
    case "unary": {
      const type = typeOf(expr.expr);
      if (expr.operator === "-" && !NUMERIC.has(type)) throw invalid(`- needs a number, not a ${type}`);
      if (expr.operator === "!" && type !== "bool" && type !== "any")
        throw invalid(`! needs true or false, not a ${type}`);
      return type;
    }
    case "binary":
      return binaryType(expr);
  }
}

function checkExists(expr: FieldExpr, negated: boolean): void {
  typeOf(expr);
  if (!negated) return;
  if (expr.kind === "intrinsic") throw invalid(`${expr.text} is never nil`);
  if (expr.kind === "attribute" && expr.scope === "resource" && expr.name === "service.name") {
    throw invalid("resource.service.name is never nil");
  }
}

function binaryType(expr: FieldExpr & { readonly kind: "binary" }): ValueType {
  const { operator } = expr;
  const [left, right] = [typeOf(expr.left), typeOf(expr.right)];
  const mismatch = (): TraceqlError => invalid(`${operator} does not go with ${left} and ${right}`);
  switch (operator) {
    case "&&":
    case "||":
      if (![left, right].every((type) => type === "bool" || type === "any")) throw mismatch();
      return "bool";
    case "=~":
    case "!~":
      if (![left, right].every((type) => type === "string" || type === "any")) throw mismatch();
      checkPattern(expr.right);
      return "bool";
    case "=":
    case "!=":
      if (!alike(left, right)) throw mismatch();
      return "bool";
    case "<":
    case "<=":
    case ">":
    case ">=":
      if (
        !alike(left, right) ||
        [left, right].some((type) => type === "bool" || type === "status" || type === "kind")
      )
        throw mismatch();
      return "bool";
    default:
      if (!NUMERIC.has(left) || !NUMERIC.has(right)) throw mismatch();
      if (left === "any" || right === "any") return "any";
      return left === right ? left : "float";
  }
}

function alike(left: ValueType, right: ValueType): boolean {
  return left === "any" || right === "any" || left === right || (NUMERIC.has(left) && NUMERIC.has(right));
}

function checkPattern(expr: FieldExpr): void {
  if (expr.kind !== "static" || typeof expr.value !== "string") return;
  try {
    RE2JS.compile(expr.value);
  } catch (error) {
    throw invalid(
      `the regular expression ${JSON.stringify(expr.value)} is wrong: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
