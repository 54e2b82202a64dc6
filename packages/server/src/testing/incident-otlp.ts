import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  type Input,
  type KeyValue,
} from "@go3s/telemetry";
import type { MadeSpan, World } from "./incident.js";

// A made world as OTLP requests, so that the store holds it.

const attributes = (values: Readonly<Record<string, string>>): Input<KeyValue>[] =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

const ns = (ms: number): bigint => BigInt(Math.round(ms * 1000)) * 1000n;
const kinds = { UNSPECIFIED: 0, INTERNAL: 1, SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 } as const;

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const list = groups.get(keyOf(item));
    if (list === undefined) groups.set(keyOf(item), [item]);
    else list.push(item);
  }
  return [...groups.values()];
}

const resourceKey = (span: MadeSpan): string => JSON.stringify([span.service, span.resource]);

/** worldSpans writes the spans of a world that begins at startMs. */
export function worldSpans(world: World, startMs: number): Uint8Array {
  return encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: grouped(world.spans, resourceKey).map((spans) => ({
      resource: {
        attributes: attributes({ "service.name": spans[0]?.service ?? "", ...spans[0]?.resource }),
      },
      scopeSpans: [
        {
          spans: spans.map((span) => ({
            traceId: span.trace,
            spanId: span.id,
            parentSpanId: span.parent,
            name: span.operation,
            kind: kinds[span.kind],
            startTimeUnixNano: ns(startMs + span.startMs),
            endTimeUnixNano: ns(startMs + span.endMs),
            attributes: attributes(span.attributes),
            ...(span.message === "" ? {} : { status: { code: 2, message: span.message } }),
          })),
        },
      ],
    })),
  });
}

/** worldLines writes its log lines. */
export function worldLines(world: World, startMs: number): Uint8Array {
  return encodeProtobuf(ExportLogsServiceRequest, {
    resourceLogs: grouped(world.lines, (line) => line.service).map((lines) => ({
      resource: { attributes: attributes({ "service.name": lines[0]?.service ?? "" }) },
      scopeLogs: [
        {
          logRecords: lines.map((line) => ({
            timeUnixNano: ns(startMs + line.atMs),
            severityNumber: line.level === "ERROR" ? 17 : 9,
            severityText: line.level,
            body: { stringValue: line.body },
          })),
        },
      ],
    })),
  });
}

/** worldPoints writes its gauges. */
export function worldPoints(world: World, startMs: number): Uint8Array {
  return encodeProtobuf(ExportMetricsServiceRequest, {
    resourceMetrics: grouped(world.points, (point) => point.service).map((points) => ({
      resource: { attributes: attributes({ "service.name": points[0]?.service ?? "" }) },
      scopeMetrics: [
        {
          metrics: grouped(points, (point) => point.name).map((own) => ({
            name: own[0]?.name ?? "",
            unit: own[0]?.unit ?? "",
            gauge: {
              dataPoints: own.map((point) => ({
                timeUnixNano: ns(startMs + point.atMs),
                asDouble: point.value,
              })),
            },
          })),
        },
      ],
    })),
  });
}
