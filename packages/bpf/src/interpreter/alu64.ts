import { AluOperation } from "../asm/opcode.js";
import { type RegisterFile, SCRATCH } from "./registers.js";

function divide(registers: RegisterFile, dst: number, isSigned: boolean): void {
  const words = isSigned ? registers.signed : registers.unsigned;
  const divisor = words[SCRATCH] ?? 0n;
  // Division by zero gives 0; -2^63 / -1 wraps when it is stored.
  words[dst] = divisor === 0n ? 0n : (words[dst] ?? 0n) / divisor;
}

function remainder(registers: RegisterFile, dst: number, isSigned: boolean): void {
  const words = isSigned ? registers.signed : registers.unsigned;
  const divisor = words[SCRATCH] ?? 0n;
  if (divisor !== 0n) words[dst] = (words[dst] ?? 0n) % divisor;
}

function shift(half: Uint32Array, dst: number, operation: number, by: number): void {
  if (by === 0) return;
  const low = half[dst * 2] ?? 0;
  const high = half[dst * 2 + 1] ?? 0;
  const rest = by & 31;
  const back = 32 - rest;
  let [newLow, newHigh] = [0, 0];
  if (operation === AluOperation.lsh) {
    if (by < 32) [newLow, newHigh] = [low << rest, (high << rest) | (low >>> back)];
    else newHigh = low << rest;
  } else {
    const isSigned = operation === AluOperation.arsh;
    const fill = isSigned ? (high | 0) >> 31 : 0;
    const shifted = isSigned ? (high | 0) >> rest : high >>> rest;
    if (by < 32) [newLow, newHigh] = [(low >>> rest) | (high << back), shifted];
    else [newLow, newHigh] = [shifted, fill];
  }
  half[dst * 2] = newLow;
  half[dst * 2 + 1] = newHigh;
}

/**
 * alu64 is `dst = dst OPERATION operand`, the operand given in halves. `offset` 1 makes division and remainder
 * signed. Gives false for an operation that does not exist.
 */
export function alu64(
  registers: RegisterFile,
  operation: number,
  dst: number,
  low: number,
  high: number,
  offset: number,
): boolean {
  const { half, unsigned } = registers;
  const at = dst * 2;
  const ownLow = half[at] ?? 0;
  const ownHigh = half[at + 1] ?? 0;
  switch (operation) {
    case AluOperation.add: {
      const sum = ownLow + low;
      half[at] = sum;
      half[at + 1] = ownHigh + high + (sum > 0xffffffff ? 1 : 0);
      return true;
    }
    case AluOperation.sub:
      half[at] = ownLow - low;
      half[at + 1] = ownHigh - high - (ownLow < low ? 1 : 0);
      return true;
    case AluOperation.or:
      half[at] = ownLow | low;
      half[at + 1] = ownHigh | high;
      return true;
    case AluOperation.and:
      half[at] = ownLow & low;
      half[at + 1] = ownHigh & high;
      return true;
    case AluOperation.xor:
      half[at] = ownLow ^ low;
      half[at + 1] = ownHigh ^ high;
      return true;
    case AluOperation.mov:
      half[at] = low;
      half[at + 1] = high;
      return true;
    case AluOperation.lsh:
    case AluOperation.rsh:
    case AluOperation.arsh:
      shift(half, dst, operation, low & 63);
      return true;
    case AluOperation.neg:
      half[at] = -ownLow;
      half[at + 1] = ~ownHigh + (ownLow === 0 ? 1 : 0);
      return true;
    default:
      break;
  }
  half[SCRATCH * 2] = low;
  half[SCRATCH * 2 + 1] = high;
  if (operation === AluOperation.mul) unsigned[dst] = (unsigned[dst] ?? 0n) * (unsigned[SCRATCH] ?? 0n);
  else if (operation === AluOperation.div) divide(registers, dst, offset === 1);
  else if (operation === AluOperation.mod) remainder(registers, dst, offset === 1);
  else return false;
  return true;
}
