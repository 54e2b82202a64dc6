import { naturalLoops } from "../ir/dominators.js";
import { successors, type Value } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/**
 * hoistSlots makes addresses on the stack that a loop gives to calls in front of the loop: two instructions a round
 * become one. An address that finds no register there is made again where it is used.
 */
export const hoistSlots: Pass = {
  name: "hoist-slots",
  needs: ["edges-split"],
  gives: [],
  run(fn) {
    // Inner loops first: what leaves one may leave the next.
    const loops = naturalLoops(fn).sort((a, b) => a.blocks.size - b.blocks.size);
    for (const loop of loops) {
      const outside = loop.head.predecessors.filter((from) => !loop.blocks.has(from));
      const [before] = outside;
      if (outside.length !== 1 || before === undefined || successors(before).length !== 1) continue;
      const given = new Set<Value>();
      for (const block of loop.blocks)
        for (const value of block.values)
          if (value.op === "call") for (const arg of value.args) if (arg.op === "slot") given.add(arg);
      for (const value of given) {
        const { block } = value;
        if (!loop.blocks.has(block)) continue;
        block.values.splice(block.values.indexOf(value), 1);
        before.values.push(value);
        value.block = before;
      }
    }
  },
};
