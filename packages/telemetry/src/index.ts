export { formatTraceparent, parseTraceparent, TRACE_FLAG, type TraceParent } from "./context/traceparent.js";
export {
  formatTracestate,
  parseTracestate,
  type TraceStateEntry,
  updateTracestate,
} from "./context/tracestate.js";
export * from "./errors.js";
export type {
  Exposition,
  ExpositionExemplar,
  ExpositionFamily,
  ExpositionSample,
  ExpositionType,
} from "./foreign/exposition/exposition.js";
export { type ExpositionOptions, parseExposition } from "./foreign/exposition/parse.js";
export { createScrapeTranslator, type ScrapeTranslator } from "./foreign/exposition/scraped.js";
export { jaegerProtoToOtlp, PostSpansRequest } from "./foreign/jaeger/proto.js";
export { jaegerDatagramToOtlp, jaegerThriftToOtlp } from "./foreign/jaeger/thrift.js";
export { type PprofSource, PprofToOtlp } from "./foreign/pprof/to-otlp.js";
export { type PprofFrame, PprofWriter } from "./foreign/pprof/writer.js";
export {
  remoteWriteToOtlp,
  seriesOfV1,
  seriesOfV2,
  type Written,
  type WrittenSeries,
} from "./foreign/prometheus.js";
export * from "./foreign/remote-write.js";
export { zipkinToOtlp } from "./foreign/zipkin.js";
export { type AttributeKey, attributeKey } from "./hot/attribute-key.js";
export { FUSED, FusedSpanWriter } from "./hot/fused-span-writer.js";
export { LogWriter } from "./hot/log-writer.js";
export { type SpanShare, SpanWriter } from "./hot/span-writer.js";
export * from "./otlp/common.js";
export { decodeJson } from "./otlp/json-decode.js";
export { encodeJson } from "./otlp/json-encode.js";
export { jsonToProtobuf } from "./otlp/json-to-protobuf.js";
export * from "./otlp/logs.js";
export type { Input, MessageType } from "./otlp/message.js";
export * from "./otlp/metrics.js";
export * from "./otlp/points.js";
export * from "./otlp/profiles.js";
export { decodeProtobuf } from "./otlp/protobuf-decode.js";
export { encodeProtobuf } from "./otlp/protobuf-encode.js";
export { RPC_CODE, RpcDetail, RpcStatus, retryInfo, statusJson } from "./otlp/status.js";
export * from "./otlp/trace.js";
export * from "./semantic.js";
export { malformed, WireReader } from "./wire/reader.js";
export { MAX_DEPTH, WIRE } from "./wire/types.js";
export { WireWriter } from "./wire/writer.js";
