import type { Engine } from "../api/context.js";
import { rowsOf, text } from "../query/rows.js";
import { statement } from "../query/statements.js";
import { byTrace, isCut, wholeSpans } from "../whole/spans.js";
import type { Pipeline, SpansetExpr, Stage } from "./ast.js";
import { Binder, conditionOf } from "./conditions.js";
import { runPipeline, type Spanset } from "./evaluate.js";
import { type Trace, traceOf } from "./trace.js";

/** Found is a trace that matches, with the sets of spans that do. */
export interface Found {
  readonly trace: Trace;
  readonly sets: readonly Spanset[];
}

/** Asked is what a search wants; times are Unix milliseconds. */
export interface Asked {
  readonly pipeline: Pipeline;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly limit: number;
}

/** Searched is what was found, and how many traces were looked at whole. */
export interface Searched {
  readonly found: readonly Found[];
  readonly inspected: number;
  /** complete is false when the search gave up before the range's begin. */
  readonly complete: boolean;
}

/** AT_ONCE is how many traces are read whole at a time. */
const AT_ONCE = 50;
/** INSPECTED_MAX bounds how many traces one search looks at whole: what is rarer than one in this many is found by a narrower condition. */
const INSPECTED_MAX = 5000;

/** searchTraces finds the newest traces that a pipeline matches. */
export async function searchTraces(engine: Engine, asked: Asked, signal: AbortSignal): Promise<Searched> {
  const binder = new Binder();
  const leaves: string[] = [];
  const having = needsOf(asked.pipeline.stages, binder, leaves);
  const any = leaves.length === 0 || having === "1" ? "1" : leaves.join(" OR ");
  const sql = statement("traceql-found")
    .replaceAll("$leaves$", () => any)
    .replaceAll("$having$", () => having);
  const seen = new Set<string>();
  const found: Found[] = [];
  let cut = false;
  let before = `${asked.to_ms}000000`;
  while (found.length < asked.limit) {
    const rows = rowsOf(
      await engine(
        sql,
        "JSONCompact",
        {
          ...binder.parameters,
          from_ns: `${asked.from_ms}000000`,
          to_ns: `${asked.to_ms}000000`,
          before_ns: before,
          limit: AT_ONCE + 1,
        },
        signal,
      ),
    );
    const ids = rows.map((row) => text(row, "trace_id")).filter((id) => !seen.has(id));
    for (const id of ids) seen.add(id);
    const all = await wholeSpans(engine, ids, signal);
    // Traces that were read in part may match otherwise than whole.
    if (isCut(all)) cut = true;
    for (const spans of byTrace(all, ids)) {
      const trace = traceOf(spans);
      const sets = runPipeline(asked.pipeline, trace);
      if (sets.length > 0) found.push({ trace, sets });
    }
    before = text(rows.at(-1) ?? {}, "newest_ns");
    if (rows.length <= AT_ONCE || ids.length === 0)
      return { found: found.slice(0, asked.limit), inspected: seen.size, complete: !cut };
    if (seen.size >= INSPECTED_MAX) break;
  }
  return {
    found: found.slice(0, asked.limit),
    inspected: seen.size,
    complete: !cut && found.length >= asked.limit,
  };
}

/** needsOf gives what a trace must have for the stages to leave anything: conditions on groups of rows, with each part's condition among the leaves. */
function needsOf(stages: readonly Stage[], binder: Binder, leaves: string[]): string {
  const needs = stages.flatMap((stage) => {
    if (stage.kind !== "filter" && stage.kind !== "operation" && stage.kind !== "pipeline") return [];
    return [needOf(stage, binder, leaves)];
  });
  return needs.length === 0 ? "1" : needs.join(" AND ");
}

function needOf(expr: SpansetExpr, binder: Binder, leaves: string[]): string {
  if (expr.kind === "pipeline") return `(${needsOf(expr.stages, binder, leaves)})`;
  if (expr.kind === "filter") {
    const { sql } = conditionOf(expr.expr, binder);
    leaves.push(sql);
    return `max(${sql})`;
  }
  const right = needOf(expr.right, binder, leaves);
  const left = needOf(expr.left, binder, leaves);
  if (expr.operator === "||") return `(${left} OR ${right})`;
  // What is NOT a child of anything on the left needs nothing on the left.
  return expr.operator.startsWith("!") ? right : `(${left} AND ${right})`;
}
