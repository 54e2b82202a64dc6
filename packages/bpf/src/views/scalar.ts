import type { Field, Layout } from "./layout.js";

/** ReadNumber and ReadBig read a value at a byte of a view. */
export type ReadNumber = (view: DataView, at: number) => number;
export type ReadBig = (view: DataView, at: number) => bigint;

/** isWide tells whether a field's value is a bigint: more than 32 bits for bit fields, more than 4 bytes else. */
export function isWide(layout: Layout, bits: Field["bits"]): boolean {
  if (bits !== undefined) return bits.size > 32;
  return (
    (layout.kind === "int" || layout.kind === "enum" || layout.kind === "pointer") &&
    ![1, 2, 4].includes(layout.size)
  );
}

/** integerReader reads an integer of 1, 2 or 4 bytes; undefined for other sizes. */
export function integerReader(size: number, signed: boolean): ReadNumber | undefined {
  switch (size) {
    case 1:
      return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
    case 2:
      return signed ? (view, at) => view.getInt16(at, true) : (view, at) => view.getUint16(at, true);
    case 4:
      return signed ? (view, at) => view.getInt32(at, true) : (view, at) => view.getUint32(at, true);
    default:
      return undefined;
  }
}

/** bigReader reads an integer of any size, of which 8 bytes are the common one. */
export function bigReader(size: number, signed: boolean): ReadBig {
  if (size === 8) {
    return signed ? (view, at) => view.getBigInt64(at, true) : (view, at) => view.getBigUint64(at, true);
  }
  return (view, at) => {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
    return signed ? BigInt.asIntN(size * 8, value) : value;
  };
}

/** bitReader reads a bit field of up to 32 bits, touching no byte that it does not lie in. */
export function bitReader(shift: number, size: number, signed: boolean): ReadNumber {
  const bytes = Math.ceil((shift + size) / 8);
  const up = 32 - size;
  const finish = signed ? (value: number) => (value << up) >> up : (value: number) => (value << up) >>> up;
  switch (bytes) {
    case 1:
      return (view, at) => finish(view.getUint8(at) >>> shift);
    case 2:
      return (view, at) => finish(view.getUint16(at, true) >>> shift);
    case 3:
      return (view, at) => finish((view.getUint16(at, true) | (view.getUint8(at + 2) << 16)) >>> shift);
    case 4:
      return (view, at) => finish(view.getUint32(at, true) >>> shift);
    default:
      // Five bytes: the lowest bits from the first four, the rest from above.
      return (view, at) =>
        finish((view.getUint32(at, true) >>> shift) | (view.getUint8(at + 4) << (32 - shift)));
  }
}

/** wideBitReader reads a bit field of any width up to 64 bits. */
export function wideBitReader(shift: number, size: number, signed: boolean): ReadBig {
  const read = bigReader(Math.ceil((shift + size) / 8), false);
  const by = BigInt(shift);
  return (view, at) => {
    const value = read(view, at) >> by;
    return signed ? BigInt.asIntN(size, value) : BigInt.asUintN(size, value);
  };
}

/** isSigned tells whether a layout's numbers may be negative. */
export function isSigned(layout: Layout): boolean {
  return (layout.kind === "int" || layout.kind === "enum") && layout.signed;
}
