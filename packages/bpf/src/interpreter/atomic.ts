import type { Instruction } from "../asm/instruction.js";
import { ATOMIC_FETCH, AtomicOperation } from "../asm/opcode.js";

/** AtomicOutcome is what an atomic operation does: a new value for memory, the old one for a register. */
export interface AtomicOutcome {
  /** Undefined when memory stays as it is. */
  readonly store: bigint | undefined;
  /** The register that gets the old value, undefined for none. */
  readonly register: number | undefined;
}

/**
 * atomicOutcome computes an atomic operation on values of the access's width; `expected` is r0, for the comparison of
 * cmpxchg. Undefined for an operation that does not exist. Values are cut to the width when they are stored.
 */
export function atomicOutcome(
  instruction: Instruction,
  old: bigint,
  operand: bigint,
  expected: bigint,
): AtomicOutcome | undefined {
  const { imm, src } = instruction;
  if (imm === AtomicOperation.xchg) return { store: operand, register: src };
  if (imm === AtomicOperation.cmpxchg) return { store: old === expected ? operand : undefined, register: 0 };
  const register = imm & ATOMIC_FETCH ? src : undefined;
  switch (imm & ~ATOMIC_FETCH) {
    case AtomicOperation.add:
      return { store: old + operand, register };
    case AtomicOperation.or:
      return { store: old | operand, register };
    case AtomicOperation.and:
      return { store: old & operand, register };
    case AtomicOperation.xor:
      return { store: old ^ operand, register };
    default:
      return undefined;
  }
}
