import { oneByteMap, twoByteMap } from "./x86-tables.js";

/** opcodeMap names the table an opcode was found in. */
export const opcodeMap = {
  ONE: 0,
  TWO: 1,
  THREE_38: 2,
  THREE_3A: 3,
  EVEX_5: 5,
  EVEX_6: 6,
  XOP_8: 8,
  XOP_9: 9,
  XOP_A: 10,
} as const;

/** X86Instruction is a decoded instruction's outline; the decoder fills one object again and again. */
export interface X86Instruction {
  /** length in bytes; 0 when the bytes are no instruction or are cut. */
  length: number;
  /** map is an opcodeMap value. */
  map: number;
  opcode: number;
  /** modrm is -1 when the instruction has none. */
  modrm: number;
  /** rex is the REX prefix, 0 without; of VEX and EVEX only the W bit is kept. */
  rex: number;
  /** operandSize tells whether prefix 66 was there. */
  operandSize: boolean;
  /** repeat is prefix F2 or F3, 0 without. */
  repeat: number;
  lock: boolean;
  /** segment is the segment override's byte, 0 without. */
  segment: number;
  /** vector tells whether the instruction is VEX, EVEX or XOP encoded. */
  vector: boolean;
  /** relative is the branch distance from the next instruction, undefined for what is no relative branch. */
  relative: number | undefined;
  /** displacement of the memory operand, 0 without. */
  displacement: number;
}

/** x86Instruction returns an object for decodeX86 to fill. */
export function x86Instruction(): X86Instruction {
  return {
    length: 0,
    map: 0,
    opcode: 0,
    modrm: -1,
    rex: 0,
    operandSize: false,
    repeat: 0,
    lock: false,
    segment: 0,
    vector: false,
    relative: undefined,
    displacement: 0,
  };
}

/** longest is the architecture's limit for one instruction in bytes. */
const longest = 15;

function signed(code: Uint8Array, at: number, size: number): number {
  if (size === 1) return ((code[at] ?? 0) << 24) >> 24;
  return (
    (code[at] ?? 0) | ((code[at + 1] ?? 0) << 8) | ((code[at + 2] ?? 0) << 16) | ((code[at + 3] ?? 0) << 24)
  );
}

/** operand returns the length of ModRM, SIB and displacement at `at`, and keeps what it saw. */
function operand(code: Uint8Array, at: number, out: X86Instruction): number {
  const modrm = code[at] ?? 0;
  out.modrm = modrm;
  const mode = modrm >> 6;
  if (mode === 3) return 1;
  let length = 1;
  let base = modrm & 7;
  if (base === 4) {
    base = (code[at + 1] ?? 0) & 7;
    length = 2;
    if (mode === 0 && base === 5) {
      out.displacement = signed(code, at + 2, 4);
      return 6;
    }
  } else if (mode === 0 && base === 5) {
    out.displacement = signed(code, at + 1, 4);
    return 5;
  }
  if (mode === 0) return length;
  const size = mode === 1 ? 1 : 4;
  out.displacement = signed(code, at + length, size);
  return length + size;
}

/** immediate returns how many bytes follow ModRM for a table letter, -1 when the letter allows none. */
function immediate(
  kind: string,
  code: Uint8Array,
  at: number,
  out: X86Instruction,
  addressSize: boolean,
): number {
  const wide = (out.rex & 8) !== 0;
  const z = out.operandSize && !wide ? 2 : 4;
  const group3 = ((code[at] ?? 0) & 0x38) >> 3 < 2;
  switch (kind) {
    case ".":
    case "M":
      return 0;
    case "b":
    case "B":
      return 1;
    case "z":
    case "Z":
      return z;
    case "W":
      return 2;
    case "V":
      return wide ? 8 : z;
    case "J":
      return 4;
    case "A":
      return addressSize ? 4 : 8;
    case "E":
      return 3;
    case "T":
      return group3 ? 1 : 0;
    case "U":
      return group3 ? z : 0;
    default:
      return -1;
  }
}

