import { HelperFunction } from "@go3s/bpf";
import type { CorePath, Size, Value } from "../ir/ir.js";
import { maxAt } from "../ir/range.js";
import type { Range } from "../source/file.js";
import { specialParts } from "../types/special-types.js";
import {
  type ArrayType,
  alignOf,
  type Field,
  isKernelStruct,
  type PointerType,
  sizeOf,
  type Type,
  uint8,
  under,
} from "../types/type.js";
import { guard, wide } from "./arithmetic.js";
import { bitPlace, loadBits, storeBits } from "./bit-fields.js";
import {
  isDirect,
  isSigned,
  type Low,
  type Place,
  refuse,
  type Scalar,
  type Space,
  widthOf,
} from "./state.js";

/** inlineLimit: less than a per-CPU value may have (32 KiB), so none larger is declared in a function. */
const inlineLimit = 28_672;

/** wordLimit: larger values are copied and cleared by a call of the kernel rather than word by word. */
const wordLimit = 512;

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

/**
 * maybeNull are pointers that the verifier wants compared with nil when it loads them (BTF_TYPE_SAFE_RCU_OR_NULL and
 * BTF_TYPE_SAFE_TRUSTED_OR_NULL in kernel/bpf/verifier.c); probe reads take nil as 0, as the language does.
 */
const maybeNull: ReadonlySet<string> = new Set([
  "mm_struct.exe_file",
  "sk_buff.sk",
  "request_sock.sk",
  "dentry.d_inode",
  "socket.sk",
  "vm_area_struct.vm_mm",
  "vm_area_struct.vm_file",
]);

/** memberName is the last member of a path with the struct that has it. */
function memberName(core: CorePath | undefined): string {
  let owner: Type | undefined = core?.root;
  let name = "";
  for (const step of core?.steps ?? []) {
    const of: ReturnType<typeof under> | undefined = owner === undefined ? undefined : under(owner);
    if (typeof step === "number") owner = of?.kind === "array" ? of.element : undefined;
    else {
      name = `${of?.kind === "struct" ? of.name : ""}.${step.name}`;
      owner = step.type;
    }
  }
  return name;
}

/** loadedSpace is the space of a pointer read from memory: the kernel's own, or by what it points to. */
function loadedSpace(place: Place, type: PointerType): Space {
  if (place.space === "user" || type.tag === "user") return "user";
  if (place.space === "map" && type.tag === "kptr") return "btf";
  // The verifier goes on knowing objects that it gets to from those it knows.
  if (place.space === "btf" && type.tag === undefined && isKernelStruct(type.target))
    return maybeNull.has(memberName(place.core)) ? "kernel" : "btf";
  if (place.space === "kernel" || place.space === "btf") return "kernel";
  return isKernelStruct(type.target) ? "kernel" : "user";
}

/** probeRead copies bytes of kernel or user memory into direct memory. A failed read leaves zeros. */
export function probeRead(low: Low, to: Value, size: number, from: Value, space: Space): Value {
  const { b } = low;
  const helper = space === "user" ? HelperFunction.probe_read_user : HelperFunction.probe_read_kernel;
  return b.call(helper, [to, b.constant(BigInt(size)), from]);
}

function accessSize(type: Type): Size {
  const size = sizeOf(type);
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw new Error(`no access of ${size} bytes`);
}

/** baseOf gives base and offset for a direct access. */
function baseOf(low: Low, place: Place): { base: Value; offset: number } {
  if (place.slot !== undefined) return { base: low.b.slotAddress(place.slot, place.offset), offset: 0 };
  if (place.base === undefined) throw new Error("a place has a slot or a base");
  return { base: place.base, offset: place.offset };
}

/** loadScalar reads a scalar. */
export function loadScalar(low: Low, place: Place): Scalar {
  if (place.bits !== undefined) return { value: loadBits(low, place, place.bits), space: "kernel" };
  const { b } = low;
  const of = under(place.type);
  const space = of.kind === "pointer" ? loadedSpace(place, of) : "kernel";
  const size = accessSize(place.type);
  const width = widthOf(place.type);
  const signed = isSigned(place.type) && size < 4;
  if (isDirect(place.space)) {
    const { base, offset } = baseOf(low, place);
    const value = b.load(base, offset, size, signed, width);
    if (of.kind === "pointer" && of.tag === "kptr") value.nilable = true;
    return { value, space };
  }
  if (place.space === "btf" && place.base !== undefined) {
    const core = place.core !== undefined && place.core.steps.length > 0 ? place.core : undefined;
    return {
      value: b.load(place.base, place.offset + (core?.offset ?? 0), size, signed, width, core),
      space,
    };
  }
  const hold = temporary(low, place.type);
  probeRead(low, addressOf(low, hold), size, addressOf(low, place), place.space);
  const { base, offset } = baseOf(low, hold);
  const value = b.load(base, offset, size, signed, width);
  release(low, hold);
  return { value, space };
}

/** storeScalar writes a scalar. */
export function storeScalar(low: Low, place: Place, value: Value, at: Range): void {
  if (!isDirect(place.space)) {
    const why =
      place.space === "user"
        ? "a probe does not write the memory of the process it looks at"
        : "kernel memory cannot be written";
    const id = place.space === "user" ? "address-space" : "not-assignable";
    refuse(low, id, at, why, "copy the value into a variable of your own");
    return;
  }
  const of = under(place.type);
  if (of.kind === "pointer" && of.tag === "kptr" && place.space === "map") {
    refuse(
      low,
      "not-assignable",
      at,
      "the map owns this object",
      "v.Field.Xchg(p) puts another there and gives it",
    );
    return;
  }
  if (place.bits !== undefined) {
    storeBits(low, place, place.bits, value);
    return;
  }
  const { base, offset } = baseOf(low, place);
  low.b.store(base, offset, accessSize(place.type), value);
}

