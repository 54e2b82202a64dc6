import { BpfError } from "../errors.js";
import type { Instruction } from "./instruction.js";
import { INSTRUCTION_BYTES, LD_IMM64 } from "./opcode.js";

/**
 * decodeInstructions reads little-endian bytecode. The two slots of an ld_imm64 become one Instruction.
 * Throws BpfError `bad-instruction` with the offset when the bytes end in the middle of an instruction.
 */
export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  if (bytes.length % INSTRUCTION_BYTES !== 0) {
    throw new BpfError("bad-instruction", `bytecode of ${bytes.length} bytes is not a multiple of 8`, {
      offset: bytes.length - (bytes.length % INSTRUCTION_BYTES),
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const instructions: Instruction[] = [];
  for (let at = 0; at < bytes.length; at += INSTRUCTION_BYTES) {
    const opcode = view.getUint8(at);
    const registers = view.getUint8(at + 1);
    let immHigh = 0;
    const first = at;
    if (opcode === LD_IMM64) {
      at += INSTRUCTION_BYTES;
      if (at >= bytes.length) {
        throw new BpfError("bad-instruction", `ld_imm64 at byte ${first} has no second slot`, {
          offset: first,
        });
      }
      immHigh = view.getInt32(at + 4, true);
    }
    instructions.push({
      opcode,
      dst: registers & 15,
      src: registers >> 4,
      offset: view.getInt16(first + 2, true),
      imm: view.getInt32(first + 4, true),
      immHigh,
    });
  }
  return instructions;
}
