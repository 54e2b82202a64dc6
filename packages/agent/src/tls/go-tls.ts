import { BinaryError, decodeInstruction, elfMachine, type GoBinary, type GoOffsets } from "@go3s/binary";
import { callInside } from "../go/call-site.js";
import { type GoWrites, goWrites } from "./go-writes.js";
import type { TlsSite } from "./tls-site.js";

/** tlsStructs are what goTls needs to know of a Go version. */
export const tlsStructs = { "crypto/tls.Conn": ["conn", "vers"] } as const;

/** GoTlsSite is a TlsSite of a Go program, which is its own file. */
export type GoTlsSite = Omit<TlsSite, "path">;

/** GoTls are the places of a Go program that speaks TLS by crypto/tls, and what cannot be told. */
export interface GoTls {
  /** file is the program's identity, where it is known. */
  readonly file?: string;
  readonly sites: readonly GoTlsSite[];
  /** writes is where what it writes is found without a probe. */
  readonly writes?: GoWrites;
  readonly lost: readonly string[];
}

const readName = "crypto/tls.(*Conn).Read";
const writeName = "crypto/tls.(*Conn).Write";
const nothing: GoTls = { sites: [], lost: [] };

/**
 * goTls finds where crypto/tls takes plain text and gives it: the entry of Write, and in Read the call that copies what was
 * decrypted, by which source and length are known before anybody has it. Both are emulated by the kernel; a probe on Read's
 * return instructions would be single-stepped. `hasRegisters`: arguments are in registers (Go 1.17 and newer).
 */
export function goTls(binary: GoBinary, offsets: GoOffsets, hasRegisters: boolean): GoTls {
  const read = binary.functions.find(readName);
  const write = binary.functions.find(writeName);
  if (read === undefined || write === undefined) return nothing;
  const lose = (why: string): GoTls => ({ sites: [], lost: [`what is said by TLS: ${why}`] });
  if (!hasRegisters) return lose("Go before 1.17 passes arguments on the stack");
  if (binary.elf.machine !== elfMachine.X86_64) return lose("crypto/tls is read on x86-64 alone");
  const conn = offsets.of("crypto/tls.Conn", "conn");
  if (conn === undefined) return lose("the offset of crypto/tls.Conn.conn is unknown");
  const cookie = BigInt(conn) | (BigInt(offsets.of("crypto/tls.Conn", "vers") ?? 0) << 16n);
  try {
    const copies = callInside(binary, readName, "runtime.memmove");
    if (copies === undefined) return lose(`${readName} copies nothing itself in this build`);
    if (!keepsReceiver(binary, binary.code(read)))
      return lose(`${readName} does not keep its connection on the stack in this build`);
    const writes = goWrites(binary);
    return {
      sites: [
        { program: "goRead", fileOffset: copies, cookie },
        { program: "goWrite", fileOffset: binary.probeAddress(write).fileOffset, cookie },
      ],
      ...(writes === undefined ? {} : { writes }),
      lost: [],
    };
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return lose(error.message);
  }
}

/** u32 of little-endian bytes. */
const wordAt = (code: Uint8Array, at: number): number =>
  new DataView(code.buffer, code.byteOffset, code.byteLength).getUint32(at, true);

/**
 * keepsReceiver tells whether a function puts its first argument where the ABI has room for it, above the return address
 * (cmd/compile/abi-internal.md, "spill space"), and has a frame pointer, by which the probe finds it there.
 */
function keepsReceiver(binary: GoBinary, code: Uint8Array): boolean {
  let frame = 0;
  let hasFramePointer = false;
  for (let at = 0; at < code.length; ) {
    const instruction = decodeInstruction(binary.elf.machine, code, at);
    if (instruction === undefined || instruction.isCall || at + 8 > code.length) return false;
    const opcode = wordAt(code, at);
    // PUSH BP; MOV SP, BP (since Go 1.21), before LEA n(SP), BP
    if ((opcode & 0xff) === 0x55) frame += 8;
    if (
      (opcode & 0xffffff) === 0xe58948 ||
      (opcode & 0xffffff) === 0x6c8d48 ||
      (opcode & 0xffffff) === 0xac8d48
    )
      hasFramePointer = true;
    // SUB $n, SP
    if ((opcode & 0xffffff) === 0xec8348) frame += opcode >>> 24;
    if ((opcode & 0xffffff) === 0xec8148) frame += wordAt(code, at + 3);
    // MOV AX, n(SP), with a displacement of one or four bytes
    if ((opcode & 0xffffff) === 0x448948 && code[at + 3] === 0x24 && code[at + 4] === frame + 8)
      return hasFramePointer;
    if (opcode === 0x24848948 && wordAt(code, at + 4) === frame + 8) return hasFramePointer;
    at += instruction.length;
  }
  return false;
}
