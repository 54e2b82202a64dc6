/**
 * RegisterFile holds r0 to r10 and one scratch register, 64 bits each, in one buffer that is seen as halves and as
 * whole words: most operations work on the halves, without a BigInt.
 */
export interface RegisterFile {
  /** Low and high half of each register, alternating. */
  readonly half: Uint32Array;
  readonly unsigned: BigUint64Array;
  readonly signed: BigInt64Array;
}

/** SCRATCH is the register the second operand is put into where whole words are needed. */
export const SCRATCH = 11;

/** newRegisters makes a register file of zeroes. */
export function newRegisters(): RegisterFile {
  const buffer = new ArrayBuffer((SCRATCH + 1) * 8);
  return {
    half: new Uint32Array(buffer),
    unsigned: new BigUint64Array(buffer),
    signed: new BigInt64Array(buffer),
  };
}
