import { BpfError, processMemory } from "@go3s/bpf";

// internal/abi.Type: TFlag behind three words' worth of sizes and a hash, Str at 40; the same since Go 1.17.
const flagAt = 20;
const kindAt = 23;
const nameAt = 40;
const typeSize = 44;
const hasMethods = 1;
const extraStar = 2;
const kindMask = 31;
const longestName = 256;
// internal/abi.ITab: the interface's type, then this.
const tableTypeAt = 8;
// internal/abi.UncommonType, which begins with the name of the type's package, lies behind what a kind has beyond Type. A map's size is
// another one in each release.
const plainSize = 48;
const map = 21;
const sizes: ReadonlyMap<number, number> = new Map([
  [17, 72], // array
  [18, 64], // channel
  [19, 56], // function
  [22, 56], // pointer
  [23, 56], // slice
  [25, 80], // struct
]);

/**
 * typeAt reads a type's name out of a process's memory, as Go's %T prints it: "main.Order", "int". `types` is where the program's
 * types begin (runtime.types), which names are counted from; undefined when there is none, or the process has ended.
 */
export function typeAt(pid: number, address: number, types: number): string | undefined {
  return orEnded(() => readType(pid, address, types)?.name);
}

/**
 * typeOfTable reads the name of the type that a table of methods (internal/abi.ITab) is of, with all of its package's path, as symbols of
 * such tables have it: "*net/http.response". Undefined as with typeAt.
 */
export function typeOfTable(pid: number, address: number, types: number): string | undefined {
  if (address === 0) return undefined;
  return orEnded(() => {
    const word = memory(pid, address + tableTypeAt, 8);
    if (word === undefined) return undefined;
    const type = Number(word.getBigUint64(0, true));
    const found = readType(pid, type, types);
    if (found === undefined) return undefined;
    const { name, flags, kind } = found;
    if ((flags & hasMethods) === 0 || kind === map) return name;
    const offset = memory(pid, type + (sizes.get(kind) ?? plainSize), 4)?.getInt32(0, true);
    const path = offset ? nameFrom(pid, types + offset) : undefined;
    return path ? name.replace(/^(\**)[^.[]+\./, (_all, stars: string) => `${stars}${path}.`) : name;
  });
}

function readType(pid: number, address: number, types: number) {
  const type = memory(pid, address, typeSize);
  const text = type && nameFrom(pid, types + type.getInt32(nameAt, true));
  if (type === undefined || text === undefined) return undefined;
  const flags = type.getUint8(flagAt);
  const name = (flags & extraStar) === 0 ? text : text.slice(1);
  return { name, flags, kind: type.getUint8(kindAt) & kindMask };
}

function nameFrom(pid: number, address: number): string | undefined {
  const name = processMemory(pid, [{ address, length: longestName }]);
  return name.read() ? nameText(name.bytes) : undefined;
}

function memory(pid: number, address: number, length: number): DataView | undefined {
  const bytes = processMemory(pid, [{ address, length }]);
  return bytes.read() ? bytes.view : undefined;
}

function orEnded<T>(read: () => T): T | undefined {
  try {
    return read();
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
