import type { Field, FieldExpr, MetricsAggregate, MetricsFunction } from "./ast.js";
import { readFieldList, readFilter, readOneField, readStatic } from "./parse-fields.js";
import type { TokenReader } from "./token-reader.js";

/** METRICS are the functions that make series of spans, and what they take. */
export const METRICS: Readonly<Record<MetricsFunction, "none" | "field" | "quantiles" | "compare">> = {
  rate: "none",
  count_over_time: "none",
  min_over_time: "field",
  max_over_time: "field",
  avg_over_time: "field",
  sum_over_time: "field",
  quantile_over_time: "quantiles",
  histogram_over_time: "field",
  compare: "compare",
};

/** COMPARE_TOP is how many values compare() tells of an attribute when it is not said. */
const COMPARE_TOP = 10;

/** readMetrics reads a function that makes series of spans, with what it is grouped by. */
export function readMetrics(reader: TokenReader, name: MetricsFunction): MetricsAggregate {
  reader.skip();
  reader.expect("(");
  const takes = METRICS[name];
  let field: Field | undefined;
  const quantiles: number[] = [];
  let filter: FieldExpr | undefined;
  let top = COMPARE_TOP;
  let window: MetricsAggregate["window"];
  if (takes === "field" || takes === "quantiles") field = readOneField(reader);
  if (takes === "quantiles") {
    do {
      reader.expect(",");
      quantiles.push(readPlainNumber(reader));
    } while (reader.is("mark", ","));
  }
  if (takes === "compare") {
    filter = readFilter(reader);
    if (reader.take(",")) top = readPlainNumber(reader);
    if (reader.take(",")) {
      const from = readPlainNumber(reader);
      reader.expect(",");
      window = { from, to: readPlainNumber(reader) };
    }
  }
  reader.expect(")");
  const isGrouped = takes !== "compare" && reader.is("word", "by");
  if (isGrouped) reader.skip();
  return { name, field, quantiles, by: isGrouped ? readFieldList(reader) : [], filter, top, window };
}

function readPlainNumber(reader: TokenReader): number {
  const { kind, value } = reader.token;
  if (kind !== "int" && kind !== "float") throw reader.unexpected("a number");
  reader.skip();
  return value;
}

/** readHints reads `with (name=value, …)`; none when it is not there. */
export function readHints(reader: TokenReader): Record<string, string | number | boolean> {
  const found = new Map<string, string | number | boolean>();
  if (!reader.is("word", "with")) return {};
  reader.skip();
  reader.expect("(");
  do {
    const name = reader.token;
    if (name.kind !== "word") throw reader.unexpected("a hint's name");
    reader.skip();
    reader.expect("=");
    const value = readStatic(reader);
    if (value === undefined) throw reader.unexpected("a hint's value");
    found.set(name.text, value.value);
  } while (reader.take(","));
  reader.expect(")");
  return Object.fromEntries(found);
}
