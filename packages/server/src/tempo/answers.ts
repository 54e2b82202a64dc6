import type { Field } from "../traceql/ast.js";
import { fieldText, type Spanset } from "../traceql/evaluate.js";
import type { Label, MetricsRange, Series } from "../traceql/metrics.js";
import type { Found } from "../traceql/search.js";
import type { Trace, TraceSpan } from "../traceql/trace.js";
import { fieldValues, sentOf, type Value } from "../traceql/values.js";
import { jsonValue } from "../whole/values.js";

/** anyValue writes a value as OTLP's JSON does. */
function anyValue(value: Value): unknown {
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "string") return { stringValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** Fields that each result has anyway are not told as attributes too. */
const TOLD: ReadonlySet<string> = new Set([
  "duration",
  "name",
  "traceDuration",
  "traceRootSpan",
  "traceRootService",
  "traceId",
  "spanId",
]);

/** traceResult gives a found trace as Tempo's search does; of each set of spans `most` are shown. */
export function traceResult({ trace, sets }: Found, fields: readonly Field[], most: number): unknown {
  const spanSets = sets.map((set) => spanSet(set, trace, fields, most));
  return {
    traceID: trace.id,
    rootServiceName: trace.rootService === "" ? "<root span not yet received>" : trace.rootService,
    rootTraceName: trace.rootName,
    startTimeUnixNano: String(trace.start_ns),
    durationMs: Number(trace.duration_ns / 1_000_000n),
    spanSet: spanSets[0],
    spanSets,
  };
}

function spanSet(set: Spanset, trace: Trace, fields: readonly Field[], most: number): unknown {
  const attributes = [
    ...set.group.map(({ field, value }) => ({ key: `by(${fieldText(field)})`, value: anyValue(value) })),
    ...set.scalars.map(({ text, value }) => ({ key: text, value: { doubleValue: value } })),
  ];
  return {
    spans: set.spans.slice(0, most).map((span) => spanResult(span, trace, fields)),
    matched: set.spans.length,
    ...(attributes.length === 0 ? {} : { attributes }),
  };
}

function spanResult(traceSpan: TraceSpan, trace: Trace, fields: readonly Field[]): unknown {
  const { span } = traceSpan;
  const attributes = fields.flatMap((field) => {
    if (field.kind === "intrinsic" && TOLD.has(field.name)) return [];
    if (field.kind === "attribute") {
      return sentOf(field, span)
        .slice(0, 1)
        .map(({ text, type }) => ({ key: field.name, value: jsonValue(text, type) }));
    }
    const [value] = fieldValues(field, traceSpan, trace);
    return value === undefined ? [] : [{ key: field.text, value: anyValue(value) }];
  });
  return {
    spanID: span.span_id,
    name: span.operation,
    startTimeUnixNano: String(span.start_ns),
    durationNanos: String(span.duration_ns),
    ...(attributes.length === 0 ? {} : { attributes }),
  };
}

const labelValue = (value: string | number): unknown =>
  typeof value === "number" ? { doubleValue: value } : { stringValue: value };

function shown(labels: readonly Label[]): { labels: unknown[]; promLabels: string } {
  const texts = labels.map(
    ([name, value]) =>
      `${/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name)}=${JSON.stringify(String(value))}`,
  );
  return {
    labels: labels.map(([key, value]) => ({ key, value: labelValue(value) })),
    promLabels: `{${texts.join(", ")}}`,
  };
}

/** rangeSeries gives a series with its samples; steps without a value are left out. */
export function rangeSeries({ labels, values }: Series, range: MetricsRange): unknown {
  const samples: { timestampMs: string; value: number }[] = [];
  for (const [i, value] of values.entries()) {
    if (Number.isFinite(value)) samples.push({ timestampMs: String(range.start + i * range.step), value });
  }
  return { ...shown(labels), samples, exemplars: [] };
}

/** instantSeries gives a series of one value. */
export function instantSeries({ labels, values }: Series): unknown {
  return { ...shown(labels), value: Number.isFinite(values[0]) ? values[0] : 0 };
}
