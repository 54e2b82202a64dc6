import { newValue } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** returnTraps makes traps what they are in the end: the program returns 0. Reservations were discarded before. */
export const returnTraps: Pass = {
  name: "return-traps",
  needs: ["owned-checked"],
  gives: ["no-traps"],
  run(fn) {
    for (const block of fn.blocks) {
      if (block.end?.kind !== "trap") continue;
      const { at } = block.end;
      const zero = newValue(fn, block, "const", 32, [], at);
      block.values.push(zero);
      block.end = { kind: "return", value: zero, at };
    }
  },
};
