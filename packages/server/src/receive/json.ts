import {
  decodeJson,
  ExportLogsServiceRequest,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  TelemetryError,
} from "@go3s/telemetry";
import { ServerError } from "../errors.js";

/**
 * otlpJsonToBytes rewrites an OTLP/JSON body as protobuf, so that both take one way into the store. It costs an object per item
 * (JSON.parse alone does 0.19 M spans per CPU-second), which only senders that chose JSON pay for. Throws "not-otlp".
 */
export function otlpJsonToBytes(signal: "traces" | "logs" | "metrics", body: Uint8Array): Uint8Array {
  try {
    if (signal === "traces")
      return encodeProtobuf(ExportTraceServiceRequest, decodeJson(ExportTraceServiceRequest, body));
    if (signal === "logs")
      return encodeProtobuf(ExportLogsServiceRequest, decodeJson(ExportLogsServiceRequest, body));
    return encodeProtobuf(ExportMetricsServiceRequest, decodeJson(ExportMetricsServiceRequest, body));
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
  }
}
