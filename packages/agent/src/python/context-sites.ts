import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import {
  BinaryError,
  type CallAbi,
  type ElfFile,
  elfMachine,
  inRoot,
  type MemoryMapping,
  openElf,
  probeSite,
  readMaps,
} from "@go3s/binary";
import { fileIdentity, withFile } from "@go3s/bpf";
import { type Interpreter, interpreterIn } from "./interpreter.js";
import { freeThreaded, type PythonLayout, pythonLayouts, sinceDebugOffsets } from "./layouts.js";

/** PythonContexts are the places at which contexts of a process's CPython are made and let go, and how its threads find theirs. */
export interface PythonContexts {
  /** path opens the interpreter's file as the process has it. */
  readonly path: string;
  readonly identity: string;
  /** made is PyContext_CopyCurrent, freed the destructor of PyContext_Type, as file offsets. */
  readonly made: number;
  readonly freed: number;
  /** empty is what makes one that is no copy, contextvars.Context(), undefined where a probe there would cost too much. */
  readonly empty: number | undefined;
  /** copied is the method copy() of contexts, undefined where a probe there would cost too much. */
  readonly copied: number | undefined;
  /** module is the number by which the interpreter's thread-local variables are found, 0 where they lie at the thread's own block. */
  readonly module: number;
  /** state is where the address of a thread's PyThreadState is, from there. */
  readonly state: number;
  readonly threadId: number;
  readonly context: number;
}

/** FoundContexts is what can be said of a process by now: "later" while it has not loaded asyncio, or why it never can. */
export type FoundContexts = PythonContexts | "later" | { readonly lost: string };

// glibc's struct pthread has the values of its first 32 keys in place, each a word behind its sequence number (nptl/descr.h, since 2.4):
// pthread_getspecific() reads them there.
const firstKey = 0x310;
const keysInPlace = 32;

// PyTypeObject.tp_dealloc, tp_methods and tp_new; a PyMethodDef is a name, a function and two words more.
const destructor = 48;
const methods = 232;
const maker = 312;
const methodSize = 32;

// PyModuleDef.m_base.m_index: 0 until the module is loaded.
const moduleIndex = 24;

const pageSize = 4096;

const asyncioModule = /^_asyncio\.cpython-3(\d+)(\w*)-/;
const library = /^libpython3\.(\d+)(\w*)\.so/;
const program = /^python3\.(\d+)(\w*)$/;
const glibc = /^libc(?:\.so\.6|-2\.\d+\.so)$/;

const what = "whose work asyncio's tasks do";

/** findContexts looks for them in a process. Processes that have ended give "later": their exit is on the way. */
export function findContexts(pid: number): FoundContexts {
  try {
    return contextsOf(pid);
  } catch (error) {
    if (error instanceof BinaryError && error.code !== "no-process")
      return { lost: `${what}: ${error.message}` };
    if (error instanceof BinaryError || (error instanceof Error && "code" in error)) return "later";
    throw error;
  }
}

function contextsOf(pid: number): FoundContexts {
  const maps = readMaps(pid);
  const names = maps.map(({ path }) => basename(path));
  const matched = (pattern: RegExp) =>
    names.map((name) => pattern.exec(name)).find((found) => found !== null);
  const module = matched(asyncioModule);
  const executable = statSync(`/proc/${pid}/exe`).ino;
  const mapping =
    maps.find(({ executable: code, path }) => code && library.test(basename(path))) ??
    maps.find(({ executable: code, inode }) => code && inode === executable);
  if (mapping === undefined) return module ? { lost: `${what}: its interpreter is not found` } : "later";
  const path = mapping.inode === executable ? `/proc/${pid}/exe` : pathOf(pid, mapping);
  const identity = fileIdentity(path);
  const interpreter = interpreterIn(path, identity);
  const moved = movedBy(interpreter, mapping);
  const { asyncio } = interpreter;
  if (!module) {
    if (asyncio === undefined || moved === undefined) return "later";
    if (asyncio === "hidden") return { lost: `${what}: its interpreter does not say whether it has asyncio` };
    if (readWord(pid, moved + asyncio + moduleIndex) === 0) return "later";
  }
  const [, number = "", named = ""] = module ?? matched(library) ?? matched(program) ?? [];
  const minor = number === "" ? interpreter.minor : Number(number);
  if (minor === undefined) return { lost: `${what}: its interpreter does not say which CPython it is` };
  const abi = named === "" && isFreeThreaded(pid, interpreter, minor, moved) ? "t" : named;
  const layout = abi === "" ? pythonLayouts.get(minor) : undefined;
  if (layout === undefined) return { lost: `${what}: CPython 3.${minor}${abi} is not known here` };
  if (!names.some((name) => glibc.test(name))) return { lost: `${what}: its C library is not glibc` };
  if (interpreter.machine !== elfMachine.X86_64) return { lost: `${what}: it is known on x86-64 alone` };
  if (moved === undefined) return { lost: `${what}: its interpreter is not found` };
  const state = stateOf(pid, moved, interpreter, layout);
  if (state === "later" || "lost" in state) return state;
  return withFile(path, identity, (file) => {
    const elf = openElf(file);
    try {
      const places = placesIn(elf, pid, moved, interpreter);
      if ("lost" in places) return places;
      const { threadId, context } = layout;
      return { path, identity, ...places, ...state, threadId, context };
    } finally {
      elf.close();
    }
  });
}

