import type { UsdtArgument } from "@go3s/binary";
import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { BpfError } from "../errors.js";
import { registerOffset } from "./registers.js";

/**
 * UsdtSpecLayout is how an object of libbpf's usdt.bpf.h has the description of a probe's arguments. It is read
 * from the object's own types, for it changed with libbpf 1.7.
 */
export interface UsdtSpecLayout {
  readonly bytes: number;
  readonly argumentBytes: number;
  readonly mostArguments: number;
  readonly cookieAt: number;
  readonly countAt: number;
  readonly valueAt: number;
  readonly typeAt: number;
  readonly registerAt: number;
  readonly signedAt: number;
  readonly shiftAt: number;
  /** Bits from the argument's start; undefined before libbpf 1.7. */
  readonly indexBitAt: number | undefined;
  readonly scaleBitAt: number | undefined;
}

/** enum __bpf_usdt_arg_type; anything else makes bpf_usdt_arg() say EINVAL. */
const ARGUMENT = { constant: 0, register: 1, memory: 2, indexed: 3, unreadable: 255 } as const;

function members(btf: Btf, name: string): { members: readonly BtfMember[]; size: number } {
  const id = btf.findOne(name, BtfKind.STRUCT);
  const type = id === undefined ? undefined : btf.type(id);
  if (type?.kind === "struct") return type;
  throw new BpfError("bad-object", `the object has no types of struct ${name}, which USDT arguments need`, {
    hint: "compile with -g, and take bpf/usdt.bpf.h of libbpf as it is",
  });
}

function bitOf(list: readonly BtfMember[], name: string): number | undefined {
  return list.find((member) => member.name === name)?.bitOffset;
}

/** usdtSpecLayout reads the layout from an object's types. Throws BpfError `bad-object`. */
export function usdtSpecLayout(btf: Btf): UsdtSpecLayout {
  const whole = members(btf, "__bpf_usdt_spec");
  const one = members(btf, "__bpf_usdt_arg_spec");
  const byte = (list: readonly BtfMember[], name: string): number => {
    const bit = bitOf(list, name);
    if (bit === undefined)
      throw new BpfError("bad-object", `the object's USDT types have no member "${name}"`);
    return bit >>> 3;
  };
  const cookieAt = byte(whole.members, "usdt_cookie");
  return {
    bytes: whole.size,
    argumentBytes: one.size,
    mostArguments: Math.floor(cookieAt / one.size),
    cookieAt,
    countAt: byte(whole.members, "arg_cnt"),
    valueAt: byte(one.members, "val_off"),
    typeAt: byte(one.members, "arg_type"),
    registerAt: byte(one.members, "reg_off"),
    signedAt: byte(one.members, "arg_signed"),
    shiftAt: byte(one.members, "arg_bitshift"),
    indexBitAt: bitOf(one.members, "idx_reg_off"),
    scaleBitAt: bitOf(one.members, "scale_bitshift"),
  };
}

/** UsdtSite is what one place of a probe adds to its arguments. */
export interface UsdtSite {
  readonly isArm: boolean;
  /** Address of the probe's instruction, and of a variable by name, in the file's own numbers. */
  readonly address: number;
  readonly symbol: (name: string) => number | undefined;
}

interface Place {
  readonly type: number;
  readonly value: bigint;
  readonly register: number;
  readonly index: number;
  readonly scale: number;
}

const UNREADABLE: Place = { type: ARGUMENT.unreadable, value: 0n, register: 0, index: 0, scale: 0 };

function placeOf(argument: UsdtArgument, site: UsdtSite): Place {
  const { place } = argument;
  if (argument.float) return UNREADABLE;
  if (place.kind === "constant") return { ...UNREADABLE, type: ARGUMENT.constant, value: place.value };
  if (place.kind === "register") {
    const offset = registerOffset(site.isArm, place.register);
    // %ah is the second byte of rax as it lies in memory.
    return offset === undefined
      ? UNREADABLE
      : { ...UNREADABLE, type: ARGUMENT.register, register: offset + place.shift / 8 };
  }
  let { base, offset } = place;
  if (place.symbol !== undefined) {
    // A variable is as far from the probe's instruction as the file says, wherever the program was loaded.
    const address = site.symbol(place.symbol);
    if (address === undefined || site.isArm) return UNREADABLE;
    base = "rip";
    offset += address - site.address;
  }
  const register = base === undefined ? undefined : registerOffset(site.isArm, base);
  if (register === undefined) return UNREADABLE;
  const value = BigInt(offset);
  if (place.index === undefined) return { ...UNREADABLE, type: ARGUMENT.memory, value, register };
  const index = registerOffset(site.isArm, place.index);
  return index === undefined
    ? UNREADABLE
    : { type: ARGUMENT.indexed, value, register, index, scale: Math.log2(place.scale) };
}

function writeBits(view: DataView, bit: number, value: number): void {
  const at = bit >>> 3;
  view.setUint16(at, view.getUint16(at, true) | (value << (bit & 7)), true);
}

/**
 * encodeUsdtSpec writes the description of a probe's arguments as the object's programs read it. An argument that
 * cannot be read (a vector register, a variable without a symbol) makes bpf_usdt_arg() fail for it alone.
 */
export function encodeUsdtSpec(
  layout: UsdtSpecLayout,
  list: readonly UsdtArgument[],
  site: UsdtSite,
  cookie: bigint,
): Uint8Array {
  const bytes = new Uint8Array(layout.bytes);
  const view = new DataView(bytes.buffer);
  const count = Math.min(list.length, layout.mostArguments);
  for (const [number, argument] of list.slice(0, count).entries()) {
    const start = number * layout.argumentBytes;
    let place = placeOf(argument, site);
    if (place.type === ARGUMENT.indexed) {
      if (layout.indexBitAt === undefined || layout.scaleBitAt === undefined) place = UNREADABLE;
      else {
        writeBits(view, start * 8 + layout.indexBitAt, place.index);
        writeBits(view, start * 8 + layout.scaleBitAt, place.scale);
      }
    }
    view.setBigUint64(start + layout.valueAt, BigInt.asUintN(64, place.value), true);
    view.setUint8(start + layout.typeAt, place.type);
    view.setInt16(start + layout.registerAt, place.register, true);
    view.setUint8(start + layout.signedAt, argument.signed ? 1 : 0);
    view.setUint8(start + layout.shiftAt, 64 - argument.size * 8);
  }
  view.setBigUint64(layout.cookieAt, BigInt.asUintN(64, cookie), true);
  view.setInt16(layout.countAt, count, true);
  return bytes;
}
