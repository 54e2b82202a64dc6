import { CoreKind, HelperFunction } from "@go3s/bpf";
import type { CorePath, Size, Value } from "../ir/ir.js";
import { type Field, sizeOf } from "../types/type.js";
import { choose } from "./arithmetic.js";
import { type BitAccess, isDirect, isSigned, type Low, type Place, widthOf } from "./state.js";

/** storage is what a bit field is read with: a word of its type's size, widened until the field lies within. */
function storage(bit: number, bits: number, size: number): { at: number; bytes: number } {
  let bytes = Math.max(1, size);
  let at = Math.floor(bit / 8 / bytes) * bytes;
  while (bytes < 8 && bit + bits - at * 8 > bytes * 8) {
    bytes *= 2;
    at = Math.floor(bit / 8 / bytes) * bytes;
  }
  return { at, bytes };
}

/** bitPlace is the place of a bit field inside a struct. */
export function bitPlace(place: Place, step: Field, bits: NonNullable<Field["bits"]>): Place {
  const from = place.core === undefined ? place.offset : place.core.offset;
  const bit = from * 8 + bits.offset;
  const { at, bytes } = storage(bit, bits.size, sizeOf(step.type));
  const size: Size = bytes === 1 ? 1 : bytes === 2 ? 2 : bytes === 4 ? 4 : 8;
  const access: BitAccess = { bytes: size, left: 64 - (bit + bits.size - at * 8), right: 64 - bits.size };
  if (place.core === undefined) return { ...place, type: step.type, offset: at, bits: access };
  const core: CorePath = { root: place.core.root, steps: [...place.core.steps, step], offset: at };
  return { ...place, type: step.type, core, bits: access };
}

/** loadBits reads a bit field; of the kernel's types the loader puts in the place, the size and the shifts. */
export function loadBits(low: Low, place: Place, bits: BitAccess): Value {
  const { b } = low;
  const { base, core } = place;
  if (base === undefined && place.slot === undefined) throw new Error("a place has a slot or a base");
  const fact = (kind: BitFact, value: number): Value =>
    core === undefined
      ? b.constant(BigInt(value))
      : b.query({ kind, value: BigInt(value), of: { kind: "field", path: core } });
  const start = base ?? b.slotAddress(place.slot ?? b.slot(8, ""));
  const based = core === undefined ? start : b.core(start, core);
  const address = place.offset === 0 ? based : b.binary("add", based, b.constant(BigInt(place.offset)));
  const probed = (): Value => {
    const hold = b.slot(8, "");
    b.store(b.slotAddress(hold), 0, 8, b.constant(0n));
    const helper = place.space === "user" ? HelperFunction.probe_read_user : HelperFunction.probe_read_kernel;
    b.call(helper, [b.slotAddress(hold), fact(CoreKind.FIELD_BYTE_SIZE, bits.bytes), address]);
    const value = b.load(b.slotAddress(hold), 0, 8, false, 64);
    hold.to = b.clock();
    return value;
  };
  const direct = (): Value => {
    const value = b.load(address, 0, bits.bytes, false, bits.bytes === 8 ? 64 : 32);
    return bits.bytes === 8 ? value : b.unary("zext", value, 64, 32);
  };
  let word: Value;
  if (isDirect(place.space)) word = direct();
  else if (place.space !== "btf") word = probed();
  else {
    // An object the verifier knows is loaded from, unless the field's storage has another size on this kernel.
    const same = b.compare("eq", fact(CoreKind.FIELD_BYTE_SIZE, bits.bytes), b.constant(BigInt(bits.bytes)));
    word = choose(low, same, 64, direct, probed);
  }
  const top = b.binary("shl", word, fact(CoreKind.FIELD_LSHIFT_U64, bits.left));
  const value = b.binary(
    isSigned(place.type) ? "ashr" : "lshr",
    top,
    fact(CoreKind.FIELD_RSHIFT_U64, bits.right),
  );
  return widthOf(place.type) === 32 ? b.unary("trunc", value, 32) : value;
}

/** storeBits writes a bit field of memory that is the program's: the bits around it stay. */
export function storeBits(low: Low, place: Place, bits: BitAccess, value: Value): void {
  const { b } = low;
  const start = place.base ?? b.slotAddress(place.slot ?? b.slot(8, ""));
  const width = bits.bytes === 8 ? 64 : 32;
  const size = 64 - bits.right;
  const from = BigInt(64 - bits.left - size);
  const mask = ((1n << BigInt(size)) - 1n) << from;
  const before = b.load(start, place.offset, bits.bytes, false, width);
  const kept = b.binary("and", before, b.constant(BigInt.asUintN(width, ~mask), width));
  const sized = value.width === width ? value : b.unary(width === 32 ? "trunc" : "zext", value, width, 32);
  const moved = b.binary("shl", sized, b.constant(from, width));
  const own = b.binary("and", moved, b.constant(BigInt.asUintN(width, mask), width));
  b.store(start, place.offset, bits.bytes, b.binary("or", kept, own));
}

type BitFact =
  | typeof CoreKind.FIELD_BYTE_SIZE
  | typeof CoreKind.FIELD_LSHIFT_U64
  | typeof CoreKind.FIELD_RSHIFT_U64;
