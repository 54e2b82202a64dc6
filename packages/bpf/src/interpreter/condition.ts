import { JumpOperation } from "../asm/opcode.js";

/** holds tells whether `own OPERATION other` is true of unsigned words given in halves. Undefined when it is no condition. */
export function holds(
  operation: number,
  ownLow: number,
  ownHigh: number,
  low: number,
  high: number,
): boolean | undefined {
  const isEqual = ownLow === low && ownHigh === high;
  const isGreater = ownHigh === high ? ownLow > low : ownHigh > high;
  const isSignedGreater = ownHigh === high ? ownLow > low : (ownHigh | 0) > (high | 0);
  switch (operation) {
    case JumpOperation.eq:
      return isEqual;
    case JumpOperation.ne:
      return !isEqual;
    case JumpOperation.gt:
      return isGreater;
    case JumpOperation.ge:
      return isGreater || isEqual;
    case JumpOperation.lt:
      return !isGreater && !isEqual;
    case JumpOperation.le:
      return !isGreater;
    case JumpOperation.sgt:
      return isSignedGreater;
    case JumpOperation.sge:
      return isSignedGreater || isEqual;
    case JumpOperation.slt:
      return !isSignedGreater && !isEqual;
    case JumpOperation.sle:
      return !isSignedGreater;
    case JumpOperation.set:
      return ((ownLow & low) | (ownHigh & high)) !== 0;
    default:
      return undefined;
  }
}
