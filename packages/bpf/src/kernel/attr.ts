import { addressOf } from "./syscall.js";

/** AttrLayout is the layout of one command's part of union bpf_attr (rows of attr.generated.ts). */
export interface AttrLayout {
  readonly bytes: number;
  readonly fields: Readonly<Record<string, readonly [offset: number, size: number]>>;
}

/** AttrValue is a number, the address of bytes, or text for a name field. */
export type AttrValue = number | bigint | ArrayBufferView | string;

/** AttrValues gives values to the fields of a layout. */
export type AttrValues<L extends AttrLayout> = { readonly [K in keyof L["fields"]]?: AttrValue | undefined };

/** MAX_ATTR_BYTES bounds every layout. */
export const MAX_ATTR_BYTES = 192;

/** writeU64 writes a number up to 2^53 as a 64-bit word without making a BigInt. */
export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / 0x1_0000_0000), true);
}

function write(view: DataView, offset: number, size: number, value: AttrValue): void {
  if (typeof value === "string") {
    // A kernel object's name: what does not fit is cut, the last byte stays NUL.
    const text = new TextEncoder().encode(value).subarray(0, size - 1);
    for (const [index, byte] of text.entries()) view.setUint8(offset + index, byte);
  } else if (typeof value === "bigint") {
    view.setBigUint64(offset, BigInt.asUintN(64, value), true);
  } else {
    const number = typeof value === "number" ? value : addressOf(value);
    if (size === 8) writeU64(view, offset, number);
    else view.setUint32(offset, number >>> 0, true);
  }
}

/** encodeAttr writes values into a zeroed attr buffer. */
export function encodeAttr<L extends AttrLayout>(view: DataView, layout: L, values: AttrValues<L>): void {
  const fields: AttrLayout["fields"] = layout.fields;
  for (const [name, value] of Object.entries<AttrValue | undefined>(values)) {
    const field = fields[name];
    if (field !== undefined && value !== undefined) write(view, field[0], field[1], value);
  }
}
