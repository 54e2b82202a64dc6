import { WIRE } from "../wire/types.js";
import type { WireWriter } from "../wire/writer.js";
import type { NamedField } from "./message.js";
import type { Scalar } from "./scalar.js";

/** writeScalar writes a value that is known to fit its field, with its tag or, in a packed list, without. */
export function writeScalar(field: NamedField, writer: WireWriter, value: Scalar, tagged: boolean): void {
  const { number } = field;
  if (typeof value === "bigint") {
    const lo = Number(BigInt.asUintN(32, value));
    const hi = Number(BigInt.asUintN(32, value >> 32n));
    const fixed = field.kind === "fixed64" || field.kind === "sfixed64";
    if (tagged) writer.tag(number, fixed ? WIRE.FIXED64 : WIRE.VARINT);
    if (fixed) writer.fixed64(lo, hi);
    else writer.varint64(lo, hi);
  } else if (typeof value === "string") {
    if (tagged) writer.tag(number, WIRE.BYTES);
    if (field.kind === "hex") writer.hex(value);
    else writer.string(value);
  } else if (typeof value === "boolean") {
    if (tagged) writer.tag(number, WIRE.VARINT);
    writer.uint32(value ? 1 : 0);
  } else if (value instanceof Uint8Array) {
    if (tagged) writer.tag(number, WIRE.BYTES);
    writer.bytes(value);
  } else if (field.kind === "double") {
    if (tagged) writer.tag(number, WIRE.FIXED64);
    writer.double(value);
  } else if (field.kind === "fixed32") {
    if (tagged) writer.tag(number, WIRE.FIXED32);
    writer.fixed32(value);
  } else {
    if (tagged) writer.tag(number, WIRE.VARINT);
    if (field.kind === "sint32") writer.uint32((value << 1) ^ (value >> 31));
    else writer.int32(value);
  }
}
