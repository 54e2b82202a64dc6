import { TelemetryError } from "../errors.js";
import type { KeyValue } from "../otlp/common.js";
import { type Input, isFields } from "../otlp/message.js";
import {
  type ExportTraceServiceRequest,
  type ResourceSpans,
  SPAN_KIND,
  type Span,
  STATUS_CODE,
} from "../otlp/trace.js";
import { ATTR } from "../semantic.js";
import { textValue } from "./values.js";

// Tags that OpenTelemetry's Zipkin exporters write for what Zipkin has no field for
// (opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin).
const tagNames = {
  status: "otel.status_code",
  scope: ["otel.scope.name", "otel.library.name"],
  scopeVersion: ["otel.scope.version", "otel.library.version"],
  error: "error",
} as const;

type Json = Readonly<Record<string, unknown>>;

/**
 * zipkinToOtlp reads a list of spans in Zipkin's JSON (version 2 of its API, https://zipkin.io/zipkin-api) as an OTLP
 * request. Throws TelemetryError `malformed-json` that names the span and its field.
 */
export function zipkinToOtlp(body: Uint8Array): Input<ExportTraceServiceRequest> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
  } catch (cause) {
    throw malformed(`it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!Array.isArray(parsed)) throw malformed("it is no list of spans");
  const groups = new Map<
    string,
    { service: string; scope: { name: string; version: string }; spans: Input<Span>[] }
  >();
  parsed.forEach((each: unknown, index) => {
    const span = objectOf(each, `span ${index}`);
    const tags = span["tags"] === undefined ? {} : objectOf(span["tags"], `span ${index}: tags`);
    const service = textOf(
      objectOf(span["localEndpoint"] ?? {}, `span ${index}: localEndpoint`)["serviceName"],
    );
    const scope = { name: firstTag(tags, tagNames.scope), version: firstTag(tags, tagNames.scopeVersion) };
    const key = JSON.stringify([service, scope]);
    const group = groups.get(key) ?? { service, scope, spans: [] };
    groups.set(key, group);
    group.spans.push(spanOf(span, tags, index));
  });
  const resourceSpans = [...groups.values()].map(
    ({ service, scope, spans }): Input<ResourceSpans> => ({
      resource: { attributes: [textValue(ATTR.SERVICE_NAME, service === "" ? "unknown_service" : service)] },
      scopeSpans: [{ scope, spans }],
    }),
  );
  return { resourceSpans };
}

function spanOf(span: Json, tags: Json, index: number): Input<Span> {
  const at = `span ${index}`;
  const start = microseconds(span["timestamp"], `${at}: timestamp`);
  const duration = microseconds(span["duration"], `${at}: duration`);
  const remote = objectOf(span["remoteEndpoint"] ?? {}, `${at}: remoteEndpoint`);
  const error = tags[tagNames.error];
  const status = textOf(tags[tagNames.status]);
  const code =
    error !== undefined || status === "ERROR"
      ? STATUS_CODE.ERROR
      : status === "OK"
        ? STATUS_CODE.OK
        : STATUS_CODE.UNSET;
  const told = error === undefined || error === "true" ? "" : textOf(error);
  const parent = textOf(span["parentId"]);
  return {
    traceId: id(span["traceId"], [16, 32], `${at}: traceId`).padStart(32, "0"),
    spanId: id(span["id"], [16], `${at}: id`),
    parentSpanId: parent === "" ? "" : id(parent, [16], `${at}: parentId`),
    name: textOf(span["name"]),
    kind: kindOf(textOf(span["kind"])),
    startTimeUnixNano: start,
    endTimeUnixNano: start + duration,
    attributes: [...attributesOf(tags), ...peerOf(remote)],
    events: listOf(span["annotations"], `${at}: annotations`).map((each, i) => {
      const annotation = objectOf(each, `${at}: annotation ${i}`);
      return {
        timeUnixNano: microseconds(annotation["timestamp"], `${at}: annotation ${i}: timestamp`),
        name: textOf(annotation["value"]),
      };
    }),
    ...(code === STATUS_CODE.UNSET ? {} : { status: { code, message: told } }),
  };
}

const ownTags: ReadonlySet<string> = new Set([tagNames.status, ...tagNames.scope, ...tagNames.scopeVersion]);

function attributesOf(tags: Json): KeyValue[] {
  return Object.entries(tags).flatMap(([key, value]) =>
    ownTags.has(key) ? [] : [textValue(key, textOf(value))],
  );
}

function peerOf(remote: Json): KeyValue[] {
  const found: KeyValue[] = [];
  const name = textOf(remote["serviceName"]);
  const address = textOf(remote["ipv4"]) || textOf(remote["ipv6"]);
  const port = remote["port"];
  if (name !== "") found.push(textValue("peer.service", name));
  if (address !== "") found.push(textValue("network.peer.address", address));
  if (typeof port === "number" && Number.isInteger(port))
    found.push({ key: "network.peer.port", value: { intValue: BigInt(port) } });
  return found;
}

function kindOf(text: string): number {
  switch (text) {
    case "CLIENT":
      return SPAN_KIND.CLIENT;
    case "SERVER":
      return SPAN_KIND.SERVER;
    case "PRODUCER":
      return SPAN_KIND.PRODUCER;
    case "CONSUMER":
      return SPAN_KIND.CONSUMER;
    default:
      // Zipkin has no name for a span within a process.
      return SPAN_KIND.INTERNAL;
  }
}

function id(value: unknown, lengths: readonly number[], what: string): string {
  const text = textOf(value).toLowerCase();
  if (!lengths.includes(text.length) || !/^[0-9a-f]+$/.test(text) || /^0+$/.test(text))
    throw malformed(`${what} is not ${lengths.join(" or ")} hexadecimal digits`);
  return text;
}

function microseconds(value: unknown, what: string): bigint {
  if (value === undefined || value === null) return 0n;
  const number = typeof value === "number" ? value : Number.NaN;
  if (!Number.isSafeInteger(number) || number < 0) throw malformed(`${what} is no number of microseconds`);
  return BigInt(number) * 1000n;
}

function firstTag(tags: Json, names: readonly string[]): string {
  return textOf(tags[names.find((name) => tags[name] !== undefined) ?? ""]);
}

function objectOf(value: unknown, what: string): Json {
  if (!isFields(value)) throw malformed(`${what} is no object`);
  return value;
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(`${what} are no list`);
  return value;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : String(value);
}

function malformed(why: string): TelemetryError {
  return new TelemetryError("malformed-json", `reading Zipkin spans: ${why}`, {
    hint: "send a list of spans as POST /api/v2/spans of Zipkin takes it",
  });
}
