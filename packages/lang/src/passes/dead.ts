import { opRows, usesOf, type Value } from "../ir/ir.js";
import { isSteady } from "./cse.js";
import type { Pass } from "./pass.js";

function canDrop(value: Value): boolean {
  return opRows[value.op].pure || value.op === "load" || isSteady(value);
}

/** dropDead removes values that nothing needs. */
export const dropDead: Pass = {
  name: "drop-dead",
  needs: ["no-traps"],
  gives: [],
  run(fn) {
    const needed = new Set<Value>();
    const work: Value[] = [];
    const need = (value: Value): void => {
      if (needed.has(value)) return;
      needed.add(value);
      work.push(value);
    };
    for (const block of fn.blocks) {
      for (const value of block.values) if (!canDrop(value)) need(value);
      usesOf(block.end).forEach(need);
    }
    for (let value = work.pop(); value !== undefined; value = work.pop()) value.args.forEach(need);
    for (const block of fn.blocks) block.values = block.values.filter((value) => needed.has(value));
  },
};
