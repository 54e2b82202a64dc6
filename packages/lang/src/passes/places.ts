import { HelperFunction } from "@go3s/bpf";
import { type IrFunction, type Slot, usesOf, type Value } from "../ir/ir.js";

/** Root is memory only this program sees: a slot of the stack, or a ring-buffer record before it is submitted. */
export type Root = Slot | Value;

/** Place is a root and where in it. */
export interface Place {
  readonly root: Root;
  /** offset is undefined when it is not constant. */
  readonly offset: number | undefined;
}

/** isSlot tells a slot from a record. */
export const isSlot = (root: Root): root is Slot => "from" in root;

const reserve = BigInt(HelperFunction.ringbuf_reserve);

/** isRecord tells a ring buffer's record from the kernel's objects, which are owned as well and change by themselves. */
export const isRecord = (value: Value): boolean =>
  value.owned && value.op === "call" && value.imm === reserve;

/** placeOf follows an address to its root. */
export function placeOf(address: Value): Place | undefined {
  let at = address;
  let offset: number | undefined = 0;
  for (let steps = 0; steps < 16; steps++) {
    if (at.op === "slot" && at.slot !== undefined) {
      return { root: at.slot, offset: offset === undefined ? undefined : offset + Number(at.imm) };
    }
    if (isRecord(at)) return { root: at, offset };
    const [base, by] = at.args;
    if (at.op !== "add" || base === undefined || by === undefined) return undefined;
    offset =
      offset === undefined || by.op !== "const" ? undefined : offset + Number(BigInt.asIntN(64, by.imm));
    at = base;
  }
  return undefined;
}

/** escapedRoots finds roots whose address goes where it cannot be followed. */
export function escapedRoots(fn: IrFunction): Set<Root> {
  const found = new Set<Root>();
  const leave = (value: Value | undefined): void => {
    const place = value === undefined ? undefined : placeOf(value);
    if (place !== undefined) found.add(place.root);
  };
  for (const block of fn.blocks) {
    for (const value of block.values) {
      const followed =
        value.op === "load" ||
        value.op === "cmp" ||
        value.op === "call" ||
        value.op === "add" ||
        value.op === "atomic";
      if (value.op === "store") leave(value.args[1]);
      else if (!followed) value.args.forEach(leave);
      else if (value.op === "atomic") leave(value.args[1]);
      else if (value.op === "add" && placeOf(value) === undefined) value.args.forEach(leave);
      // `add(x, slot)`: the second operand of an address computation is followed as little.
      else if (value.op === "add") leave(value.args[1]);
    }
    for (const value of usesOf(block.end)) if (value.op !== "cmp") leave(value);
  }
  return found;
}
