import { closeSync, openSync, readSync } from "node:fs";
import { BinaryError, mappingAt, openGoBinary, readMaps } from "@go3s/binary";

/** GoTypes tells the names of types by the type words of interfaces, in running processes. */
export interface GoTypes {
  /** of gives a type as its methods are named, "github.com/lib/pq.(*conn)"; "" when it cannot be found out. */
  of(pid: number, itab: number): string;
  forget(pid: number): void;
}

// internal/abi.ITab: Inter and Type of 8 bytes, Hash of 4 (and 4 to align), then the methods; the same since Go 1.10.
const firstMethod = 24;
// What a program's drivers and errors are: a few; one that makes them without end is hostile.
const limit = 1024;

/**
 * newGoTypes makes an empty cache. A type's own name would have to be found through the module data; its first method's
 * code is in the function table by its full name, in stripped programs too.
 */
export function newGoTypes(): GoTypes {
  const known = new Map<number, Map<number, string>>();
  return {
    of(pid, itab) {
      if (itab === 0) return "";
      let names = known.get(pid);
      if (names === undefined) {
        names = new Map();
        known.set(pid, names);
      }
      let name = names.get(itab);
      if (name === undefined) {
        name = typeOfMethod(methodName(pid, itab));
        if (names.size >= limit) names.clear();
        names.set(itab, name);
      }
      return name;
    },
    forget: (pid) => void known.delete(pid),
  };
}

/** methodName is the name of the first method of an interface's type; "" when the memory or the file does not say. */
function methodName(pid: number, itab: number): string {
  try {
    const address = readWord(pid, itab + firstMethod);
    const mapping = mappingAt(readMaps(pid), address);
    if (mapping === undefined) return "";
    const offset = address - mapping.start + mapping.fileOffset;
    using binary = openGoBinary(`/proc/${pid}/exe`);
    const segment = binary.elf.segments.find(
      (each) => offset >= each.offset && offset < each.offset + each.fileSize && (each.flags & 1) !== 0,
    );
    if (segment === undefined) return "";
    return binary.functions.containing(offset - segment.offset + segment.address)?.name ?? "";
  } catch (error) {
    // The process may have ended, or its memory be another's by now: that costs the name.
    if (error instanceof BinaryError || (error instanceof Error && "code" in error)) return "";
    throw error;
  }
}

function readWord(pid: number, address: number): number {
  const word = Buffer.alloc(8);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    readSync(memory, word, 0, 8, address);
  } finally {
    closeSync(memory);
  }
  return Number(word.readBigUInt64LE());
}

/** typeOfMethod takes the method's own name away; dots in the last part of an import path are written %2e. */
function typeOfMethod(method: string): string {
  return method.slice(0, Math.max(0, method.lastIndexOf("."))).replaceAll("%2e", ".");
}

/** shownType is a type as Go's %T prints it: "github.com/lib/pq.(*Error)" is "*pq.Error". */
export function shownType(type: string): string {
  const found = /^(.*)\.(\(\*)?([^.]*?)\)?$/.exec(type);
  if (found === null) return type;
  const [, path = "", pointer, name = ""] = found;
  const parts = path.split("/");
  const last = parts.at(-1) ?? "";
  const isVersion = /^v\d+$/.test(last) && parts.length > 1;
  return `${pointer === undefined ? "" : "*"}${isVersion ? parts.at(-2) : last}.${name}`;
}
