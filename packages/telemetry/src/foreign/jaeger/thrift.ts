import { TelemetryError } from "../../errors.js";
import type { AnyValue } from "../../otlp/common.js";
import type { Input } from "../../otlp/message.js";
import type { ExportTraceServiceRequest } from "../../otlp/trace.js";
import type {
  JaegerBatch,
  JaegerLog,
  JaegerProcess,
  JaegerReference,
  JaegerSpan,
  JaegerTag,
} from "./model.js";
import { jaegerToOtlp } from "./otlp.js";
import { THRIFT, ThriftReader } from "./thrift-reader.js";

// jaegertracing/jaeger-idl: thrift/jaeger.thrift and agent.thrift. A field of another type than there is passed over, as generated
// readers do.

/**
 * jaegerThriftToOtlp reads a Batch in the binary protocol, as POST /api/traces of Jaeger's collector takes it. Throws TelemetryError
 * `malformed-thrift` or `truncated-thrift`.
 */
export function jaegerThriftToOtlp(body: Uint8Array): Input<ExportTraceServiceRequest> {
  return jaegerToOtlp([readBatch(new ThriftReader(body, "binary"))]);
}

/**
 * jaegerDatagramToOtlp reads a datagram to Jaeger's agent: the call emitBatch in the compact or the binary protocol, told apart by
 * the first byte. Throws TelemetryError `malformed-thrift` or `truncated-thrift`.
 */
export function jaegerDatagramToOtlp(datagram: Uint8Array): Input<ExportTraceServiceRequest> {
  const reader = new ThriftReader(datagram, datagram[0] === 0x82 ? "compact" : "binary");
  const { name } = reader.message();
  if (name !== "emitBatch")
    throw new TelemetryError(
      "malformed-thrift",
      `reading a datagram: it calls ${JSON.stringify(name.slice(0, 40))}`,
      {
        offset: 0,
        hint: "Jaeger's clients call emitBatch; spans in Zipkin's form go to POST /api/v2/spans as JSON",
      },
    );
  let batch: JaegerBatch | undefined;
  eachField(reader, (field, type) => {
    if (field !== 1 || type !== THRIFT.STRUCT) return false;
    batch = readBatch(reader);
    return true;
  });
  return jaegerToOtlp([required(batch, "emitBatch", "batch")]);
}

/** eachField reads a struct; `read` says whether it took a field, else it is passed over. */
function eachField(reader: ThriftReader, read: (field: number, type: number) => boolean): void {
  reader.begin();
  for (let field = reader.next(); field !== undefined; field = reader.next())
    if (!read(field, reader.type)) reader.skip();
}

function structs<T>(reader: ThriftReader, read: (reader: ThriftReader) => T): T[] {
  const count = reader.list(THRIFT.STRUCT);
  const found: T[] = [];
  for (let i = 0; i < count; i++) found.push(read(reader));
  return found;
}

function required<T>(value: T | undefined, of: string, name: string): T {
  if (value === undefined)
    throw new TelemetryError("malformed-thrift", `reading Thrift: ${of} has no ${name}`, {
      hint: "send jaeger.thrift's Batch, over HTTP in the binary protocol",
    });
  return value;
}

function readBatch(reader: ThriftReader): JaegerBatch {
  let process: JaegerProcess | undefined;
  let spans: JaegerSpan[] | undefined;
  eachField(reader, (field, type) => {
    if (field === 1 && type === THRIFT.STRUCT) process = readProcess(reader);
    else if (field === 2 && type === THRIFT.LIST) spans = structs(reader, readSpan);
    else return false;
    return true;
  });
  return { process: required(process, "Batch", "process"), spans: required(spans, "Batch", "spans") };
}

function readProcess(reader: ThriftReader): JaegerProcess {
  let serviceName: string | undefined;
  let tags: JaegerTag[] = [];
  eachField(reader, (field, type) => {
    if (field === 1 && type === THRIFT.BINARY) serviceName = reader.text();
    else if (field === 2 && type === THRIFT.LIST) tags = structs(reader, readTag);
    else return false;
    return true;
  });
  return { serviceName: required(serviceName, "Process", "serviceName"), tags };
}

