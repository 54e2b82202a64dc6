import { THRIFT, type ThriftProtocol } from "../foreign/jaeger/thrift-reader.js";

/** ThriftValue is a value with its type, as tests write it; a struct lists its fields by number, a list its elements' type. */
export type ThriftValue =
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "byte" | "i16" | "i32" | "i64"; readonly value: bigint | number }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "binary"; readonly value: string | Uint8Array }
  | { readonly type: "struct"; readonly fields: Readonly<Record<number, ThriftValue>> }
  | { readonly type: "list" | "set"; readonly of: keyof typeof codes; readonly items: readonly ThriftValue[] }
  | { readonly type: "map"; readonly entries: readonly (readonly [ThriftValue, ThriftValue])[] };

const codes = {
  bool: THRIFT.BOOL,
  byte: THRIFT.BYTE,
  double: THRIFT.DOUBLE,
  i16: THRIFT.I16,
  i32: THRIFT.I32,
  i64: THRIFT.I64,
  binary: THRIFT.BINARY,
  struct: THRIFT.STRUCT,
  map: THRIFT.MAP,
  set: THRIFT.SET,
  list: THRIFT.LIST,
} as const;
const compactCodes: Readonly<Record<keyof typeof codes, number>> = {
  bool: 1,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
};

const widths = { i16: 2, i32: 4, i64: 8 } as const;

/** thriftCall writes a call of one way: the head, and the arguments as a struct. */
export function thriftCall(name: string, args: ThriftValue, protocol: ThriftProtocol): Buffer {
  const text = Buffer.from(name);
  const oneWay = 4;
  const head =
    protocol === "compact"
      ? Buffer.concat([Buffer.from([0x82, (oneWay << 5) | 1]), varint(7n), varint(BigInt(text.length)), text])
      : Buffer.concat([int(0x8001_0000 | oneWay, 4), int(text.length, 4), text, int(7, 4)]);
  return Buffer.concat([head, thriftBytes(args, protocol)]);
}

/** thriftBytes writes a value without its type. */
export function thriftBytes(value: ThriftValue, protocol: ThriftProtocol): Buffer {
  const compact = protocol === "compact";
  const inner = (each: ThriftValue): Buffer => thriftBytes(each, protocol);
  const code = (type: keyof typeof codes): number => (compact ? compactCodes[type] : codes[type]);
  switch (value.type) {
    case "bool":
      return Buffer.from([value.value ? 1 : compact ? 2 : 0]);
    case "byte":
      return int(value.value, 1);
    case "i16":
    case "i32":
    case "i64":
      return compact ? zigzag(BigInt(value.value)) : int(value.value, widths[value.type]);
    case "double": {
      const bytes = Buffer.alloc(8);
      if (compact) bytes.writeDoubleLE(value.value);
      else bytes.writeDoubleBE(value.value);
      return bytes;
    }
    case "binary": {
      const bytes = Buffer.from(value.value);
      return Buffer.concat([compact ? varint(BigInt(bytes.length)) : int(bytes.length, 4), bytes]);
    }
    case "struct":
      return structBytes(value.fields, protocol, inner, code);
    case "list":
    case "set": {
      const { length } = value.items;
      const size = length < 15 ? Buffer.alloc(0) : varint(BigInt(length));
      const head = compact
        ? Buffer.concat([Buffer.from([(Math.min(length, 15) << 4) | code(value.of)]), size])
        : Buffer.concat([Buffer.from([code(value.of)]), int(length, 4)]);
      return Buffer.concat([head, ...value.items.map(inner)]);
    }
    case "map": {
      const { length } = value.entries;
      const [key, of] = value.entries[0] ?? [];
      const types = [key?.type ?? "byte", of?.type ?? "byte"] as const;
      const head = compact
        ? length === 0
          ? varint(0n)
          : Buffer.concat([varint(BigInt(length)), Buffer.from([(code(types[0]) << 4) | code(types[1])])])
        : Buffer.concat([Buffer.from(types.map(code)), int(length, 4)]);
      return Buffer.concat([head, ...value.entries.flat().map(inner)]);
    }
  }
}

