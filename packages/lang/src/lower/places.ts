import { HelperFunction } from "@go3s/bpf";
import type { CorePath, Value } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Range } from "../source/file.js";
import { type ArrayType, alignOf, type Field, sizeOf, type Type, uint8, under } from "../types/type.js";
import { guard, wide } from "./arithmetic.js";
import { bitPlace } from "./bit-fields.js";
import { isDirect, type Low, type Place, refuse, type Scalar, type Space } from "./state.js";

/** inlineLimit is the largest value that is declared in a function: less than a per-CPU value may have (32 KiB). */
export const inlineLimit = 28_672;

/** slotPlace makes a new place on the stack; its bytes are not initialised. */
export function slotPlace(low: Low, type: Type, name: string): Place {
  const size = sizeOf(type);
  if (size > inlineLimit) {
    const what = name === "" ? "a value" : name;
    const hint = "keep it in a map: bpf.Array[T](n)";
    refuse(
      low,
      "stack-overflow",
      low.b.at,
      `${what} of ${size} bytes is too large: ${inlineLimit} are possible`,
      hint,
    );
  }
  // Pointers and dynptrs are known to the verifier on the stack only.
  const of = under(type);
  const pointer = of.kind === "pointer" || (of.kind === "struct" && of.special === true);
  const slot = low.b.slot(Math.min(size, inlineLimit), name, pointer);
  return { type, space: "stack", base: undefined, slot, offset: 0, core: undefined, align: 8 };
}

/** temporary gives a zeroed or unset place that ends with the statement. */
export function temporary(low: Low, type: Type): Place {
  return slotPlace(low, type, "");
}

/** release ends the life of a temporary: other temporaries may use its bytes. */
export function release(low: Low, place: Place): void {
  if (place.slot !== undefined && place.slot.to === Number.POSITIVE_INFINITY) place.slot.to = low.b.clock();
}

/** stackAlign is how a pointer to the stack is aligned: by its slot, when that is known, or by what it points to. */
function stackAlign(pointer: Value, target: Type): number {
  return pointer.op === "slot" ? alignAt(8, Number(pointer.imm)) : Math.min(8, alignOf(target));
}

/** pointee is the place a pointer points to. */
export function pointee(pointer: Scalar, target: Type): Place {
  const struct = under(target);
  const core: CorePath | undefined =
    struct.kind === "struct" && struct.kernel !== undefined && struct.name !== ""
      ? { root: struct, steps: [], offset: 0 }
      : undefined;
  // What user memory has of kernel types, it has by the kernel's headers: pt_regs, sockaddr.
  const relocated = pointer.space === "kernel" || pointer.space === "btf";
  return {
    type: target,
    space: pointer.space,
    base: pointer.value,
    slot: undefined,
    offset: 0,
    core: relocated ? core : undefined,
    align: pointer.space === "stack" ? stackAlign(pointer.value, target) : 8,
  };
}

/** alignAt is what is left of an alignment at a distance. */
const alignAt = (align: number, offset: number): number => {
  let at = align;
  while (at > 1 && offset % at !== 0) at >>= 1;
  return at;
};

/** within is the place at a fixed distance inside another. */
export function within(place: Place, offset: number, type: Type, step?: Field | number): Place {
  if (typeof step === "object" && step.bits !== undefined) return bitPlace(place, step, step.bits);
  if (place.core !== undefined && step !== undefined) {
    const core = {
      root: place.core.root,
      steps: [...place.core.steps, step],
      offset: place.core.offset + offset,
    };
    return { ...place, type, core, align: alignAt(place.align, offset) };
  }
  return { ...place, type, offset: place.offset + offset, align: alignAt(place.align, offset) };
}

/** fieldPlace follows a path of fields. */
export function fieldPlace(place: Place, path: readonly Field[]): Place {
  return path.reduce((at, field) => within(at, field.offset, field.type, field), place);
}

