/**
 * The fields of a BPF opcode byte as the ISA names them.
 * Source: Documentation/bpf/standardization/instruction-set.rst (RFC 9669) and include/uapi/linux/bpf.h.
 */

/** InstructionClass is the low three bits of the opcode. */
export const InstructionClass = {
  LD: 0,
  LDX: 1,
  ST: 2,
  STX: 3,
  ALU: 4,
  JMP: 5,
  JMP32: 6,
  ALU64: 7,
} as const;

/** SOURCE_REGISTER is the opcode bit that makes ALU and JMP take the source register, not imm. */
export const SOURCE_REGISTER = 0x08;

/** AluOperation maps an arithmetic operation to the high bits of its opcode. `sdiv` and `smod` set offset 1. */
export const AluOperation = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  end: 0xd0,
} as const;

/** JumpOperation maps a jump to the high bits of its opcode. */
export const JumpOperation = {
  ja: 0x00,
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  call: 0x80,
  exit: 0x90,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
  /** `may_goto`, kernel 6.9 (BPF_JCOND). */
  cond: 0xe0,
} as const;

/** MemorySize maps a size in bytes to the opcode's size bits. */
export const MemorySize = { 4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18 } as const;

/** MemoryMode is the addressing mode of a load or store. `memsx` needs 6.6, the signed loads of ISA v4. */
export const MemoryMode = {
  imm: 0x00,
  abs: 0x20,
  ind: 0x40,
  mem: 0x60,
  memsx: 0x80,
  atomic: 0xc0,
} as const;

/** ATOMIC_FETCH makes an atomic operation give back the old value (5.12). */
export const ATOMIC_FETCH = 0x01;

/** AtomicOperation maps an atomic operation to the imm that selects it. */
export const AtomicOperation = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  xchg: 0xe1,
  cmpxchg: 0xf1,
  /** 6.15 */
  load_acquire: 0x100,
  /** 6.15 */
  store_release: 0x110,
} as const;

/** PseudoSource is what the source register of ld_imm64 and call means. Source: BPF_PSEUDO_* in bpf.h. */
export const PseudoSource = {
  MAP_FD: 1,
  MAP_VALUE: 2,
  BTF_ID: 3,
  FUNC: 4,
  MAP_IDX: 5,
  MAP_IDX_VALUE: 6,
  CALL: 1,
  KFUNC_CALL: 2,
} as const;

/** LD_IMM64 is the opcode of the only instruction that takes two slots. */
export const LD_IMM64 = 0x18;

/** INSTRUCTION_BYTES is the size of one slot. */
export const INSTRUCTION_BYTES = 8;
