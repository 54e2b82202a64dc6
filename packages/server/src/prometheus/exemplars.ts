import type { Engine } from "../api/context.js";
import type { Expr, VectorSelector } from "../promql/ast.js";
import { labelOf } from "../promql/labels.js";
import { listOf, text, textMap } from "../query/rows.js";
import { metricOf, sampleText } from "./answers.js";
import type { Span } from "./catalogue.js";
import { labelName } from "./names.js";
import { seriesLabels } from "./rows.js";
import { arrayText, asked, conditions, rangeParameters, wantedOf } from "./source.js";
import { identityOf, kindOf, wantedParts } from "./stored.js";

/** SeriesExemplars are the examples of one series as Prometheus' API gives them. */
export interface SeriesExemplars {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: string;
    readonly timestamp: number;
  }[];
}

/** exemplarsOf gives the examples of all series that an expression reads. */
export async function exemplarsOf(
  engine: Engine,
  expr: Expr,
  { from, to }: Span,
  signal: AbortSignal,
): Promise<SeriesExemplars[]> {
  const range = rangeParameters(from, to);
  const kinds = (await asked(engine, "prometheus-names", range, signal)).map(kindOf);
  const found: SeriesExemplars[] = [];
  for (const { matchers } of selectorsIn(expr)) {
    const wanted = wantedOf(kinds, matchers);
    if (wanted.length === 0) continue;
    const names = arrayText([...new Set(wanted.map((each) => each.kind.name))]);
    const rows = await asked(
      engine,
      "prometheus-exemplars",
      { ...range, ...conditions(matchers), names },
      signal,
    );
    for (const row of rows) {
      const identity = identityOf(row);
      // Buckets have examples of their own in Prometheus; ours belong to the whole histogram, so `le` is not compared.
      const [naming] = wantedParts(identity, wanted);
      if (naming === undefined) continue;
      const labels = seriesLabels(identity, naming);
      const others = matchers.filter((each) => each.name !== "le");
      if (!others.every((each) => each.matches(labelOf(labels, each.name)))) continue;
      const examples: unknown = JSON.parse(text(row, "examples") || "[]");
      found.push({ seriesLabels: metricOf(labels), exemplars: listOf(examples).map(exemplarOf) });
    }
  }
  return found;
}

function exemplarOf(value: unknown): SeriesExemplars["exemplars"][number] {
  const [time, number, traceId, spanId, attributes] = listOf(value);
  const labels: Record<string, string> = Object.fromEntries(
    Object.entries(textMap(attributes)).map(([key, each]) => [labelName(key), each]),
  );
  if (String(traceId ?? "") !== "") labels["trace_id"] = String(traceId);
  if (String(spanId ?? "") !== "") labels["span_id"] = String(spanId);
  return { labels, value: sampleText(Number(number)), timestamp: Math.floor(Number(time) / 1e6) / 1000 };
}

/** selectorsIn lists an expression's selectors. */
function selectorsIn(expr: Expr): VectorSelector[] {
  switch (expr.kind) {
    case "selector":
      return [expr];
    case "range":
      return [expr.selector];
    case "subquery":
    case "paren":
    case "unary":
      return selectorsIn(expr.expr);
    case "aggregate":
      return selectorsIn(expr.expr);
    case "binary":
      return [...selectorsIn(expr.left), ...selectorsIn(expr.right)];
    case "call":
      return expr.args.flatMap(selectorsIn);
    default:
      return [];
  }
}
