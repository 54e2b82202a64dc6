import { BpfError } from "../errors.js";
import { byteLength, type Instruction, slotsOf } from "./instruction.js";
import { INSTRUCTION_BYTES, InstructionClass, JumpOperation, LD_IMM64, SOURCE_REGISTER } from "./opcode.js";

const GOTO_LONG = InstructionClass.JMP32 | JumpOperation.ja;
const CALL = InstructionClass.JMP | JumpOperation.call;

function refuse(index: number, why: string): never {
  throw new BpfError("bad-instruction", `cannot encode instruction ${index}: ${why}`);
}

function labelSlots(instructions: readonly Instruction[]): Map<string, number> {
  const slots = new Map<string, number>();
  let slot = 0;
  for (const [index, instruction] of instructions.entries()) {
    if (instruction.label !== undefined) {
      if (slots.has(instruction.label)) refuse(index, `label "${instruction.label}" is defined twice`);
      slots.set(instruction.label, slot);
    }
    slot += slotsOf(instruction);
  }
  return slots;
}

/**
 * resolveLabels writes the distance of every label a jump, call or ld_imm64 refers to, and leaves other
 * instructions as they are. References to labels in `external` stay unresolved (they become relocations).
 * Throws BpfError `bad-instruction` for unknown labels and for jumps that are too far.
 */
export function resolveLabels(
  instructions: readonly Instruction[],
  external: ReadonlySet<string> = new Set(),
): Instruction[] {
  const slots = labelSlots(instructions);
  let slot = 0;
  return instructions.map((instruction, index) => {
    const here = slot;
    slot += slotsOf(instruction);
    const { target } = instruction;
    if (target === undefined) return instruction;
    const to = slots.get(target);
    if (to === undefined) {
      if (external.has(target)) return instruction;
      return refuse(index, `no label "${target}"`);
    }
    // A function's address is counted from the ld_imm64 itself plus one slot, as calls are.
    const distance = to - here - 1;
    if (
      instruction.opcode === GOTO_LONG ||
      instruction.opcode === LD_IMM64 ||
      (instruction.opcode & ~SOURCE_REGISTER) === CALL
    ) {
      return { ...instruction, imm: distance };
    }
    if (distance < -0x8000 || distance > 0x7fff) {
      return refuse(index, `label "${target}" is ${distance} slots away, more than 16 bits hold`);
    }
    return { ...instruction, offset: distance };
  });
}

/** encodeInstructions writes little-endian bytecode, labels resolved. Throws BpfError `bad-instruction`. */
export function encodeInstructions(
  instructions: readonly Instruction[],
  external?: ReadonlySet<string>,
): Uint8Array {
  const bytes = new Uint8Array(byteLength(instructions));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [index, instruction] of resolveLabels(instructions, external).entries()) {
    const { opcode, dst, src, offset, imm, immHigh } = instruction;
    if (opcode < 0 || opcode > 0xff || !Number.isInteger(opcode)) refuse(index, `opcode ${opcode}`);
    if (dst < 0 || dst > 15 || src < 0 || src > 15) refuse(index, `registers ${dst} and ${src}`);
    if (offset < -0x8000 || offset > 0x7fff || !Number.isInteger(offset)) refuse(index, `offset ${offset}`);
    if (imm < -0x80000000 || imm > 0xffffffff || !Number.isInteger(imm)) refuse(index, `immediate ${imm}`);
    view.setUint8(at, opcode);
    view.setUint8(at + 1, (src << 4) | dst);
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, imm | 0, true);
    at += INSTRUCTION_BYTES;
    if (opcode === LD_IMM64) {
      view.setInt32(at + 4, immHigh | 0, true);
      at += INSTRUCTION_BYTES;
    }
  }
  return bytes;
}
