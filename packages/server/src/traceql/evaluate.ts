import type {
  CompareOperator,
  Field,
  FieldExpr,
  Pipeline,
  Relation,
  ScalarExpr,
  SpansetExpr,
  SpansetOperator,
  Stage,
} from "./ast.js";
import type { Trace, TraceSpan } from "./trace.js";
import { holds, numbers, type Value, values } from "./values.js";

/** Spanset is spans of one trace that belong together; `group` is what by() parted them by. */
export interface Spanset {
  readonly spans: readonly TraceSpan[];
  readonly group: readonly { readonly field: FieldExpr; readonly value: Value }[];
  /** scalars are the numbers that comparisons computed of it. */
  readonly scalars: readonly { readonly text: string; readonly value: number }[];
}

/** runPipeline passes a trace's spans through the stages, and gives the sets that are left; none when the trace does not match. */
export function runPipeline(pipeline: Pipeline, trace: Trace): Spanset[] {
  let sets: Spanset[] = [{ spans: trace.spans, group: [], scalars: [] }];
  for (const stage of pipeline.stages) {
    sets = sets.flatMap((set) => runStage(stage, set, trace)).filter((set) => set.spans.length > 0);
    if (stage.kind === "coalesce" && sets.length > 1) sets = [coalesced(sets)];
  }
  return sets;
}

function coalesced(sets: readonly Spanset[]): Spanset {
  const spans = new Map(sets.flatMap((set) => set.spans.map((span) => [span.index, span] as const)));
  return { spans: [...spans.values()].sort((a, b) => a.index - b.index), group: [], scalars: [] };
}

function runStage(stage: Stage, set: Spanset, trace: Trace): Spanset[] {
  switch (stage.kind) {
    case "filter":
    case "operation":
    case "pipeline":
      return [{ ...set, spans: spansOf(stage, set.spans, trace) }];
    case "scalarFilter": {
      const value = scalarOf(stage.left, set.spans, trace);
      const other = scalarOf(stage.right, set.spans, trace);
      if (value === undefined || other === undefined || !compared(stage.operator, value, other)) return [];
      return [{ ...set, scalars: [...set.scalars, { text: scalarText(stage.left), value }] }];
    }
    case "by":
      return grouped(stage.expr, set, trace);
    case "select":
    case "coalesce":
      return [set];
  }
}

function scalarText(expr: ScalarExpr): string {
  return expr.kind === "aggregate"
    ? `${expr.name}(${expr.expr === undefined ? "" : fieldText(expr.expr)})`
    : "value";
}

/** fieldText names a field as results do: without its scope's dot for what needs none. */
export function fieldText(expr: FieldExpr): string {
  if (expr.kind === "intrinsic") return expr.text;
  if (expr.kind !== "attribute") return "expression";
  return expr.scope === "any" ? expr.name : `${expr.scope}.${expr.name}`;
}

