import { HelperFunction } from "@go3s/bpf";
import type { CorePath, Size, Value } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import { isKernelStruct, type PointerType, sizeOf, type Type, under } from "../types/type.js";
import { loadBits, storeBits } from "./bit-fields.js";
import { addressOf, bytePlace, release, temporary } from "./places.js";
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

/** accessSize is a scalar's size as one instruction can move it. */
function accessSize(type: Type): Size {
  const size = sizeOf(type);
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw new Error(`no access of ${size} bytes`);
}

/** baseOf gives base and offset for a direct access. */
export function baseOf(low: Low, place: Place): { base: Value; offset: number } {
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
