import { elfMachine } from "../elf/constants.js";
import { decodeX86, x86Instruction } from "./x86.js";

/**
 * dataReferences returns where the operands of a function's instructions point that are given relative to the
 * instruction (x86-64's RIP-relative ones), in the order of the code, as offsets from its first byte; they lie outside of
 * it as a rule. It ends at the first byte that is no instruction. Of other machines than x86-64 it knows none.
 */
export function dataReferences(machine: number, code: Uint8Array): number[] {
  const found: number[] = [];
  if (machine !== elfMachine.X86_64) return found;
  const instruction = x86Instruction();
  for (let at = 0; at < code.length; ) {
    const length = decodeX86(code, at, instruction);
    if (length === 0) break;
    // ModRM with mode 0 and register 5: the displacement counts from the next instruction (Intel SDM 2A, 2.2.1.6).
    if (instruction.modrm >= 0 && (instruction.modrm & 0xc7) === 5)
      found.push(at + length + instruction.displacement);
    at += length;
  }
  return found;
}
