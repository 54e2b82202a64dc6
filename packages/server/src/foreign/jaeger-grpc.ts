import {
  ExportTraceServiceRequest,
  encodeProtobuf,
  jaegerProtoToOtlp,
  TelemetryError,
} from "@go3s/telemetry";
import { count } from "../counters.js";
import { ServerError } from "../errors.js";
import type { UnaryMethod } from "../receive/grpc/call.js";
import { type Receiver, succeed } from "../receive/receiver.js";
import { otlpSignals } from "../receive/status.js";

/** jaegerPostSpans is the path and the method of Jaeger's CollectorService (jaeger-idl: proto/api_v2/collector.proto). */
export function jaegerPostSpans(receiver: Receiver): [path: string, method: UnaryMethod] {
  const method: UnaryMethod = {
    label: "traces",
    async handle(message, wireBytes) {
      const signal = otlpSignals.find((each) => each.signal === "traces");
      if (signal === undefined) throw new TypeError("no signal is called traces");
      count(receiver.counters, "bytes", "jaeger-grpc", "traces").value += wireBytes;
      const otlp = toOtlp(message);
      succeed(receiver, "jaeger-grpc", signal, await receiver.intake.accept("traces", otlp));
      // PostSpansResponse has no fields.
      return new Uint8Array(0);
    },
  };
  return ["/jaeger.api_v2.CollectorService/PostSpans", method];
}

function toOtlp(message: Uint8Array): Uint8Array {
  try {
    return encodeProtobuf(ExportTraceServiceRequest, jaegerProtoToOtlp(message));
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
  }
}
