import type { Engine } from "../api/context.js";
import type { Matcher } from "../promql/ast.js";
import { keyOf, type Labels, labelOf } from "../promql/labels.js";
import { listOf, type Row, text } from "../query/rows.js";
import { metadataType, type Part, prometheusName } from "./names.js";
import { boundText, seriesLabels } from "./rows.js";
import {
  arrayText,
  asked,
  asksTargetInfo,
  conditions,
  rangeParameters,
  targetInfo,
  wantedOf,
} from "./source.js";
import { identityOf, kindOf, type Wanted, wantedParts } from "./stored.js";

/** SERIES_MAX bounds how many stored series one question looks at. */
const SERIES_MAX = 100_000;

/** Span is a range of Unix milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** metricNames lists the names that there are in a range. */
export async function metricNames(
  engine: Engine,
  { from, to }: Span,
  signal: AbortSignal,
): Promise<string[]> {
  const rows = await asked(engine, "prometheus-names", rangeParameters(from, to), signal);
  return [...new Set(wantedOf(rows.map(kindOf), []).map((each) => each.name))].sort();
}

/** seriesLabelsOf gives the labels of every series that matchers hold for; without matchers, of all. */
export async function seriesLabelsOf(
  engine: Engine,
  selectors: readonly (readonly Matcher[])[],
  { from, to }: Span,
  signal: AbortSignal,
): Promise<Labels[]> {
  const range = rangeParameters(from, to);
  const kinds = (await asked(engine, "prometheus-names", range, signal)).map(kindOf);
  const found = new Map<string, Labels>();
  for (const matchers of selectors.length === 0 ? [[]] : selectors) {
    const wanted = wantedOf(kinds, matchers);
    const names = arrayText([...new Set(wanted.map((each) => each.kind.name))]);
    const [rows, targets] = await Promise.all([
      wanted.length === 0
        ? []
        : asked(
            engine,
            "prometheus-labels",
            { ...range, ...conditions(matchers), names, most: SERIES_MAX },
            signal,
          ),
      asksTargetInfo(matchers) ? asked(engine, "prometheus-resources", range, signal) : [],
    ]);
    const all = [
      ...rows.flatMap((row) => labelsOfRow(row, wanted)),
      ...targets.map((row) => targetInfo(row, from, to).labels),
    ];
    for (const labels of all) {
      if (matchers.every((each) => each.matches(labelOf(labels, each.name))))
        found.set(keyOf(labels), labels);
    }
  }
  return [...found.values()];
}

function labelsOfRow(row: Row, wanted: readonly Wanted[]): Labels[] {
  const identity = identityOf(row);
  return wantedParts(identity, wanted).flatMap((naming) => {
    const bound = boundsOf(row, naming.part, identity.type === "summary");
    if (bound === undefined) return [seriesLabels(identity, naming)];
    return bound.values.map((value) => seriesLabels(identity, naming, [[bound.label, value]]));
  });
}

function boundsOf(row: Row, part: Part, isSummary: boolean): { label: string; values: string[] } | undefined {
  const texts = (name: string): string[] => listOf(row[name]).map((each) => boundText(Number(each)));
  if (isSummary && part === "") return { label: "quantile", values: texts("quantiles") };
  return part === "_bucket" ? { label: "le", values: [...texts("bounds"), "+Inf"] } : undefined;
}

/** Metadata is what Prometheus tells of a metric. */
export interface Metadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** metadataOf gives what senders said of metrics, by Prometheus' names. */
export async function metadataOf(
  engine: Engine,
  { from, to }: Span,
  signal: AbortSignal,
): Promise<Map<string, Metadata[]>> {
  const rows = await asked(engine, "prometheus-metadata", rangeParameters(from, to), signal);
  const found = new Map<string, Metadata[]>();
  for (const row of rows) {
    const kind = kindOf(row);
    const name = prometheusName(kind);
    const list = found.get(name) ?? [];
    list.push({ type: metadataType(kind), help: text(row, "description"), unit: kind.unit });
    found.set(name, list);
  }
  return found;
}
