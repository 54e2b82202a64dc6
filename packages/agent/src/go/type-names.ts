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
// The linker leaves out methods that nobody calls and puts this one's address in their place (cmd/link/internal/ld/deadcode.go): the
// first of driver.Conn is Begin, which a program without transactions does not have.
const leftOut = "runtime.unreachableMethod";
const mostMethods = 16;
// What a program's drivers and errors are: a few; one that makes them without end is hostile.
const limit = 1024;

/**
 * newGoTypes makes an empty cache. A type's own name would have to be found through the module data; its first method's
 * code is in the function table by its full name, in stripped programs too. `fileOf` gives the program's file of a process that
 * has ended, where it is still to be had: what a program does last is read after its end.
 */
export function newGoTypes(fileOf: (pid: number) => string | undefined = () => undefined): GoTypes {
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
        name = typeOfMethod(methodName(pid, itab) ?? methodInFile(fileOf(pid), itab));
        if (names.size >= limit) names.clear();
        names.set(itab, name);
      }
      return name;
    },
    forget: (pid) => void known.delete(pid),
  };
}

/** methodName is the name of the first method of an interface's type; "" when it has none, undefined when the process is gone. */
function methodName(pid: number, itab: number): string | undefined {
  try {
    const maps = readMaps(pid);
    using binary = openGoBinary(`/proc/${pid}/exe`);
    return firstThere((index) => {
      const address = readWord(pid, itab + firstMethod + 8 * index);
      const mapping = mappingAt(maps, address);
      if (mapping === undefined) return undefined;
      const offset = address - mapping.start + mapping.fileOffset;
      const segment = binary.elf.segments.find(
        (each) => offset >= each.offset && offset < each.offset + each.fileSize && (each.flags & 1) !== 0,
      );
      if (segment === undefined) return "";
      return binary.functions.containing(offset - segment.offset + segment.address)?.name ?? "";
    });
  } catch (error) {
    return unreadable(error);
  }
}

/** firstThere gives the first method's name of those that the linker has not left out; "" where a table ends before. */
function firstThere(nameOf: (index: number) => string | undefined): string | undefined {
  for (let index = 0; index < mostMethods; index++) {
    const name = nameOf(index);
    if (name !== leftOut) return name;
  }
  return "";
}

/**
 * methodInFile looks where the linker put the table of an interface's type. A movable program's tables are filled when it is
 * loaded, and those that a program makes as it runs are in no file: "" then.
 */
function methodInFile(path: string | undefined, itab: number): string {
  if (path === undefined) return "";
  try {
    using binary = openGoBinary(path);
    const name = firstThere((index) => {
      const { data } = binary.elf.readAddress(itab + firstMethod + 8 * index, 8);
      const address = new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true);
      return binary.functions.containing(Number(address))?.name ?? "";
    });
    return name ?? "";
  } catch (error) {
    return unreadable(error) ?? "";
  }
}

/** unreadable passes over what a process that has ended, or a file that is another by now, costs: the name. */
function unreadable(error: unknown): undefined {
  if (error instanceof BinaryError || (error instanceof Error && "code" in error)) return undefined;
  throw error;
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
