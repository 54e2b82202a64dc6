import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import {
  BinaryError,
  type ElfFile,
  elfMachine,
  inRoot,
  type MemoryMapping,
  openElf,
  probeSite,
  readMaps,
  segmentFlag,
  segmentType,
} from "@go3s/binary";
import { fileIdentity, withFile } from "@go3s/bpf";
import { type PythonLayout, pythonLayouts } from "./layouts.js";

/** PythonContexts are the places at which contexts of a process's CPython are made and let go, and how its threads find theirs. */
export interface PythonContexts {
  /** path opens the interpreter's file as the process has it. */
  readonly path: string;
  readonly identity: string;
  /** made is PyContext_CopyCurrent, freed the destructor of PyContext_Type, as file offsets. */
  readonly made: number;
  readonly freed: number;
  /** state is where a thread's block has the address of its PyThreadState. */
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

// PyTypeObject.tp_dealloc.
const destructor = 48;

const pageSize = 4096;

const asyncioModule = /^_asyncio\.cpython-3(\d+)(\w*)-/;
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
  const module = names.map((name) => asyncioModule.exec(name)).find((found) => found !== null);
  if (module === undefined || module === null) return "later";
  const [, minor = "", abi = ""] = module;
  const layout = abi === "" ? pythonLayouts.get(Number(minor)) : undefined;
  if (layout === undefined) return { lost: `${what}: CPython 3.${minor}${abi} is not known here` };
  if (!names.some((name) => glibc.test(name))) return { lost: `${what}: its C library is not glibc` };
  const executable = statSync(`/proc/${pid}/exe`).ino;
  const library = new RegExp(`^libpython3\\.${minor}\\.so`);
  const mapping =
    maps.find(({ executable: code, path }) => code && library.test(basename(path))) ??
    maps.find(({ executable: code, inode }) => code && inode === executable);
  if (mapping === undefined) return { lost: `${what}: its interpreter is not found` };
  const path = mapping.inode === executable ? `/proc/${pid}/exe` : pathOf(pid, mapping);
  const identity = fileIdentity(path);
  return withFile(path, identity, (file) => {
    const elf = openElf(file);
    try {
      return placesIn(elf, pid, mapping, layout, { path, identity });
    } finally {
      elf.close();
    }
  });
}

function placesIn(
  elf: ElfFile,
  pid: number,
  mapping: MemoryMapping,
  layout: PythonLayout,
  file: Pick<PythonContexts, "path" | "identity">,
): FoundContexts {
  if (elf.machine !== elfMachine.X86_64) return { lost: `${what}: it is known on x86-64 alone` };
  const symbols = elf.dynamicSymbols();
  const copy = symbols?.find("PyContext_CopyCurrent");
  const type = symbols?.find("PyContext_Type");
  const runtime = symbols?.find("_PyRuntime");
  const code = elf.segments.find(
    ({ type: kind, flags, offset }) =>
      kind === segmentType.LOAD &&
      (flags & segmentFlag.EXEC) !== 0 &&
      offset - (offset % pageSize) === mapping.fileOffset,
  );
  if (copy === undefined || type === undefined || runtime === undefined || code === undefined)
    return { lost: `${what}: its interpreter does not say where its contexts are` };
  const moved = mapping.start - (code.address - (code.offset % pageSize));
  const key = readWord(pid, moved + runtime.value + layout.tssKey - 4);
  if (key % 2 ** 32 !== 1) return "later";
  const number = Math.floor(key / 2 ** 32);
  if (number >= keysInPlace) return { lost: `${what}: its threads keep their states where nobody looks` };
  const dealloc = readWord(pid, moved + type.value + destructor) - moved;
  const made = placeOf(elf, copy.value, copy.size);
  const freed = placeOf(elf, dealloc, 64);
  if (made === undefined || freed === undefined)
    return { lost: `${what}: a probe where its contexts are made would cost too much` };
  const state = firstKey + 16 * number + 8;
  return { ...file, made, freed, state, threadId: layout.threadId, context: layout.context };
}

/** placeOf is where a function can be probed as at its entry, by an instruction that the kernel emulates: these are passed many times a request. */
function placeOf(elf: ElfFile, address: number, size: number): number | undefined {
  const entry = elf.addressToOffset(address);
  if (entry === undefined) return undefined;
  const site = probeSite(elf.machine, elf.readAddress(address, size).data, "c");
  return site.cost === "emulated" ? entry + site.offset : undefined;
}

function readWord(pid: number, address: number): number {
  const bytes = Buffer.alloc(8);
  const memory = openSync(`/proc/${pid}/mem`, "r");
  try {
    readSync(memory, bytes, 0, 8, address);
  } finally {
    closeSync(memory);
  }
  return Number(bytes.readBigUInt64LE());
}

/** pathOf opens a mapping's file: by the process's root, else, for one that was replaced, by the kernel's own handle. */
function pathOf(pid: number, mapping: MemoryMapping): string {
  const path = inRoot(pid, mapping.path);
  if (!mapping.deleted && statSync(path, { throwIfNoEntry: false })?.ino === mapping.inode) return path;
  return `/proc/${pid}/map_files/${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
}
