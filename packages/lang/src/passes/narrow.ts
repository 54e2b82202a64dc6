import type { Value } from "../ir/ir.js";
import { replaceAll } from "../ir/ir.js";
import { shapeMax } from "../ir/range.js";
import type { Pass } from "./pass.js";

/** lowBits strips what only changes bits above the lowest `bits` of a value. */
function lowBits(value: Value, bits: number): Value {
  let at = value;
  for (let steps = 0; steps < 8; steps++) {
    const [a, b] = at.args;
    if (a === undefined) return at;
    const mask = (1n << BigInt(bits)) - 1n;
    const masks = at.op === "and" && b?.op === "const" && (b.imm & mask) === mask;
    const extended = (at.op === "zext" || at.op === "sext") && (Number(at.imm) || 32) >= bits;
    if (!masks && !extended && !(at.op === "trunc" && bits <= 32)) return at;
    at = a;
  }
  return at;
}

/** masked finds the value below a mask that covers every bit it can have. */
function masked(value: Value): Value | undefined {
  const [a, b] = value.args;
  if (value.op !== "and" || a === undefined || b?.op !== "const") return undefined;
  const most = shapeMax(a);
  if (most === undefined || most === 0n) return undefined;
  const all = (1n << BigInt(most.toString(2).length)) - 1n;
  return (b.imm & all) === all ? a : undefined;
}

/** narrow drops masks and truncations that change nothing, and those in front of stores, which write the low bytes alone. */
export const narrow: Pass = {
  name: "narrow",
  needs: ["folded"],
  gives: [],
  run(fn) {
    const mapping = new Map<Value, Value>();
    for (const block of fn.blocks) {
      for (const value of block.values) {
        const [, stored] = value.args;
        if (value.op === "store" && stored !== undefined) {
          const low = lowBits(stored, value.size * 8);
          if (low !== stored) value.args[1] = low;
        }
        const inner = masked(value);
        if (inner !== undefined) mapping.set(value, inner);
      }
    }
    replaceAll(fn, mapping);
    if (mapping.size > 0)
      for (const block of fn.blocks) block.values = block.values.filter((value) => !mapping.has(value));
  },
};
