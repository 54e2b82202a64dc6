import { HelperFunction } from "@go3s/bpf";
import { type Block, type IrFunction, newValue, type Value } from "../ir/ir.js";

/** takers are helpers that take an owned object, by the argument that it is in. */
const takers: ReadonlyMap<bigint, number> = new Map([
  [BigInt(HelperFunction.ringbuf_submit), 0],
  [BigInt(HelperFunction.ringbuf_discard), 0],
  [BigInt(HelperFunction.sk_release), 0],
  [BigInt(HelperFunction.kptr_xchg), 1],
]);

/** givenBack is the object that a call takes away from the program, undefined when it takes none. */
export function givenBack(value: Value): Value | undefined {
  if (value.op === "callk") return value.kfunc?.traits.releases === true ? value.args[0] : undefined;
  const at = value.op === "call" ? takers.get(value.imm) : undefined;
  return at === undefined ? undefined : value.args[at];
}

/** isRecordRelease tells whether a call gives back a record of a ring buffer. */
export function isRecordRelease(value: Value): boolean {
  const { imm } = value;
  return (
    value.op === "call" &&
    (imm === BigInt(HelperFunction.ringbuf_submit) || imm === BigInt(HelperFunction.ringbuf_discard))
  );
}

/** isTailCall tells whether a call goes on in another program. */
export function isTailCall(value: Value): boolean {
  return value.op === "call" && value.imm === BigInt(HelperFunction.tail_call);
}

/** OwnedWords are how messages speak of an owned object. */
export interface OwnedWords {
  readonly thing: string;
  readonly where: string;
  readonly way: string;
}

/** acquiringHelpers give references to sockets, net/core/filter.c. */
const acquiringHelpers: ReadonlySet<bigint> = new Set(
  [
    HelperFunction.sk_lookup_tcp,
    HelperFunction.sk_lookup_udp,
    HelperFunction.skc_lookup_tcp,
    HelperFunction.map_lookup_elem,
  ].map(BigInt),
);

/** wordsFor says what an owned value is, where it came from and how it is given back. */
export function wordsFor(owned: Value): OwnedWords {
  if (owned.giveBack !== undefined)
    return { thing: "object", where: "taken here", way: `give it back with kfunc.${owned.giveBack.name}` };
  if (acquiringHelpers.has(owned.imm))
    return { thing: "socket", where: "taken here", way: "give it back with helpers.SkRelease" };
  return { thing: "record", where: "reserved here", way: "submit or discard it" };
}

/** giveBackAt gives an object back at the end of a block, where an index out of range ends the program. */
export function giveBackAt(fn: IrFunction, block: Block, owned: Value): void {
  const at = block.end?.at ?? owned.at;
  if (owned.giveBack !== undefined) {
    const call = newValue(fn, block, "callk", 64, [owned], at);
    call.kfunc = owned.giveBack;
    block.values.push(call);
    return;
  }
  const socket = acquiringHelpers.has(owned.imm);
  const flags = newValue(fn, block, "const", 64, [], at);
  const call = newValue(fn, block, "call", 64, socket ? [owned] : [owned, flags], at);
  call.imm = BigInt(socket ? HelperFunction.sk_release : HelperFunction.ringbuf_discard);
  if (!socket) block.values.push(flags);
  block.values.push(call);
}