function grouped(expr: FieldExpr, set: Spanset, trace: Trace): Spanset[] {
  const groups = new Map<string, { value: Value; spans: TraceSpan[] }>();
  for (const span of set.spans) {
    const [value = "nil"] = values(expr, span, trace);
    const key = `${typeof value}${value}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { value, spans: [span] });
    else group.spans.push(span);
  }
  return [...groups.values()].map(({ value, spans }) => ({
    ...set,
    spans,
    group: [...set.group, { field: expr, value }],
  }));
}

/** spansOf gives the spans of a set that an expression holds for, in their order. */
function spansOf(expr: SpansetExpr, spans: readonly TraceSpan[], trace: Trace): readonly TraceSpan[] {
  if (expr.kind === "filter") return spans.filter((span) => holds(expr.expr, span, trace));
  if (expr.kind === "pipeline") {
    const sets = runPipeline(expr, { ...trace, spans });
    return sets.length === 0 ? [] : coalesced(sets).spans;
  }
  const left = spansOf(expr.left, spans, trace);
  const right = spansOf(expr.right, spans, trace);
  return operation(expr.operator, left, right, trace);
}

function operation(
  operator: SpansetOperator,
  left: readonly TraceSpan[],
  right: readonly TraceSpan[],
  trace: Trace,
): readonly TraceSpan[] {
  if (operator === "&&") return left.length > 0 && right.length > 0 ? union(left, right) : [];
  if (operator === "||") return union(left, right);
  const first = operator.charAt(0);
  if (first === "!") {
    const related = new Set(
      relatedTo(relationOf(operator.slice(1)), left, right, trace).map((span) => span.index),
    );
    return right.filter((span) => !related.has(span.index));
  }
  if (first === "&") {
    const relation = relationOf(operator.slice(1));
    return union(relatedTo(TURNED[relation], right, left, trace), relatedTo(relation, left, right, trace));
  }
  return relatedTo(relationOf(operator), left, right, trace);
}

const TURNED: Readonly<Record<Relation, Relation>> = { ">": "<", "<": ">", ">>": "<<", "<<": ">>", "~": "~" };

function relationOf(text: string): Relation {
  return text === ">" || text === "<" || text === ">>" || text === "<<" ? text : "~";
}

function union(left: readonly TraceSpan[], right: readonly TraceSpan[]): TraceSpan[] {
  const all = new Map([...left, ...right].map((span) => [span.index, span]));
  return [...all.values()].sort((a, b) => a.index - b.index);
}

/** relatedTo gives the spans on the right that stand to one on the left as the relation says: `>` its children, `>>` all below it. */
function relatedTo(
  relation: Relation,
  left: readonly TraceSpan[],
  right: readonly TraceSpan[],
  trace: Trace,
): TraceSpan[] {
  const lefts = new Set(left.map((span) => span.index));
  switch (relation) {
    case ">":
      return right.filter((span) => lefts.has(span.parent));
    case "<":
      return right.filter((span) => span.children.some((child) => lefts.has(child)));
    case "~": {
      const families = new Map<number, number[]>();
      for (const span of left) families.set(span.parent, [...(families.get(span.parent) ?? []), span.index]);
      return right.filter(
        (span) => span.parent !== -1 && families.get(span.parent)?.some((other) => other !== span.index),
      );
    }
    case ">>": {
      const below = marked(left, trace);
      return right.filter((span) => below[span.index] === 1);
    }
    case "<<": {
      const above = new Set<number>();
      for (const span of left) {
        for (let at = span.parent; at !== -1 && !above.has(at); at = trace.spans[at]?.parent ?? -1)
          above.add(at);
      }
      return right.filter((span) => above.has(span.index));
    }
  }
}

/** marked marks all spans below some. */
function marked(spans: readonly TraceSpan[], trace: Trace): Uint8Array {
  const below = new Uint8Array(trace.spans.length);
  const stack = spans.flatMap((span) => span.children);
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (below[at] === 1) continue;
    below[at] = 1;
    stack.push(...(trace.spans[at]?.children ?? []));
  }
  return below;
}

function scalarOf(expr: ScalarExpr, spans: readonly TraceSpan[], trace: Trace): number | undefined {
  if (expr.kind === "static") return typeof expr.value === "number" ? expr.value : undefined;
  if (expr.kind !== "aggregate") return undefined;
  if (expr.name === "count") return spans.length;
  const { expr: of } = expr;
  const list = of === undefined ? [] : spans.flatMap((span) => numbers(values(of, span, trace)).slice(0, 1));
  if (list.length === 0) return undefined;
  const sum = list.reduce((total, value) => total + value, 0);
  switch (expr.name) {
    case "max":
      return list.reduce((most, value) => Math.max(most, value));
    case "min":
      return list.reduce((least, value) => Math.min(least, value));
    case "avg":
      return sum / list.length;
    case "sum":
      return sum;
  }
}

/** compared compares two numbers. */
export function compared(operator: CompareOperator, a: number, b: number): boolean {
  switch (operator) {
    case "=":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
  }
}

/** fieldsIn lists the fields that an expression reads. */
export function fieldsIn(expr: FieldExpr): Field[] {
  switch (expr.kind) {
    case "static":
      return [];
    case "attribute":
    case "intrinsic":
      return [expr];
    case "binary":
      return [...fieldsIn(expr.left), ...fieldsIn(expr.right)];
    case "unary":
    case "exists":
      return fieldsIn(expr.expr);
  }
}

/** fieldsOf lists the fields that a pipeline's conditions read and that it selects: results show their values. */
export function fieldsOf(pipeline: Pipeline): Field[] {
  const all = pipeline.stages.flatMap(stageFields);
  return [...new Map(all.map((field) => [fieldText(field), field])).values()];
}

function stageFields(stage: Stage): Field[] {
  switch (stage.kind) {
    case "filter":
      return fieldsIn(stage.expr);
    case "operation":
      return [...stageFields(stage.left), ...stageFields(stage.right)];
    case "pipeline":
      return fieldsOf(stage);
    case "by":
      return fieldsIn(stage.expr);
    case "select":
      return [...stage.fields];
    case "scalarFilter":
      return stage.left.kind === "aggregate" && stage.left.expr !== undefined
        ? fieldsIn(stage.left.expr)
        : [];
    case "coalesce":
      return [];
  }
}