/** vectorMap reads the prefix of VEX (C4, C5), EVEX (62) and XOP (8F); returns its length, 0 when it is none. */
function vectorPrefix(code: Uint8Array, at: number, out: X86Instruction): number {
  const first = code[at] ?? 0;
  const second = code[at + 1] ?? 0;
  const third = code[at + 2] ?? 0;
  if (first === 0xc5) {
    out.map = opcodeMap.TWO;
    return 2;
  }
  if (first === 0xc4 || first === 0x8f) {
    out.map = second & 0x1f;
    out.rex = (third & 0x80) !== 0 ? 0x48 : 0;
    const known =
      first === 0xc4
        ? out.map >= 1 && out.map <= 3
        : out.map >= opcodeMap.XOP_8 && out.map <= opcodeMap.XOP_A;
    return known ? 3 : 0;
  }
  out.map = second & 7;
  out.rex = (third & 0x80) !== 0 ? 0x48 : 0;
  // Bit 2 of the second payload byte is always 1 (maps 1-3, 5, 6); map 4 is APX, which no compiler of ours emits.
  return out.map === 0 || out.map === 4 || out.map === 7 || (third & 4) === 0 ? 0 : 4;
}

/** operandKind returns the table letter of an opcode in a map. */
function operandKind(map: number, opcode: number, vector: boolean): string {
  switch (map) {
    case opcodeMap.ONE:
      return oneByteMap.charAt(opcode);
    case opcodeMap.TWO: {
      const kind = twoByteMap.charAt(opcode);
      return vector && kind !== "M" && kind !== "b" && opcode !== 0x77 ? "!" : kind;
    }
    case opcodeMap.THREE_3A:
    case opcodeMap.XOP_8:
      return "b";
    case opcodeMap.XOP_A:
      return "z";
    default:
      return "M";
  }
}

function decode(code: Uint8Array, start: number, out: X86Instruction): number {
  let at = start;
  let addressSize = false;
  let byte = code[at] ?? 0;
  for (; at - start < longest; at++, byte = code[at] ?? 0) {
    if (byte === 0x66) out.operandSize = true;
    else if (byte === 0x67) addressSize = true;
    else if (byte === 0xf0) out.lock = true;
    else if (byte === 0xf2 || byte === 0xf3) out.repeat = byte;
    else if (
      byte === 0x2e ||
      byte === 0x36 ||
      byte === 0x3e ||
      byte === 0x26 ||
      byte === 0x64 ||
      byte === 0x65
    )
      out.segment = byte;
    else break;
  }
  if ((byte & 0xf0) === 0x40) {
    out.rex = byte;
    at++;
    byte = code[at] ?? 0;
    // A prefix behind REX cancels it; compilers never do that, so it is taken as no instruction.
    if (oneByteMap.charAt(byte) === "P") return 0;
  }
  const popForm = byte === 0x8f && ((code[at + 1] ?? 0) & 0x1f) < opcodeMap.XOP_8;
  if (byte === 0xc4 || byte === 0xc5 || byte === 0x62 || (byte === 0x8f && !popForm)) {
    const prefix = vectorPrefix(code, at, out);
    if (prefix === 0) return 0;
    out.vector = true;
    at += prefix;
    byte = code[at] ?? 0;
  } else if (byte === 0x0f) {
    out.map = opcodeMap.TWO;
    at++;
    byte = code[at] ?? 0;
    if (byte === 0x38 || byte === 0x3a) {
      out.map = byte === 0x38 ? opcodeMap.THREE_38 : opcodeMap.THREE_3A;
      at++;
      byte = code[at] ?? 0;
    }
  }
  out.opcode = byte;
  at++;
  const kind = operandKind(out.map, byte, out.vector);
  const size = immediate(kind, code, at, out, addressSize);
  if (size < 0) return 0;
  if ("MbzTU".includes(kind)) at += operand(code, at, out);
  const branch =
    out.map === opcodeMap.ONE && (byte >> 4 === 7 || byte === 0xeb || (byte >= 0xe0 && byte <= 0xe3));
  if (kind === "J" || branch) out.relative = signed(code, at, size);
  return at + size - start;
}

/** decodeX86 decodes the instruction at offset `at` of code into out and returns its length, 0 when there is none. */
export function decodeX86(code: Uint8Array, at: number, out: X86Instruction): number {
  out.map = 0;
  out.modrm = -1;
  out.rex = 0;
  out.operandSize = false;
  out.repeat = 0;
  out.lock = false;
  out.segment = 0;
  out.vector = false;
  out.relative = undefined;
  out.displacement = 0;
  const length = decode(code, at, out);
  out.length = length > longest || at + length > code.length ? 0 : length;
  return out.length;
}