/** chunks splits a stretch of bytes into accesses that keep an alignment. */
function* chunks(
  size: number,
  align: number,
  skip: readonly { readonly at: number; readonly size: number }[] = [],
): Generator<{ at: number; size: Size }> {
  for (let at = 0; at < size; ) {
    const hole = skip.find((each) => at >= each.at && at < each.at + each.size);
    if (hole !== undefined) {
      at = hole.at + hole.size;
      continue;
    }
    const next = Math.min(size, ...skip.filter((each) => each.at > at).map((each) => each.at));
    const left = next - at;
    // Behind a part that is left out places are less aligned than the whole.
    const own = at === 0 ? align : Math.min(align, at & -at);
    const take: Size = own >= 8 && left >= 8 ? 8 : own >= 4 && left >= 4 ? 4 : own >= 2 && left >= 2 ? 2 : 1;
    yield { at, size: take };
    at += take;
  }
}

const chunkAlign = (place: Place): number =>
  place.space === "stack"
    ? place.align
    : place.space === "context"
      ? Math.min(place.align, Math.max(1, alignOf(place.type)))
      : 8;

function tooLarge(low: Low, size: number): boolean {
  if (size <= inlineLimit) return false;
  refuse(
    low,
    "too-large",
    low.b.at,
    `${size} bytes are too many to copy or clear at once`,
    "work on parts of it",
  );
  return true;
}

/** zero clears a place. */
export function zero(low: Low, place: Place): void {
  const { b } = low;
  const whole = place.slot !== undefined && place.offset === 0 && sizeOf(place.type) >= place.slot.bytes;
  const size = whole && place.slot !== undefined ? place.slot.size : sizeOf(place.type);
  if (tooLarge(low, size)) return;
  if (size > wordLimit && place.space !== "packet") {
    // A read that fails leaves zeros (bpf_probe_read_kernel_common, kernel/trace/bpf_trace.c), and at address 0 is nothing.
    probeRead(low, addressOf(low, place), size, b.constant(0n), "kernel");
    return;
  }
  const { base, offset } = baseOf(low, place);
  for (const chunk of chunks(
    size,
    chunkAlign(place),
    place.space === "map" ? specialParts(place.type) : [],
  )) {
    const nothing = b.constant(0n);
    b.store(
      base.op === "slot" && place.slot !== undefined
        ? b.slotAddress(place.slot, place.offset + chunk.at)
        : base,
      base.op === "slot" ? 0 : offset + chunk.at,
      chunk.size,
      nothing,
    );
  }
}

/** copy copies an aggregate. */
export function copy(low: Low, to: Place, from: Place, at: Range): void {
  const size = sizeOf(to.type);
  if (!isDirect(to.space)) {
    refuse(low, "address-space", at, "only memory of the program itself can be written");
    return;
  }
  if (!isDirect(from.space)) {
    probeRead(low, addressOf(low, to), size, addressOf(low, from), from.space);
    return;
  }
  const align = Math.min(chunkAlign(to), chunkAlign(from));
  if (tooLarge(low, size)) return;
  if (size > wordLimit && to.space !== "packet" && from.space !== "packet") {
    probeRead(low, addressOf(low, to), size, addressOf(low, from), "kernel");
    return;
  }
  // What only the kernel writes stays as it is in a map's value.
  const inMap = to.space === "map" || from.space === "map";
  for (const chunk of chunks(size, align, inMap ? specialParts(to.type) : [])) {
    const source = bytePlace(from, chunk.at);
    const target = bytePlace(to, chunk.at);
    const read = baseOf(low, source);
    const value = low.b.load(read.base, read.offset, chunk.size, false, chunk.size === 8 ? 64 : 32);
    const write = baseOf(low, target);
    low.b.store(write.base, write.offset, chunk.size, value);
  }
}

/** bytePlace is the place `offset` bytes further. */
export function bytePlace(place: Place, offset: number): Place {
  return { ...place, type: uint8, offset: place.offset + offset, align: alignAt(place.align, offset) };
}

/** loadWord reads 1, 2, 4 or 8 bytes at any alignment, by bytes where the stack's alignment demands it. */
export function loadWord(low: Low, place: Place, size: Size): Value {
  const { b } = low;
  const width = size === 8 ? 64 : 32;
  if (place.space !== "stack" || place.align >= size) {
    const { base, offset } = baseOf(low, place);
    return b.load(base, offset, size, false, width);
  }
  const half = place.align >= 4 ? 4 : place.align >= 2 ? 2 : 1;
  let word: Value | undefined;
  for (let at = 0; at < size; at += half) {
    const { base, offset } = baseOf(low, bytePlace(place, at));
    const part = b.load(base, offset, half, false, width);
    const shifted = at === 0 ? part : b.binary("shl", part, b.constant(BigInt(at * 8), width));
    word = word === undefined ? shifted : b.binary("or", word, shifted);
  }
  if (word === undefined) throw new Error("a word has bytes");
  return word;
}
