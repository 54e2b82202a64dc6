import type { Instruction, Register } from "./instruction.js";
import {
  ATOMIC_FETCH,
  AtomicOperation,
  InstructionClass,
  LD_IMM64,
  MemoryMode,
  MemorySize,
  PseudoSource,
} from "./opcode.js";

/** Size is the size of a memory access in bytes. */
export type Size = 1 | 2 | 4 | 8;

/** load is `dst = *(uSIZE *)(src + offset)`. */
export function load(size: Size, dst: Register, src: Register, offset: number): Instruction {
  const opcode = InstructionClass.LDX | MemorySize[size] | MemoryMode.mem;
  return { opcode, dst, src, offset, imm: 0, immHigh: 0 };
}

/** loadSigned is `dst = *(sSIZE *)(src + offset)`. ISA v4, kernel 6.6. */
export function loadSigned(size: 1 | 2 | 4, dst: Register, src: Register, offset: number): Instruction {
  const opcode = InstructionClass.LDX | MemorySize[size] | MemoryMode.memsx;
  return { opcode, dst, src, offset, imm: 0, immHigh: 0 };
}

/** storeReg is `*(uSIZE *)(dst + offset) = src`. */
export function storeReg(size: Size, dst: Register, offset: number, src: Register): Instruction {
  const opcode = InstructionClass.STX | MemorySize[size] | MemoryMode.mem;
  return { opcode, dst, src, offset, imm: 0, immHigh: 0 };
}

/** storeImm is `*(uSIZE *)(dst + offset) = imm`; imm is signed 32-bit, sign-extended for 8 bytes. */
export function storeImm(size: Size, dst: Register, offset: number, imm: number): Instruction {
  const opcode = InstructionClass.ST | MemorySize[size] | MemoryMode.mem;
  return { opcode, dst, src: 0, offset, imm, immHigh: 0 };
}

/** AtomicName is an atomic read-modify-write operation. */
export type AtomicName = "add" | "or" | "and" | "xor" | "xchg" | "cmpxchg";

/**
 * atomic is `lock *(uSIZE *)(dst + offset) OP src`. With `fetch` src gets the old value (kernel 5.12);
 * xchg always does, cmpxchg compares with r0 and puts the old value there.
 */
export function atomic(
  name: AtomicName,
  size: 4 | 8,
  dst: Register,
  offset: number,
  src: Register,
  fetch = false,
): Instruction {
  const opcode = InstructionClass.STX | MemorySize[size] | MemoryMode.atomic;
  return { opcode, dst, src, offset, imm: AtomicOperation[name] | (fetch ? ATOMIC_FETCH : 0), immHigh: 0 };
}

/** loadAcquire is `dst = load_acquire(src + offset)`, kernel 6.15. */
export function loadAcquire(size: Size, dst: Register, src: Register, offset: number): Instruction {
  const opcode = InstructionClass.STX | MemorySize[size] | MemoryMode.atomic;
  return { opcode, dst, src, offset, imm: AtomicOperation.load_acquire, immHigh: 0 };
}

/** storeRelease is `store_release(dst + offset, src)`, kernel 6.15. */
export function storeRelease(size: Size, dst: Register, offset: number, src: Register): Instruction {
  const opcode = InstructionClass.STX | MemorySize[size] | MemoryMode.atomic;
  return { opcode, dst, src, offset, imm: AtomicOperation.store_release, immHigh: 0 };
}

/** loadPacket is the legacy `r0 = skb[src + offset]` in network order; r6 must hold the socket buffer. */
export function loadPacket(size: 1 | 2 | 4, offset: number, src?: Register): Instruction {
  const mode = src === undefined ? MemoryMode.abs : MemoryMode.ind;
  const opcode = InstructionClass.LD | MemorySize[size] | mode;
  return { opcode, dst: 0, src: src ?? 0, offset: 0, imm: offset, immHigh: 0 };
}

function wide(dst: Register, src: number, imm: number, immHigh: number): Instruction {
  return { opcode: LD_IMM64, dst, src, offset: 0, imm: imm | 0, immHigh: immHigh | 0 };
}

/** loadImm64 is `dst = value`; the value is taken modulo 2^64. */
export function loadImm64(dst: Register, value: bigint): Instruction {
  return wide(dst, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}

/** loadMapFd gives dst the address of the map behind a descriptor. */
export function loadMapFd(dst: Register, fd: number): Instruction {
  return wide(dst, PseudoSource.MAP_FD, fd, 0);
}

/** loadMapValue gives dst the address of byte `offset` in the first value of an array map (5.2). */
export function loadMapValue(dst: Register, fd: number, offset: number): Instruction {
  return wide(dst, PseudoSource.MAP_VALUE, fd, offset);
}

/** loadMapIndex is loadMapFd with an index into the load command's descriptor array (5.14). */
export function loadMapIndex(dst: Register, index: number): Instruction {
  return wide(dst, PseudoSource.MAP_IDX, index, 0);
}

/** loadMapIndexValue is loadMapValue with an index into the load command's descriptor array (5.14). */
export function loadMapIndexValue(dst: Register, index: number, offset: number): Instruction {
  return wide(dst, PseudoSource.MAP_IDX_VALUE, index, offset);
}

/** loadBtfId gives dst the address of a kernel variable by its BTF id; moduleFd 0 is vmlinux (5.10). */
export function loadBtfId(dst: Register, id: number, moduleFd = 0): Instruction {
  return wide(dst, PseudoSource.BTF_ID, id, moduleFd);
}

/** loadFunction gives dst the address of a subprogram, for helpers that call back (5.13). */
export function loadFunction(dst: Register, target: string | number): Instruction {
  return typeof target === "string"
    ? { ...wide(dst, PseudoSource.FUNC, 0, 0), target }
    : wide(dst, PseudoSource.FUNC, target, 0);
}
