import { createHash } from "node:crypto";
import type { Signal } from "../schema/columns.js";
import { COLUMNS } from "../schema/columns.js";

/** PlainValue is what a test puts into a column; every other column is empty or 0. */
export type PlainValue = string | bigint | number;

const FIXED: Readonly<Record<string, number>> = {
  UInt8: 1,
  Int8: 1,
  UInt32: 4,
  Int32: 4,
  UInt64: 8,
  Int64: 8,
  Float64: 8,
};

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left >= 0x80) {
    bytes.push((left & 0x7f) | 0x80);
    left = Math.floor(left / 128);
  }
  return [...bytes, left];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([Buffer.from(varint(bytes.length)), bytes]);
}

function column(type: string, values: readonly (PlainValue | undefined)[]): Buffer {
  if (type === "String") return Buffer.concat(values.map((value) => text(String(value ?? ""))));
  // Empty arrays and maps: an offset of 0 for each row, and no elements.
  if (type.startsWith("Array(") || type.startsWith("Map(")) return Buffer.alloc(values.length * 8);
  if (type.startsWith("Enum8(")) return Buffer.from(values.map((value) => Number(value ?? 1)));
  const size = FIXED[type];
  if (size === undefined) throw new TypeError(`no plain column of type ${type}`);
  const bytes = Buffer.alloc(values.length * size);
  for (const [index, value] of values.entries()) {
    if (type === "Float64") bytes.writeDoubleLE(Number(value ?? 0), index * size);
    else if (size === 8) bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value ?? 0)), index * size);
    else bytes.writeUIntLE(Number(value ?? 0), index * size, size);
  }
  return bytes;
}

/** plainBlock makes a Native block of `rows` rows for tests, independent of the package's own column writer. */
export function plainBlock(
  signal: Signal,
  rows: number,
  value: (name: string, row: number) => PlainValue | undefined,
): { readonly signal: Signal; readonly rows: number; readonly bytes: Uint8Array } {
  const parts: Buffer[] = [Buffer.from(varint(COLUMNS[signal].length)), Buffer.from(varint(rows))];
  for (const { name, type } of COLUMNS[signal]) {
    const plain = type.replaceAll("LowCardinality(String)", "String");
    const values = Array.from({ length: rows }, (_, row) => value(name, row));
    parts.push(text(name), text(plain), column(plain, values));
  }
  return { signal, rows, bytes: Buffer.concat(parts) };
}

/** spanIdOf gives the span id of text: 16 digits of its hash. */
export function spanIdOf(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, 16);
}

/** traceIdOf gives the trace id that is text of at most 16 letters, in hexadecimal. */
export function traceIdOf(name: string): string {
  return Buffer.from(name, "utf8").toString("hex").padEnd(32, "0");
}

/** NAME_OF is the text that a trace id of traceIdOf is. */
export const NAME_OF = "trimRight(unhex(trace_id), '\\0')";

/** spanBlock makes spans called `prefix-0`, `prefix-1`, … by their trace ids, at the present time. */
export function spanBlock(prefix: string, rows: number): ReturnType<typeof plainBlock> {
  const now_ns = BigInt(Date.now()) * 1_000_000n;
  return plainBlock("traces", rows, (name, row) => {
    if (name === "span_id") return spanIdOf(`${prefix}-${row}`);
    if (name === "trace_id") return traceIdOf(`${prefix}-${row}`);
    if (name === "service_name") return "shop";
    if (name === "operation") return "GET /cart";
    if (name === "timestamp_ns") return now_ns + BigInt(row);
    if (name === "duration_ns") return BigInt(row) * 1000n;
    return undefined;
  });
}