function readSpan(reader: ThriftReader): JaegerSpan {
  // By field number: traceIdLow, traceIdHigh, spanId, parentSpanId, startTime, duration.
  const numbers: (bigint | undefined)[] = [];
  let name: string | undefined;
  let references: JaegerReference[] = [];
  let tags: JaegerTag[] = [];
  let logs: JaegerLog[] = [];
  eachField(reader, (field, type) => {
    if (type === THRIFT.I64 && (field <= 4 || field === 8 || field === 9)) numbers[field] = reader.i64();
    else if (field === 5 && type === THRIFT.BINARY) name = reader.text();
    else if (type !== THRIFT.LIST) return false;
    else if (field === 6) references = structs(reader, readReference);
    else if (field === 10) tags = structs(reader, readTag);
    else if (field === 11) logs = structs(reader, readLog);
    else return false;
    return true;
  });
  const parent = required(numbers[4], "Span", "parentSpanId");
  const start = required(numbers[8], "Span", "startTime");
  return {
    traceId:
      hexOf(required(numbers[2], "Span", "traceIdHigh")) + hexOf(required(numbers[1], "Span", "traceIdLow")),
    spanId: hexOf(required(numbers[3], "Span", "spanId")),
    parentSpanId: parent === 0n ? "" : hexOf(parent),
    name: required(name, "Span", "operationName"),
    start: nanoseconds(start),
    end: nanoseconds(start + required(numbers[9], "Span", "duration")),
    references,
    tags,
    logs,
  };
}

function readReference(reader: ThriftReader): JaegerReference {
  const numbers: (bigint | undefined)[] = [];
  let kind: number | undefined;
  eachField(reader, (field, type) => {
    if (field === 1 && type === THRIFT.I32) kind = reader.i32();
    else if (field >= 2 && field <= 4 && type === THRIFT.I64) numbers[field] = reader.i64();
    else return false;
    return true;
  });
  return {
    childOf: required(kind, "SpanRef", "refType") === 0,
    traceId:
      hexOf(required(numbers[3], "SpanRef", "traceIdHigh")) +
      hexOf(required(numbers[2], "SpanRef", "traceIdLow")),
    spanId: hexOf(required(numbers[4], "SpanRef", "spanId")),
  };
}

function readLog(reader: ThriftReader): JaegerLog {
  let time: bigint | undefined;
  let fields: JaegerTag[] = [];
  eachField(reader, (field, type) => {
    if (field === 1 && type === THRIFT.I64) time = reader.i64();
    else if (field === 2 && type === THRIFT.LIST) fields = structs(reader, readTag);
    else return false;
    return true;
  });
  return { time: nanoseconds(required(time, "Log", "timestamp")), fields };
}

// TagType { STRING, DOUBLE, BOOL, LONG, BINARY }: what a tag is, whatever else of it is set; the defaults stand for what is not.
const emptyValues: readonly AnyValue[] = [
  { stringValue: "" },
  { doubleValue: 0 },
  { boolValue: false },
  { intValue: 0n },
  { bytesValue: new Uint8Array(0) },
];

function readTag(reader: ThriftReader): JaegerTag {
  let key: string | undefined;
  let kind: number | undefined;
  const values: AnyValue[] = [];
  eachField(reader, (field, type) => {
    if (field === 1 && type === THRIFT.BINARY) key = reader.text();
    else if (field === 2 && type === THRIFT.I32) kind = reader.i32();
    else if (field === 3 && type === THRIFT.BINARY) values[0] = { stringValue: reader.text() };
    else if (field === 4 && type === THRIFT.DOUBLE) values[1] = { doubleValue: reader.double() };
    else if (field === 5 && type === THRIFT.BOOL) values[2] = { boolValue: reader.bool() };
    else if (field === 6 && type === THRIFT.I64) values[3] = { intValue: reader.i64() };
    else if (field === 7 && type === THRIFT.BINARY) values[4] = { bytesValue: reader.binary() };
    else return false;
    return true;
  });
  const told = required(kind, "Tag", "vType");
  return {
    key: required(key, "Tag", "key"),
    value: values[told] ?? emptyValues[told] ?? { stringValue: `<Unknown Jaeger TagType ${told}>` },
  };
}

/** hexOf writes 64 bits, which stand as a signed number, as 16 digits. */
function hexOf(id: bigint): string {
  return BigInt.asUintN(64, id).toString(16).padStart(16, "0");
}

/** nanoseconds takes microseconds; before 1970 and beyond what 64 bits hold there is no time. */
function nanoseconds(micros: bigint): bigint {
  if (micros <= 0n) return 0n;
  const nanos = micros * 1000n;
  return nanos > 0xffff_ffff_ffff_ffffn ? 0n : nanos;
}
