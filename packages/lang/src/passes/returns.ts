import { type Block, type IrFunction, newValue, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** constantReturned is the constant a block returns. */
function constantReturned(block: Block): Value | undefined {
  const { end } = block;
  return end?.kind === "return" && end.value?.op === "const" ? end.value : undefined;
}

function nextBlockId(fn: IrFunction): number {
  return fn.blocks.reduce((most, block) => Math.max(most, block.id), 0) + 1;
}

/** mergeReturns gives all returns of one constant a single place. */
export const mergeReturns: Pass = {
  name: "merge-returns",
  needs: ["no-traps"],
  gives: [],
  run(fn) {
    const groups = new Map<bigint, Block[]>();
    for (const block of fn.blocks) {
      const value = constantReturned(block);
      if (value === undefined) continue;
      // The register is 64 bits wide, the kernel looks at 32 of them.
      const key = BigInt.asUintN(32, value.imm);
      groups.set(key, [...(groups.get(key) ?? []), block]);
    }
    for (const blocks of groups.values()) {
      const [first] = blocks;
      const end = first?.end;
      if (blocks.length < 2 || first === undefined || end === undefined) continue;
      const model = constantReturned(first);
      if (model === undefined) continue;
      const shared: Block = { id: nextBlockId(fn), values: [], predecessors: [...blocks], end: undefined };
      const value = newValue(fn, shared, "const", model.width, [], model.at);
      value.imm = model.imm;
      shared.values.push(value);
      shared.end = { kind: "return", value, at: end.at };
      for (const block of blocks) block.end = { kind: "jump", to: shared, at: block.end?.at ?? end.at };
      fn.blocks.push(shared);
    }
  },
};