/** movedBy says how far from where it was linked an interpreter's file is, by the mapping of its code. */
function movedBy({ code }: Interpreter, { start, fileOffset }: MemoryMapping): number | undefined {
  const segment = code.find(({ offset }) => offset - (offset % pageSize) === fileOffset);
  return segment === undefined ? undefined : start - (segment.address - (segment.offset % pageSize));
}

/** isFreeThreaded says whether a build is one without the GIL, where no name says so. */
function isFreeThreaded(pid: number, { runtime }: Interpreter, minor: number, moved?: number): boolean {
  if (runtime === undefined || moved === undefined || minor < sinceDebugOffsets) return false;
  return readWord(pid, moved + runtime + freeThreaded) !== 0;
}

type Lost = { readonly lost: string };

/** stateOf finds where a thread has the address of its PyThreadState. */
function stateOf(
  pid: number,
  moved: number,
  { runtime, state }: Interpreter,
  { tssKey }: PythonLayout,
): Pick<PythonContexts, "module" | "state"> | "later" | Lost {
  const lost = { lost: `${what}: its threads keep their states where nobody looks` };
  if (tssKey !== undefined) {
    if (runtime === undefined) return lost;
    const key = readWord(pid, moved + runtime + tssKey - 4);
    if (key % 2 ** 32 !== 1) return "later";
    const number = Math.floor(key / 2 ** 32);
    return number < keysInPlace ? { module: 0, state: firstKey + 16 * number + 8 } : lost;
  }
  if (state === undefined) return lost;
  if ("direct" in state) return { module: 0, state: state.direct };
  if ("distance" in state) return { module: 0, state: readSigned(pid, moved + state.distance) };
  const module = readWord(pid, moved + state.pair);
  // The loader numbers files from 1, and leaves the numbers of those that were closed to others.
  if (module === 0 || module >= 2 ** 16) return lost;
  return { module, state: readWord(pid, moved + state.pair + 8) + state.behind };
}

function placesIn(
  elf: ElfFile,
  pid: number,
  moved: number,
  { copy, contextType }: Interpreter,
): Pick<PythonContexts, "made" | "freed" | "empty" | "copied"> | Lost {
  if (copy === undefined || contextType === undefined)
    return { lost: `${what}: its interpreter does not say where its contexts are` };
  const dealloc = readWord(pid, moved + contextType + destructor) - moved;
  const made = placeOf(elf, copy.value, copy.size, "c-void");
  const freed = placeOf(elf, dealloc, 64, "c");
  if (made === undefined || freed === undefined)
    return { lost: `${what}: a probe where its contexts are made would cost too much` };
  const method = methodOf(pid, moved + contextType, "copy");
  const copied = method === undefined ? undefined : placeOf(elf, method - moved, 64, "c");
  const empty = placeOf(elf, readWord(pid, moved + contextType + maker) - moved, 64, "c-void");
  return { made, freed, empty, copied };
}

/** methodOf finds the function of a method, by its type. */
function methodOf(pid: number, type: number, wanted: string): number | undefined {
  const longest = 64;
  let at = readWord(pid, type + methods);
  for (let i = 0; i < longest; i++, at += methodSize) {
    const name = readWord(pid, at);
    if (name === 0) return undefined;
    if (read(pid, name).toString("latin1").startsWith(`${wanted}\0`)) return readWord(pid, at + 8);
  }
  return undefined;
}

/** placeOf is where a function can be probed as at its entry, by an instruction that the kernel emulates: these are passed many times a request. */
function placeOf(elf: ElfFile, address: number, size: number, abi: CallAbi): number | undefined {
  const entry = elf.addressToOffset(address);
  if (entry === undefined) return undefined;
  const site = probeSite(elf.machine, elf.readAddress(address, size).data, abi);
  return site.cost === "emulated" ? entry + site.offset : undefined;
}

function read(pid: number, address: number): Buffer {
  const bytes = Buffer.alloc(8);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    readSync(memory, bytes, 0, 8, address);
  } finally {
    closeSync(memory);
  }
  return bytes;
}

const readWord = (pid: number, address: number): number => Number(read(pid, address).readBigUInt64LE());
const readSigned = (pid: number, address: number): number => Number(read(pid, address).readBigInt64LE());

/** pathOf opens a mapping's file: by the process's root, else, for one that was replaced, by the kernel's own handle. */
function pathOf(pid: number, mapping: MemoryMapping): string {
  const path = inRoot(pid, mapping.path);
  if (!mapping.deleted && statSync(path, { throwIfNoEntry: false })?.ino === mapping.inode) return path;
  return `/proc/${pid}/map_files/${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
}
