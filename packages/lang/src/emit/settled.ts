import type { BinaryOp, Value } from "../ir/ir.js";

const divisions: ReadonlySet<BinaryOp> = new Set(["udiv", "sdiv", "umod", "smod"]);
const shifts: ReadonlySet<BinaryOp> = new Set(["shl", "lshr", "ashr"]);

/**
 * settled tells what an operation gives whose constant the verifier does not take: a divisor of 0, a count of the width or
 * more. Folding leaves them where a constant showed late; they are on ways that nothing takes, or give what the machine gives.
 */
export function settled(op: BinaryOp, b: Value, width: number): "zero" | "left" | undefined {
  if (b.op !== "const") return undefined;
  const amount = BigInt.asUintN(width, b.imm);
  const isRefused = divisions.has(op) ? amount === 0n : shifts.has(op) && amount >= BigInt(width);
  if (!isRefused) return undefined;
  return op === "umod" || op === "smod" ? "left" : "zero";
}
