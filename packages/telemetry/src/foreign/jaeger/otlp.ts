import type { AnyValue, KeyValue } from "../../otlp/common.js";
import type { Input } from "../../otlp/message.js";
import {
  type ExportTraceServiceRequest,
  type ResourceSpans,
  SPAN_KIND,
  type Span,
  type SpanEvent,
  type SpanLink,
  STATUS_CODE,
} from "../../otlp/trace.js";
import { ATTR } from "../../semantic.js";
import { textValue } from "../values.js";
import type { JaegerBatch, JaegerProcess, JaegerSpan, JaegerTag } from "./model.js";

// The rules are those of OpenTelemetry's translator (opentelemetry-collector-contrib: pkg/translator/jaeger): what its exporters
// wrote into tags goes back where it came from.

const kinds: Readonly<Record<string, number>> = {
  client: SPAN_KIND.CLIENT,
  server: SPAN_KIND.SERVER,
  producer: SPAN_KIND.PRODUCER,
  consumer: SPAN_KIND.CONSUMER,
  internal: SPAN_KIND.INTERNAL,
};

type Values = Map<string, AnyValue>;

/** jaegerToOtlp makes OTLP of batches: a process is a resource, a span's process goes before its batch's. */
export function jaegerToOtlp(batches: readonly JaegerBatch[]): Input<ExportTraceServiceRequest> {
  const resources = new Map<
    JaegerProcess,
    Map<string, { name: string; version: string; spans: Input<Span>[] }>
  >();
  for (const { process, spans } of batches)
    for (const span of spans) {
      const owner = span.process ?? process;
      const scopes = resources.get(owner) ?? new Map();
      resources.set(owner, scopes);
      const values = valuesOf(span.tags);
      const name = takeText(values, "otel.scope.name", "otel.library.name");
      const version = takeText(values, "otel.scope.version", "otel.library.version");
      const key = JSON.stringify([name, version]);
      const scope = scopes.get(key) ?? { name, version, spans: [] };
      scopes.set(key, scope);
      scope.spans.push(spanOf(span, values));
    }
  const resourceSpans = [...resources].map(
    ([process, scopes]): Input<ResourceSpans> => ({
      resource: { attributes: resourceOf(process) },
      scopeSpans: [...scopes.values()].map(({ name, version, spans }) => ({
        scope: { name, version },
        spans,
      })),
    }),
  );
  return { resourceSpans };
}

function resourceOf({ serviceName, tags }: JaegerProcess): KeyValue[] {
  const values = valuesOf(tags);
  rename(values, "hostname", ATTR.HOST_NAME);
  const version = values.get("jaeger.version");
  if (version !== undefined && !values.has("opencensus.exporterversion")) {
    values.delete("jaeger.version");
    values.set("opencensus.exporterversion", { stringValue: `Jaeger-${textOf(version)}` });
  }
  // The exporters' word for a resource that had no name.
  const named = serviceName === "" || serviceName === "OTLPResourceNoServiceName" ? "" : serviceName;
  if (!values.has(ATTR.SERVICE_NAME))
    return [textValue(ATTR.SERVICE_NAME, named === "" ? "unknown_service" : named), ...attributesOf(values)];
  return attributesOf(values);
}

function rename(values: Values, from: string, to: string): void {
  const value = values.get(from);
  if (value === undefined || values.has(to)) return;
  values.delete(from);
  values.set(to, value);
}

function spanOf(span: JaegerSpan, values: Values): Input<Span> {
  const parent = span.parentSpanId === "" ? parentOf(span) : span.parentSpanId;
  const kind = kinds[takeText(values, "span.kind")] ?? SPAN_KIND.UNSPECIFIED;
  const status = statusOf(values, kind);
  const traceState = takeText(values, "w3c.tracestate");
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: parent,
    traceState,
    name: span.name,
    kind,
    startTimeUnixNano: span.start,
    endTimeUnixNano: later(span.start, span.end),
    attributes: attributesOf(values),
    events: span.logs.map(({ time, fields }): Input<SpanEvent> => {
      const told = valuesOf(fields);
      const name = takeText(told, "event");
      return { timeUnixNano: time, name, attributes: attributesOf(told) };
    }),
    links: span.references.flatMap(({ childOf, traceId, spanId }): Input<SpanLink>[] =>
      childOf && spanId === parent
        ? []
        : [
            {
              traceId,
              spanId,
              attributes: [textValue("opentracing.ref_type", childOf ? "child_of" : "follows_from")],
            },
          ],
    ),
    ...(status === undefined ? {} : { status }),
  };
}

/** parentOf finds a parent among the references to the same trace: the first CHILD_OF, else the first FOLLOWS_FROM. */
function parentOf({ references, traceId }: JaegerSpan): string {
  const own = references.filter((each) => each.traceId === traceId);
  return (own.find((each) => each.childOf) ?? own[0])?.spanId ?? "";
}

function later(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

function statusOf(values: Values, kind: number): { code: number; message: string } | undefined {
  const error = values.get("error");
  // Jaeger's own pages take the text "true" for an error, as older clients write it.
  const failed = error?.boolValue === true || error?.stringValue === "true";
  const told = takeText(values, "otel.status_code").toUpperCase();
  const httpMessage = textOf(values.get("http.status_message"));
  if (failed) {
    values.delete("error");
    return { code: STATUS_CODE.ERROR, message: takeText(values, "otel.status_description") || httpMessage };
  }
  if (told !== "") {
    const message = takeText(values, "otel.status_description");
    if (told === "OK") return { code: STATUS_CODE.OK, message };
    return { code: told === "ERROR" ? STATUS_CODE.ERROR : STATUS_CODE.UNSET, message };
  }
  const http = values.get("http.status_code");
  if (http === undefined) return undefined;
  const code = Number(textOf(http));
  if (!Number.isInteger(code) || (code >= 100 && code < 400)) return undefined;
  // A server did its part when it answers 4xx.
  if (code >= 400 && code < 500 && kind === SPAN_KIND.SERVER) return undefined;
  return { code: STATUS_CODE.ERROR, message: httpMessage };
}

/** valuesOf makes attributes of tags: the last of one name counts. */
function valuesOf(tags: readonly JaegerTag[]): Values {
  return new Map(tags.map(({ key, value }) => [key, value]));
}

function attributesOf(values: Values): KeyValue[] {
  return Array.from(values, ([key, value]) => ({ key, value }));
}

/** takeText takes a value out, the first of the names that is there. */
function takeText(values: Values, ...names: readonly string[]): string {
  for (const name of names) {
    const value = values.get(name);
    if (value === undefined) continue;
    values.delete(name);
    return textOf(value);
  }
  return "";
}

function textOf(value: AnyValue | undefined): string {
  const told = value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue ?? "";
  return String(told);
}
