import { newValue } from "../ir/ir.js";
import type { Pass } from "./pass.js";

/** returnTraps makes traps what they are in the end: the program returns 0, a loop's body 1. Reservations were discarded before. */
export const returnTraps: Pass = {
  name: "return-traps",
  needs: ["owned-checked"],
  gives: ["no-traps"],
  run(fn) {
    for (const block of fn.blocks) {
      if (block.end?.kind !== "trap") continue;
      const { at } = block.end;
      const result = newValue(fn, block, "const", 32, [], at);
      result.imm = fn.trapResult ?? 0n;
      block.values.push(result);
      block.end = { kind: "return", value: result, at };
    }
  },
};
