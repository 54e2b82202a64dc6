import { readlinkSync, statSync } from "node:fs";
import { decodeInstruction, type GoBinary, type MemoryMapping, readMaps } from "@go3s/binary";

/** GoWrites is where a Go program's crypto/tls has on its stack what it writes, while a system call sends it. */
export interface GoWrites {
  /** returns are where its calls of what writes a record return to, as offsets in the file. */
  readonly returns: readonly number[];
  /** frame is how far the return address of (*Conn).Write is above its own stack pointer, in bytes. */
  readonly frame: number;
}

const writeName = "crypto/tls.(*Conn).Write";
const recordName = "crypto/tls.(*Conn).writeRecordLocked";

// As many as a GoWriter of probes/tls-writes.go3s has room for.
const mostReturns = 2;

/** goWriterSize is the size of a GoWriter in bytes; `missed` is where it counts what was not found. */
export const goWriterSize = 40;
const missedAt = 20;

/**
 * goWrites finds it: (*Conn).Write puts its argument, a slice whose data and length come in BX and CX, where the ABI has room
 * for it above the return address (cmd/compile/abi-internal.md, "spill space"). Undefined where a build does not.
 */
export function goWrites(binary: GoBinary): GoWrites | undefined {
  const write = binary.functions.find(writeName);
  const record = binary.functions.find(recordName);
  if (write === undefined || record === undefined) return undefined;
  const code = binary.code(write);
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const returns: number[] = [];
  let frame = 0;
  let inPrologue = true;
  let hasFramePointer = false;
  let keepsData = false;
  let keepsLength = false;
  for (let at = 0; at < code.length; ) {
    const instruction = decodeInstruction(binary.elf.machine, code, at);
    if (instruction === undefined) return undefined;
    const opcode = at + 8 > code.length ? 0 : view.getUint32(at, true);
    const three = opcode & 0xffffff;
    if (inPrologue) {
      // PUSH BP; MOV SP, BP (since Go 1.21), before LEA n(SP), BP
      if ((opcode & 0xff) === 0x55) frame += 8;
      hasFramePointer ||= three === 0xe58948 || three === 0x6c8d48 || three === 0xac8d48;
      // SUB $n, SP
      if (three === 0xec8348) frame += opcode >>> 24;
      if (three === 0xec8148) frame += view.getUint32(at + 3, true);
    }
    const slot = stored(view, at, opcode);
    // The stack's growth has its own copies, from before the frame is there.
    keepsData ||= frame > 0 && slot?.register === "BX" && slot.offset === frame + 16;
    keepsLength ||= frame > 0 && slot?.register === "CX" && slot.offset === frame + 24;
    if (instruction.isCall) {
      inPrologue = false;
      if (instruction.target === record.entry - write.entry) {
        if (!keepsData || !keepsLength) return undefined;
        returns.push(binary.fileOffset(write.entry + at + instruction.length));
      }
    }
    at += instruction.length;
  }
  const isKnown = hasFramePointer && returns.length > 0 && returns.length <= mostReturns;
  return isKnown ? { returns, frame } : undefined;
}

/** stored is MOV BX or CX, n(SP), with a displacement of one or four bytes. */
function stored(
  view: DataView,
  at: number,
  opcode: number,
): { readonly register: "BX" | "CX"; readonly offset: number } | undefined {
  switch (opcode) {
    case 0x249c8948:
      return { register: "BX", offset: view.getInt32(at + 4, true) };
    case 0x248c8948:
      return { register: "CX", offset: view.getInt32(at + 4, true) };
    default:
  }
  if ((opcode & 0xffffff) === 0x5c8948 && opcode >>> 24 === 0x24)
    return { register: "BX", offset: view.getInt8(at + 4) };
  if ((opcode & 0xffffff) === 0x4c8948 && opcode >>> 24 === 0x24)
    return { register: "CX", offset: view.getInt8(at + 4) };
  return undefined;
}

/** encodeGoWriter makes a GoWriter for a process; undefined when it is gone, or has not mapped its program. */
export function encodeGoWriter(pid: number, { returns, frame }: GoWrites): Uint8Array | undefined {
  const bytes = new Uint8Array(goWriterSize);
  const view = new DataView(bytes.buffer);
  const addresses = addressesOf(pid, returns);
  if (addresses === undefined) return undefined;
  for (let i = 0; i < mostReturns; i++)
    view.setBigUint64(i * 8, BigInt(addresses[i] ?? addresses[0] ?? 0), true);
  view.setUint32(16, frame, true);
  return bytes;
}

/** missedOf is how many answers were not found on the stack. */
export const missedOf = (writer: Uint8Array): number =>
  new DataView(writer.buffer, writer.byteOffset).getUint32(missedAt, true);

/** addressesOf tells where a process has places of its program, by their offsets in the file. */
function addressesOf(pid: number, offsets: readonly number[]): number[] | undefined {
  try {
    const inode = statSync(`/proc/${pid}/exe`).ino;
    const path = readlinkSync(`/proc/${pid}/exe`);
    // Overlay file systems may show another inode than the mapping has.
    const own = readMaps(pid).filter((mapping) => mapping.inode === inode || mapping.path === path);
    return offsets.map((offset) => addressIn(own, offset));
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

function addressIn(mappings: readonly MemoryMapping[], offset: number): number {
  for (const { executable, start, end, fileOffset } of mappings) {
    if (executable && offset >= fileOffset && offset < fileOffset + (end - start))
      return start + offset - fileOffset;
  }
  throw new Error(`offset ${offset} is mapped nowhere`);
}