function structBytes(
  fields: Readonly<Record<number, ThriftValue>>,
  protocol: ThriftProtocol,
  inner: (value: ThriftValue) => Buffer,
  code: (type: keyof typeof codes) => number,
): Buffer {
  const parts: Buffer[] = [];
  let last = 0;
  for (const [key, value] of Object.entries(fields)) {
    const number = Number(key);
    if (protocol === "binary") parts.push(Buffer.from([code(value.type)]), int(number, 2), inner(value));
    else {
      const type = value.type === "bool" && !value.value ? 2 : code(value.type);
      const step = number - last;
      if (step > 0 && step < 16) parts.push(Buffer.from([(step << 4) | type]));
      else parts.push(Buffer.from([type]), zigzag(BigInt(number)));
      if (value.type !== "bool") parts.push(inner(value));
    }
    last = number;
  }
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function int(value: bigint | number, bytes: 1 | 2 | 4 | 8): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
  return buffer.subarray(8 - bytes);
}

function zigzag(value: bigint): Buffer {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}

// --------------------------------------------------------------------------------------------------------- Jaeger's structs

const text = (value: string): ThriftValue => ({ type: "binary", value });
const i64 = (value: bigint | number): ThriftValue => ({ type: "i64", value });
const struct = (fields: Readonly<Record<number, ThriftValue>>): ThriftValue => ({ type: "struct", fields });
const structs = (items: readonly ThriftValue[]): ThriftValue => ({ type: "list", of: "struct", items });

/** jaegerTag is a Tag of the type that its value has; bigint is LONG, bytes BINARY. */
export function jaegerTag(key: string, value: string | number | boolean | bigint | Uint8Array): ThriftValue {
  const of = (type: number, field: number, told: ThriftValue): ThriftValue =>
    struct({ 1: text(key), 2: { type: "i32", value: type }, [field]: told });
  if (typeof value === "string") return of(0, 3, text(value));
  if (typeof value === "number") return of(1, 4, { type: "double", value });
  if (typeof value === "boolean") return of(2, 5, { type: "bool", value });
  if (typeof value === "bigint") return of(3, 6, i64(value));
  return of(4, 7, { type: "binary", value });
}

/** SampleSpan is a span of jaeger.thrift with what a test wants in it. */
export interface SampleSpan {
  readonly name: string;
  readonly traceLow?: bigint;
  readonly traceHigh?: bigint;
  readonly id?: bigint;
  readonly parent?: bigint;
  readonly tags?: readonly ThriftValue[];
  readonly logs?: readonly { readonly micros: bigint; readonly fields: readonly ThriftValue[] }[];
  readonly references?: readonly { readonly kind: number; readonly low: bigint; readonly id: bigint }[];
}

/** jaegerBatch is a Batch of spans that begin at 1,700,000,000 s and take 1.5 ms. */
export function jaegerBatch(
  service: string,
  processTags: readonly ThriftValue[],
  spans: readonly SampleSpan[],
): ThriftValue {
  return struct({
    1: struct({ 1: text(service), 2: structs(processTags) }),
    2: structs(spans.map(spanValue)),
  });
}

function spanValue(span: SampleSpan): ThriftValue {
  const references = (span.references ?? []).map(({ kind, low, id }) =>
    struct({ 1: { type: "i32", value: kind }, 2: i64(low), 3: i64(0), 4: i64(id) }),
  );
  return struct({
    1: i64(span.traceLow ?? 0x463a_c35c_9f64_13adn),
    2: i64(span.traceHigh ?? 0n),
    3: i64(span.id ?? -0x5b05_9c6f_90ca_3ef2n),
    4: i64(span.parent ?? 0n),
    5: text(span.name),
    ...(references.length === 0 ? {} : { 6: structs(references) }),
    7: { type: "i32", value: 1 },
    8: i64(1_700_000_000_000_000n),
    9: i64(1500n),
    10: structs(span.tags ?? []),
    11: structs(
      (span.logs ?? []).map(({ micros, fields }) => struct({ 1: i64(micros), 2: structs(fields) })),
    ),
    12: { type: "bool", value: false },
  });
}
