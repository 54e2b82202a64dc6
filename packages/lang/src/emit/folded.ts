import { type Block, type IrFunction, usesOf, type Value } from "../ir/ir.js";

/** addressesAlone are additions of constants that memory accesses alone read: their offsets take them in. */
export function addressesAlone(fn: IrFunction): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks)
    for (const value of block.values)
      if (value.op === "add" && value.args[1]?.op === "const") found.add(value);
  for (const block of fn.blocks) {
    for (const value of block.values) {
      value.args.forEach((each, i) => {
        const memory =
          (value.op === "load" && value.core === undefined) ||
          ((value.op === "store" || value.op === "atomic") && i === 0);
        const near = each.args[1] === undefined ? 0n : BigInt.asIntN(64, each.args[1].imm) + value.imm;
        const folds = memory && near >= -0x4000n && near <= 0x3fffn;
        if (!folds) found.delete(each);
      });
    }
    for (const each of usesOf(block.end)) found.delete(each);
  }
  return found;
}

/** indexedSlots are additions of an index to a slot that memory accesses alone read: the slot's place goes into their offsets. */
export function indexedSlots(fn: IrFunction, folded: ReadonlySet<Value>): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks)
    for (const value of block.values)
      if (value.op === "add" && value.args[0]?.op === "slot" && value.args[1]?.op !== "const")
        found.add(value);
  if (found.size === 0) return found;
  for (const block of fn.blocks) {
    for (const value of block.values) {
      const accesses =
        (value.op === "load" && value.core === undefined) || value.op === "store" || value.op === "atomic";
      value.args.forEach((each, i) => {
        if (!(i === 0 && (accesses || folded.has(value)))) found.delete(each);
      });
    }
    for (const each of usesOf(block.end)) found.delete(each);
  }
  return found;
}

/** keptSlots are addresses on the stack that calls in a loop take and that were made outside of it: made once, not every time round. */
export function keptSlots(fn: IrFunction, depths: ReadonlyMap<Block, number>): Set<Value> {
  const found = new Set<Value>();
  for (const block of fn.blocks) {
    const depth = depths.get(block) ?? 0;
    if (depth === 0) continue;
    for (const value of block.values) {
      if (value.op !== "call") continue;
      for (const arg of value.args)
        if (arg.op === "slot" && (depths.get(arg.block) ?? 0) < depth) found.add(arg);
    }
  }
  return found;
}
