import { INSTRUCTION_BYTES, InstructionClass, LD_IMM64, MemoryMode, MemorySize } from "../asm/opcode.js";
import type { CoreRelocation } from "../btf/ext-encoder.js";
import { CoreKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";

/** The id of a helper that does not exist; libbpf uses the same, and those who read logs know it. */
const POISON = 195_896_080;

/** More than this many poisons share the last one's id. */
const MAX_POISONS = 1_000_000;

/**
 * Poisons are the reasons for which instructions of a program were made invalid calls. The number of the call
 * says which: the verifier names it when it gets there.
 */
export type Poisons = string[];

/** reachedPoison gives the reason of the poison that the verifier got to, undefined when it met none. */
export function reachedPoison(poisons: Poisons, log: string): string | undefined {
  const found = /invalid func unknown#(\d+)/.exec(log)?.[1];
  return found === undefined ? undefined : poisons[Number(found) - POISON];
}
const CALL = 0x85;

function viewAt(code: Uint8Array, offset: number): DataView {
  if (offset < 0 || offset % INSTRUCTION_BYTES !== 0 || offset + INSTRUCTION_BYTES > code.length) {
    throw new BpfError("bad-object", `a CO-RE relocation at byte ${offset} of ${code.length}`, { offset });
  }
  const wide = code[offset] === LD_IMM64;
  if (wide && offset + 2 * INSTRUCTION_BYTES > code.length) {
    throw new BpfError("bad-object", `the ld_imm64 at byte ${offset} is cut off`, { offset });
  }
  return new DataView(code.buffer, code.byteOffset + offset, wide ? 16 : 8);
}

/** poisonInstruction makes an instruction an invalid call, both slots of an ld_imm64, and keeps the reason. */
export function poisonInstruction(code: Uint8Array, offset: number, poisons: Poisons, reason: string): void {
  const view = viewAt(code, offset);
  const id = POISON + Math.min(poisons.push(reason) - 1, MAX_POISONS);
  for (let at = 0; at < view.byteLength; at += INSTRUCTION_BYTES) {
    view.setUint8(at, CALL);
    view.setUint8(at + 1, 0);
    view.setInt16(at + 2, 0, true);
    view.setInt32(at + 4, id, true);
  }
}

function sizeBits(bytes: number | undefined): number | undefined {
  return bytes === 1 || bytes === 2 || bytes === 4 || bytes === 8 ? MemorySize[bytes] : undefined;
}

/** reachesMemory tells whether the instruction at an offset is a load or store, whose width must be the field's. */
export function reachesMemory(code: Uint8Array, offset: number): boolean {
  const opcode = viewAt(code, offset).getUint8(0);
  const classOf = opcode & 7;
  return opcode !== LD_IMM64 && classOf >= InstructionClass.LDX && classOf <= InstructionClass.STX;
}

/** patchInstruction writes a relocation's value where its instruction takes it. Throws BpfError. */
export function patchInstruction(
  code: Uint8Array,
  relocation: CoreRelocation,
  value: bigint,
  resize: { readonly from: number | undefined; readonly to: number | undefined },
): void {
  const { offset, kind } = relocation;
  const view = viewAt(code, offset);
  const opcode = view.getUint8(0);
  const classOf = opcode & 7;
  if (opcode === LD_IMM64) {
    view.setInt32(4, Number(BigInt.asIntN(32, value)), true);
    view.setInt32(12, Number(BigInt.asIntN(32, value >> 32n)), true);
  } else if (classOf === InstructionClass.ALU || classOf === InstructionClass.ALU64) {
    view.setInt32(4, Number(BigInt.asIntN(32, value)), true);
  } else if (classOf >= InstructionClass.LDX && classOf <= InstructionClass.STX) {
    if (value > 0x7fffn) {
      throw new BpfError("relocation-failed", `a field at byte ${value} is beyond what a load can reach`);
    }
    view.setInt16(2, Number(value), true);
    const bits = sizeBits(resize.to);
    // A field that became wider or narrower is loaded in its own width; zeros fill the rest.
    if (kind === CoreKind.FIELD_BYTE_OFFSET && resize.from !== resize.to && bits !== undefined) {
      if ((opcode & 0xe0) === MemoryMode.mem) view.setUint8(0, (opcode & ~0x18) | bits);
    }
  } else {
    throw new BpfError("bad-object", `a CO-RE relocation of opcode 0x${opcode.toString(16)}`, { offset });
  }
}
