import type { Layout } from "./layout.js";
import { isSigned } from "./scalar.js";

/** Place is where a view is: what its getters read from. One class for all views, so that V8 knows it. */
export class Place {
  view: DataView = new DataView(new ArrayBuffer(0));
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
}

type GetterOf<T> = (place: Place, offset: number) => () => T;

const TWO_32 = 0x1_0000_0000;

// Each kind of field has one small function of its own, though they look alike: V8 inlines functions of up
// to 27 bytes of bytecode without counting them, and takes what they enclose for constants. With one getter
// that calls a reader for its kind the 22 fields of an event were more than it inlines into one function: 6 M
// events per CPU-second; so it is 20 M where many views are in use, 30 M and more where one is (6.18, two
// busy cores). Code made of text, which the house forbids, would be as fast as bindings' source is: 50 M.
const UNSIGNED: Readonly<Record<number, GetterOf<number | bigint>>> = {
  1: (p, o) => () => p.view.getUint8(p.offset + o),
  2: (p, o) => () => p.view.getUint16(p.offset + o, true),
  4: (p, o) => () => p.view.getUint32(p.offset + o, true),
  8: (p, o) => () => p.view.getBigUint64(p.offset + o, true),
};

const SIGNED: Readonly<Record<number, GetterOf<number | bigint>>> = {
  1: (p, o) => () => p.view.getInt8(p.offset + o),
  2: (p, o) => () => p.view.getInt16(p.offset + o, true),
  4: (p, o) => () => p.view.getInt32(p.offset + o, true),
  8: (p, o) => () => p.view.getBigInt64(p.offset + o, true),
};

const FLOAT: Readonly<Record<number, GetterOf<number>>> = {
  4: (p, o) => () => p.view.getFloat32(p.offset + o, true),
  8: (p, o) => () => p.view.getFloat64(p.offset + o, true),
};

const BOOL: GetterOf<boolean> = (p, o) => () => p.view.getUint8(p.offset + o) !== 0;

const ROUGH_UNSIGNED: GetterOf<number> = (p, o) => () =>
  p.view.getUint32(p.offset + o + 4, true) * TWO_32 + p.view.getUint32(p.offset + o, true);

const ROUGH_SIGNED: GetterOf<number> = (p, o) => () =>
  p.view.getInt32(p.offset + o + 4, true) * TWO_32 + p.view.getUint32(p.offset + o, true);

/** scalarGetter gives the getter of a number at an offset; undefined for what is not one of the common sizes. */
export function scalarGetter(
  layout: Layout,
  place: Place,
  offset: number,
): (() => number | bigint | boolean) | undefined {
  if (layout.kind === "bool") return BOOL(place, offset);
  if (layout.kind === "float") return FLOAT[layout.size]?.(place, offset);
  if (layout.kind !== "int" && layout.kind !== "enum" && layout.kind !== "pointer") return undefined;
  return (isSigned(layout) ? SIGNED : UNSIGNED)[layout.size]?.(place, offset);
}

/** roughGetter gives the getter of an 8-byte integer as a number, exact up to 2^53. */
export function roughGetter(signed: boolean, place: Place, offset: number): () => number {
  return (signed ? ROUGH_SIGNED : ROUGH_UNSIGNED)(place, offset);
}
