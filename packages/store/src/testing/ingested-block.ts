import { ExportTraceServiceRequest, encodeProtobuf } from "@go3s/telemetry";
import { TracesIngest } from "../ingest/traces.js";
import type { StoreBlock } from "../store-types.js";
import { spanIdOf, traceIdOf } from "./plain-block.js";

/** ingestedBlock makes the spans of spanBlock as a block of the form that ingest writes. */
export function ingestedBlock(prefix: string, rows: number): StoreBlock {
  const start = BigInt(Date.now()) * 1_000_000n;
  const spans = Array.from({ length: rows }, (_, row) => ({
    traceId: traceIdOf(`${prefix}-${row}`),
    spanId: spanIdOf(`${prefix}-${row}`),
    name: "GET /cart",
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(row) * 1000n,
    attributes: [{ key: "row", value: { intValue: BigInt(row) } }],
  }));
  const ingest = new TracesIngest();
  ingest.append(encodeProtobuf(ExportTraceServiceRequest, { resourceSpans: [{ scopeSpans: [{ spans }] }] }));
  const block = ingest.take();
  if (block === undefined) throw new TypeError("a block without rows");
  return block;
}
