import { decodeInstruction, elfMachine, type GoBinary } from "@go3s/binary";

/** Operation says what a call is, in the records of probes/calls.go3s. */
export const Operation = {
  query: 1,
  exec: 2,
  prepare: 3,
  begin: 4,
  commit: 5,
  rollback: 6,
  /** statementQuery and statementExec are those of prepared statements. */
  statementQuery: 7,
  statementExec: 8,
  /** send hands messages to a broker and waits for its word; the text is their topic. */
  send: 32,
} as const;

/** CallArguments says where a site's arguments are; each is the number of a word in Go's argument registers, 0 to 8. */
export interface CallArguments {
  readonly operation?: number;
  /** text is where the call's string begins; `textAt` is its offset when it is in the struct that the word points to. */
  readonly text?: number;
  readonly textAt?: number;
  /** type is the interface that tells whose driver it is; `typeAt` its offset in the struct that the word points to. */
  readonly type?: number;
  readonly typeAt?: number;
  /** note: here is only noted what the next call is about; noted: here it begins. */
  readonly note?: boolean;
  readonly noted?: boolean;
  /** error is the error that a call ended with. */
  readonly error?: number;
}

/** CallProgram names what looks at a site: probes/calls.go3s, and probes/spans.go3s for spans that a program makes itself. */
export type CallProgram = "begin" | "end" | "spanStart" | "spanEnd";

/** CallSite is a place in a Go program where a call, or a span that it makes itself, begins or ends. */
export interface CallSite {
  readonly program: CallProgram;
  readonly fileOffset: number;
  /** cookie tells the program what CallArguments say, see probes/calls.go3s. */
  readonly cookie: bigint;
}

const nowhere = 15;
const mode = { textBehind: 1, typeBehind: 2, note: 4, noted: 8 } as const;

/**
 * callCookie packs the arguments of a site: operation, text (or, where calls end, error), type, mode, the offset of
 * runtime.g.goid (at most 4095), both other offsets.
 */
export function callCookie(told: CallArguments, goid: number): bigint {
  const flags =
    (told.textAt === undefined ? 0 : mode.textBehind) |
    (told.typeAt === undefined ? 0 : mode.typeBehind) |
    (told.note === true ? mode.note : 0) |
    (told.noted === true ? mode.noted : 0);
  const low =
    (told.operation ?? 0) |
    ((told.text ?? told.error ?? nowhere) << 8) |
    ((told.type ?? nowhere) << 12) |
    (flags << 16);
  return (
    BigInt(low) |
    (BigInt(goid) << 20n) |
    (BigInt(told.textAt ?? 0) << 32n) |
    (BigInt(told.typeAt ?? 0) << 48n)
  );
}

/** callInside finds the first direct call of one function in another: an instruction that is emulated on x86-64. */
export function callInside(binary: GoBinary, caller: string, callee: string): number | undefined {
  return aroundCall(binary, caller, callee, "before");
}

/** behindCall finds the instruction behind that call, where the registers hold what it returned; it is single-stepped. */
export function behindCall(binary: GoBinary, caller: string, callee: string): number | undefined {
  return aroundCall(binary, caller, callee, "behind");
}

/**
 * jumpBehindCall finds the conditional jump behind that call, which is emulated on x86-64, if the third and fourth word that the call
 * returned are still in their registers there: only loads of other registers, stores and comparisons may stand between. Else undefined.
 */
export function jumpBehindCall(binary: GoBinary, caller: string, callee: string): number | undefined {
  const outer = binary.functions.find(caller);
  const behind = behindCall(binary, caller, callee);
  if (outer === undefined || behind === undefined || binary.elf.machine !== elfMachine.X86_64)
    return undefined;
  const code = binary.code(outer);
  const start = binary.fileOffset(outer.entry);
  for (let at = behind - start, n = 0; n < 6; n++) {
    const instruction = decodeInstruction(binary.elf.machine, code, at);
    if (instruction === undefined) return undefined;
    const opcode = code[at] ?? 0;
    // Jcc rel8, or rel32 behind 0f.
    if (opcode >> 4 === 7 || (opcode === 0x0f && (code[at + 1] ?? 0) >> 4 === 8)) return start + at;
    if (!keepsWords(code, at)) return undefined;
    at += instruction.length;
  }
  return undefined;
}

/** keepsWords says whether an instruction is one of those that leave rcx and rdi alone: see jumpBehindCall. */
function keepsWords(code: Uint8Array, at: number): boolean {
  if (isNothing(code, at)) return true;
  const hasRex = (code[at] ?? 0) >> 4 === 4;
  const isHigh = hasRex && ((code[at] ?? 0) & 4) !== 0;
  const opcode = code[hasRex ? at + 1 : at] ?? 0;
  const operands = code[hasRex ? at + 2 : at + 1] ?? 0;
  const register = (operands >> 3) & 7;
  // MOV to a register.
  if (opcode === 0x8b) return isHigh || (register !== 1 && register !== 7);
  // MOV to memory; CMP of memory with a constant, of memory and a register; TEST.
  if (opcode === 0x89) return operands >> 6 !== 3;
  if (opcode === 0x80 || opcode === 0x83) return register === 7;
  return (
    opcode === 0x38 ||
    opcode === 0x39 ||
    opcode === 0x3a ||
    opcode === 0x3b ||
    opcode === 0x84 ||
    opcode === 0x85
  );
}

/** isNothing: NOP of one byte, or the long one, either with a prefix: what stands before a jump so that it is not cut by a boundary. */
function isNothing(code: Uint8Array, at: number): boolean {
  const opcode = code[at] === 0x66 ? at + 1 : at;
  return code[opcode] === 0x90 || (code[opcode] === 0x0f && code[opcode + 1] === 0x1f);
}

function aroundCall(
  binary: GoBinary,
  caller: string,
  callee: string,
  where: "before" | "behind",
): number | undefined {
  const outer = binary.functions.find(caller);
  const inner = binary.functions.find(callee);
  if (outer === undefined || inner === undefined) return undefined;
  const code = binary.code(outer);
  for (let at = 0; at < code.length; ) {
    const instruction = decodeInstruction(binary.elf.machine, code, at);
    if (instruction === undefined) return undefined;
    if (instruction.isCall && instruction.target === inner.entry - outer.entry) {
      return binary.fileOffset(outer.entry + at + (where === "before" ? 0 : instruction.length));
    }
    at += instruction.length;
  }
  return undefined;
}
