import {
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportProfilesServiceRequest,
  ExportTraceServiceRequest,
  jsonToProtobuf,
  TelemetryError,
} from "@go3s/telemetry";
import { ServerError } from "../errors.js";

const requestTypes = {
  traces: ExportTraceServiceRequest,
  logs: ExportLogsServiceRequest,
  metrics: ExportMetricsServiceRequest,
  profiles: ExportProfilesServiceRequest,
} as const;

// JSON.parse of this much takes about 0.2 s, in which nothing else is received, and ten times the memory.
const jsonBytes = 16 << 20;

/**
 * otlpJsonToBytes rewrites an OTLP/JSON body as protobuf, so that both take one way into the store. It costs 10 us a span of 10
 * attributes, of which JSON.parse takes 4; only senders that chose JSON pay for it. Throws "not-otlp" or "too-large".
 */
export function otlpJsonToBytes(signal: keyof typeof requestTypes, body: Uint8Array): Uint8Array {
  if (body.length > jsonBytes) {
    throw new ServerError("too-large", `a JSON body has at most ${jsonBytes} bytes`, {
      hint: "send smaller batches, or protobuf",
    });
  }
  try {
    return jsonToProtobuf(requestTypes[signal], body);
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
  }
}
