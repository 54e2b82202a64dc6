import { ExportTraceServiceRequest, encodeProtobuf, FUSED } from "@go3s/telemetry";
import { field } from "../sample/rebuild.js";

/** TestSpan is a span of a test: `trace` is the first half of its id, `random` the last 14 digits. */
export interface TestSpan {
  readonly trace: string;
  readonly random?: string;
  readonly id: string;
  readonly parent?: string;
  readonly error?: boolean;
  readonly critical?: boolean | string;
  readonly lasted_ms?: number;
  readonly state?: string;
}

const zeros = "0000000000000000";
const start = 1_700_000_000_000_000_000n;

/** traceIdOf gives the id: traces end with zeros unless they are to be kept by their id. */
export function traceIdOf({ trace, random = "00000000000001" }: TestSpan): string {
  return `${trace.padEnd(18, "a")}${random}`;
}

/** plainRequest makes an Export request of one resource and one scope. */
export function plainRequest(spans: readonly TestSpan[]): Uint8Array {
  return encodeProtobuf(ExportTraceServiceRequest, {
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
        schemaUrl: "https://example.com/resource",
        scopeSpans: [
          {
            scope: { name: "peer", version: "2" },
            schemaUrl: "https://example.com/scope",
            spans: spans.map((span) => ({
              traceId: traceIdOf(span),
              spanId: span.id.padStart(16, "0"),
              parentSpanId: span.parent?.padStart(16, "0") ?? "",
              name: `span ${span.id}`,
              traceState: span.state ?? "",
              startTimeUnixNano: start,
              endTimeUnixNano: start + BigInt((span.lasted_ms ?? 1) * 1e6),
              attributes:
                span.critical === undefined
                  ? []
                  : [
                      {
                        key: "go3s.critical",
                        value:
                          typeof span.critical === "string"
                            ? { stringValue: span.critical }
                            : { boolValue: span.critical },
                      },
                    ],
              status: { code: span.error === true ? 2 : 0 },
            })),
          },
        ],
      },
    ],
  });
}

/** fusedRequest makes the same in the form of docs/fused-otlp.md, with two shared parts: errors have the second. */
export function fusedRequest(spans: readonly TestSpan[]): Uint8Array {
  const name = field(5, [Buffer.from("GET /")]);
  const fails = field(15, [Buffer.from([3 << 3, 2])]);
  const rows = spans.map((span) => {
    const row = Buffer.alloc(FUSED.ROW_BYTES);
    row.writeUInt32LE(span.error === true ? 1 : 0, FUSED.ROW.SHARED);
    row.write(traceIdOf(span), FUSED.ROW.TRACE_ID, "hex");
    row.write(span.id.padStart(16, "0"), FUSED.ROW.SPAN_ID, "hex");
    row.write(span.parent?.padStart(16, "0") ?? zeros, FUSED.ROW.PARENT_ID, "hex");
    row.writeBigUInt64LE(start, FUSED.ROW.START);
    row.writeBigUInt64LE(start + BigInt((span.lasted_ms ?? 1) * 1e6), FUSED.ROW.END);
    return row;
  });
  const scope = [field(FUSED.SHARED, [name]), field(FUSED.SHARED, [name, fails]), field(FUSED.ROWS, rows)];
  return field(1, [field(2, scope)]);
}
