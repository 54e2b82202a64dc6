import { BpfError, processMemory } from "@go3s/bpf";

// internal/abi.Type: TFlag behind three words' worth of sizes and a hash, Str at 40; the same since Go 1.17.
const flagAt = 20;
const nameAt = 40;
const typeSize = 44;
const extraStar = 2;
const longestName = 256;
// internal/abi.ITab: the interface's type, then this.
const tableTypeAt = 8;

/**
 * typeAt reads a type's name out of a process's memory, as Go's %T prints it: "main.Order", "int". `types` is where the program's
 * types begin (runtime.types), which names are counted from; undefined when there is none, or the process has ended.
 */
export function typeAt(pid: number, address: number, types: number): string | undefined {
  try {
    const type = processMemory(pid, [{ address, length: typeSize }]);
    if (!type.read()) return undefined;
    const from = types + type.view.getInt32(nameAt, true);
    const name = processMemory(pid, [{ address: from, length: longestName }]);
    if (!name.read()) return undefined;
    const text = nameText(name.bytes);
    return (type.view.getUint8(flagAt) & extraStar) === 0 ? text : text.slice(1);
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

/** typeOfTable reads which type a table of methods (internal/abi.ITab) is of; undefined when the process has ended. */
export function typeOfTable(pid: number, address: number): number | undefined {
  if (address === 0) return undefined;
  try {
    const word = processMemory(pid, [{ address: address + tableTypeAt, length: 8 }]);
    return word.read() ? Number(word.view.getBigUint64(0, true)) : undefined;
  } catch (error) {
    if (error instanceof BpfError) return undefined;
    throw error;
  }
}

/** nameText reads reflect's form of a name: a byte of flags, the length as a varint, the text. */
function nameText(bytes: Uint8Array): string {
  let length = 0;
  let at = 1;
  for (let shift = 0; shift < 14; shift += 7) {
    const byte = bytes[at++] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
}
