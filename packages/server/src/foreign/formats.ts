import {
  decodeProtobuf,
  ExportMetricsServiceRequest,
  ExportTraceServiceRequest,
  encodeProtobuf,
  jaegerThriftToOtlp,
  remoteWriteToOtlp,
  seriesOfV1,
  seriesOfV2,
  TelemetryError,
  WriteRequestV1,
  WriteRequestV2,
  zipkinToOtlp,
} from "@go3s/telemetry";
import { ServerError, textOf } from "../errors.js";
import { SnappyError, unsnappy } from "../receive/snappy.js";
import type { OtlpSignal } from "../receive/status.js";
import { ingestToOtlp, pprofToOtlp, pprofTypes, pushToOtlp } from "./pprof.js";

/** Translated is a request of another protocol as OTLP, and the headers that its sender expects. */
export interface Translated {
  readonly otlp: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Foreign is another protocol that we take. */
export interface Foreign {
  readonly name: string;
  readonly signal: OtlpSignal["signal"];
  readonly path: string;
  /** success is the status that the protocol's own servers answer with. */
  readonly success: number;
  /** types are the media types that are taken; none means any. */
  readonly types: readonly string[];
  /** snappy: bodies are in Snappy's block format whatever Content-Encoding says of it. */
  readonly snappy: boolean;
  /** translate throws ServerError "not-otlp" for what is not of the protocol. */
  readonly translate: (
    body: Uint8Array,
    contentType: string,
    search: URLSearchParams,
    most: number,
  ) => Translated;
}

/** foreignFormats are the rows. */
export const foreignFormats: readonly Foreign[] = [
  {
    name: "zipkin",
    signal: "traces",
    path: "/api/v2/spans",
    success: 202,
    types: ["application/json"],
    snappy: false,
    translate: (body) => ({
      otlp: encodeProtobuf(ExportTraceServiceRequest, zipkinToOtlp(body)),
      headers: {},
    }),
  },
  {
    name: "jaeger",
    signal: "traces",
    path: "/api/traces",
    success: 202,
    types: ["application/x-thrift", "application/vnd.apache.thrift.binary"],
    snappy: false,
    translate: (body) => ({
      otlp: encodeProtobuf(ExportTraceServiceRequest, jaegerThriftToOtlp(body)),
      headers: {},
    }),
  },
  {
    name: "prometheus",
    signal: "metrics",
    path: "/api/v1/write",
    success: 204,
    types: ["application/x-protobuf"],
    snappy: true,
    translate: translateRemoteWrite,
  },
  {
    name: "pprof",
    signal: "profiles",
    path: "/v1/pprof",
    success: 200,
    types: pprofTypes,
    snappy: false,
    translate: (body, contentType, search, most) => ({
      otlp: pprofToOtlp({ body, contentType, search, most }),
      headers: {},
    }),
  },
  {
    name: "pyroscope",
    signal: "profiles",
    path: "/ingest",
    success: 200,
    types: pprofTypes,
    snappy: false,
    translate: (body, contentType, search, most) => ({
      otlp: ingestToOtlp({ body, contentType, search, most }),
      headers: {},
    }),
  },
  {
    name: "pyroscope",
    signal: "profiles",
    path: "/push.v1.PusherService/Push",
    success: 200,
    types: ["application/proto"],
    snappy: false,
    // Connect's unary protocol: the empty PushResponse is a body of no bytes.
    translate: (body, contentType, search, most) => ({
      otlp: pushToOtlp({ body, contentType, search, most }),
      headers: { "Content-Type": "application/proto" },
    }),
  },
];

// The Content-Type's parameter `proto` names the message; without it it is that of version 1.0.
const messageV2 = "io.prometheus.write.v2.Request";

function translateRemoteWrite(body: Uint8Array, contentType: string): Translated {
  const proto = /;\s*proto=([\w.]+)/.exec(contentType)?.[1] ?? "prometheus.WriteRequest";
  if (proto !== messageV2 && proto !== "prometheus.WriteRequest")
    throw new ServerError("unsupported-type", `${proto} is no message of remote write`, {
      hint: `prometheus.WriteRequest (1.0) and ${messageV2} (2.0) are taken`,
    });
  const series =
    proto === messageV2
      ? seriesOfV2(decodeProtobuf(WriteRequestV2, body))
      : seriesOfV1(decodeProtobuf(WriteRequestV1, body));
  const { request, written } = remoteWriteToOtlp(series);
  return {
    otlp: encodeProtobuf(ExportMetricsServiceRequest, request),
    headers: {
      "X-Prometheus-Remote-Write-Samples-Written": String(written.samples),
      "X-Prometheus-Remote-Write-Histograms-Written": String(written.histograms),
      "X-Prometheus-Remote-Write-Exemplars-Written": String(written.exemplars),
    },
  };
}

/** translate takes a body to OTLP: out of Snappy where that is the protocol's, then by its own rules. */
export function translate(
  foreign: Foreign,
  body: Uint8Array,
  contentType: string,
  most: number,
  search: URLSearchParams = new URLSearchParams(),
): Translated {
  let bytes = body;
  if (foreign.snappy) {
    try {
      bytes = unsnappy(body, most);
    } catch (cause) {
      if (cause instanceof SnappyError && cause.tooLarge)
        throw new ServerError("too-large", `the body is larger than ${most} bytes after decompression`, {
          hint: "send smaller batches",
        });
      throw new ServerError("bad-encoding", `the body is not Snappy's block format: ${textOf(cause)}`, {
        cause,
      });
    }
  }
  try {
    return foreign.translate(bytes, contentType, search, most);
  } catch (error) {
    if (!(error instanceof TelemetryError)) throw error;
    throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
  }
}
