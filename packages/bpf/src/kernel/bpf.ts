import { Command } from "../uapi/commands.js";
import { type AttrLayout, type AttrValues, encodeAttr, MAX_ATTR_BYTES } from "./attr.js";
import { withoutSignals } from "./signals.js";
import { addressOf, syscall, syscallAside } from "./syscall.js";

/** CommandName is a command of bpf(2). */
export type CommandName = keyof typeof Command;

const bytes = new Uint8Array(MAX_ATTR_BYTES);
const view = new DataView(bytes.buffer);
let address = 0;

/**
 * bpf makes a bpf(2) call and gives its result or the negated errno. The attr buffer is shared: fields the
 * kernel writes back are read with attrU32() before the next call. Buffers passed as values must be held by
 * the caller until this returns.
 */
export function bpf<L extends AttrLayout>(command: CommandName, layout: L, values: AttrValues<L>): number {
  if (address === 0) address = addressOf(bytes);
  bytes.fill(0);
  encodeAttr(view, layout, values);
  const call = (): number => syscall("bpf", Command[command], address, layout.bytes, 0, 0, 0, true);
  return command === "BPF_PROG_LOAD" ? withoutSignals(call) : call();
}

/** What calls on other threads still read and write: the collector must not have it. */
const lent = new Set<unknown>();

/**
 * bpfAside makes a bpf(2) call on another thread. Resolves to its result, -1 for any failure; the reason is told by the same
 * call made with bpf(). It holds the buffers passed as values.
 */
export async function bpfAside<L extends AttrLayout>(
  command: CommandName,
  layout: L,
  values: AttrValues<L>,
): Promise<number> {
  const attr = new Uint8Array(MAX_ATTR_BYTES);
  encodeAttr(new DataView(attr.buffer), layout, values);
  const loan = { attr, values };
  lent.add(loan);
  try {
    return await syscallAside("bpf", Command[command], addressOf(attr), layout.bytes);
  } finally {
    lent.delete(loan);
  }
}

/** attrU32 reads a field back from the attr of the last bpf() call. */
export function attrU32<L extends AttrLayout>(layout: L, field: keyof L["fields"] & string): number {
  return view.getUint32(layout.fields[field]?.[0] ?? 0, true);
}

/**
 * bpfWith makes a bpf(2) call with an attr that the caller owns and keeps: the form for hot paths, which
 * allocates nothing. Gives the result or the negated errno.
 */
export function bpfWith(command: number, attrAddress: number, attrBytes: number): number {
  return syscall("bpf", command, attrAddress, attrBytes);
}
