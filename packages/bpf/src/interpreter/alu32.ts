import { AluOperation } from "../asm/opcode.js";

function divide(own: number, other: number, isSigned: boolean): number {
  if (other === 0) return 0;
  return isSigned ? Math.trunc((own | 0) / (other | 0)) : Math.floor(own / other);
}

function remainder(own: number, other: number, isSigned: boolean): number {
  if (other === 0) return own;
  return isSigned ? (own | 0) % (other | 0) : own % other;
}

/**
 * alu32 gives `own OPERATION other` of unsigned 32-bit numbers; the result is cut to 32 bits by the caller. `offset`
 * 1 makes division and remainder signed. Undefined for an operation that does not exist.
 */
export function alu32(operation: number, own: number, other: number, offset: number): number | undefined {
  switch (operation) {
    case AluOperation.add:
      return own + other;
    case AluOperation.sub:
      return own - other;
    case AluOperation.mul:
      return Math.imul(own, other);
    case AluOperation.div:
      return divide(own, other, offset === 1);
    case AluOperation.mod:
      return remainder(own, other, offset === 1);
    case AluOperation.or:
      return own | other;
    case AluOperation.and:
      return own & other;
    case AluOperation.xor:
      return own ^ other;
    case AluOperation.lsh:
      return own << (other & 31);
    case AluOperation.rsh:
      return own >>> (other & 31);
    case AluOperation.arsh:
      return (own | 0) >> (other & 31);
    case AluOperation.mov:
      return other;
    case AluOperation.neg:
      return -own;
    default:
      return undefined;
  }
}

/** swap16 reverses the bytes of a 16-bit number. */
export function swap16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}

/** swap32 reverses the bytes of a 32-bit number. */
export function swap32(value: number): number {
  return ((swap16(value) << 16) | swap16(value >>> 16)) >>> 0;
}