/** addressOf gives a place's address in a register. */
export function addressOf(low: Low, place: Place): Value {
  const { b } = low;
  if (place.slot !== undefined) return b.slotAddress(place.slot, place.offset);
  let { base } = place;
  if (base === undefined) throw new Error("a place has a slot or a base");
  if (place.core !== undefined && place.core.steps.length > 0) base = b.core(base, place.core);
  return place.offset === 0 ? base : b.binary("add", base, b.constant(BigInt(place.offset)));
}

/** farthest is how far the verifier lets addresses of objects it knows be moved; BPF_MAX_VAR_OFF, kernel/bpf/verifier.c. */
const farthest = 1n << 29n;

/**
 * movable gives the base of an address that a number is added to. The verifier wants that number's bound to be known for
 * objects it knows; else the address is taken as a number, through memory.
 */
export function movable(low: Low, base: Value, space: Space, distance: Value): Value {
  const { b } = low;
  const bound = b.block === undefined ? undefined : maxAt(distance, b.block, false);
  if (space !== "btf" || (bound !== undefined && bound < farthest)) return base;
  const [kept, number] = [b.slot(8, "", true), b.slot(8, "")];
  b.store(b.slotAddress(kept), 0, 8, base);
  b.call(HelperFunction.probe_read_kernel, [b.slotAddress(number), b.constant(8n), b.slotAddress(kept)]);
  const value = b.load(b.slotAddress(number), 0, 8, false, 64);
  kept.to = b.clock();
  number.to = b.clock();
  return value;
}

/** elementPlace is an element of an array; a variable index is checked, and ends the program when it is out of range. */
export function elementPlace(
  low: Low,
  place: Place,
  array: ArrayType,
  index: Value,
  indexType: Type,
  at: Range,
): Place {
  const { b } = low;
  const size = sizeOf(array.element);
  if (index.op === "const") {
    const inside = BigInt.asUintN(index.width, index.imm) < BigInt(array.length);
    // A variable whose value is known here: the checker knows only constants.
    if (!inside && isDirect(place.space)) guard(low, b.constant(0n, 32), at);
    const known = inside || !isDirect(place.space) ? Number(index.imm) : 0;
    const found = within(place, known * size, array.element, known);
    // An object's type ends where its flexible array begins: the verifier lets nothing be loaded there.
    return array.flexible === true && place.space === "btf" ? { ...found, space: "kernel" } : found;
  }
  if (place.space === "context")
    refuse(
      low,
      "unsupported",
      at,
      "the verifier takes only constant indices into a context",
      "copy the array into a variable: a := ctx.remote_ip6",
    );
  const wideIndex = wide(low, index, indexType);
  if (isDirect(place.space)) guard(low, b.compare("ult", wideIndex, b.constant(BigInt(array.length))), at);
  const offset = size === 1 ? wideIndex : b.binary("mul", wideIndex, b.constant(BigInt(size)));
  const base = b.binary("add", movable(low, addressOf(low, place), place.space, offset), offset);
  if (place.space === "packet") checkPacket(low, base, size, at);
  if (place.space === "stack" && place.slot === undefined) b.fn.indexes = true;
  const align = alignAt(place.align, size);
  return {
    type: array.element,
    // The verifier loads at constant distances from objects it knows; elsewhere it takes a probe read.
    space: place.space === "btf" ? "kernel" : place.space,
    base,
    slot: undefined,
    offset: 0,
    core: undefined,
    align,
  };
}

/**
 * checkPacket compares an address with the packet's end. The verifier forgets what it knew of a packet's pointer when a
 * variable is added to it (find_good_pkt_pointers in kernel/bpf/verifier.c goes by the pointer's id).
 */
export function checkPacket(low: Low, base: Value, size: number, at: Range): void {
  const { b, packet } = low;
  if (packet === undefined) return;
  const end = b.load(packet.context, packet.end, 4, false, 64);
  guard(low, b.compare("ule", b.binary("add", base, b.constant(BigInt(size))), end), at);
}

/** bytePlace is the place `offset` bytes further. */
export function bytePlace(place: Place, offset: number): Place {
  return { ...place, type: uint8, offset: place.offset + offset, align: alignAt(place.align, offset) };
}
