import {
  attachTracepoint,
  type BpfMap,
  type Link,
  type LoadedObject,
  loadObject,
  RingBufferReader,
  readObject,
  u32Bytes,
} from "@go3s/bpf";
import { logProbes } from "../probes/compile.js";
import { tracepointFormat } from "../probes/tracepoint-format.js";

/** LogPiece is a piece of what a process wrote, valid during the call. */
export interface LogPiece {
  readonly ns: number;
  readonly goid: number;
  readonly parentGoid: number;
  /** at is where it begins in what the call has written, `total` bytes. */
  readonly at: number;
  readonly total: number;
  readonly tgid: number;
  readonly tid: number;
  readonly fd: number;
  /** exchange is the number of the request that the writing thread works for, where no goroutine says it; 0 when that is not known. */
  readonly exchange: number;
  readonly bytes: Uint8Array;
}

/** OpenedFile is a file that a watched process opened for writing, whose name may be a log's. What it writes there is told until unwatch(). */
export interface OpenedFile {
  readonly tgid: number;
  readonly fd: number;
  readonly name: string;
}

/** LogHandlers take what the probe tells, in its order. */
export interface LogHandlers {
  piece(piece: LogPiece): void;
  opened(file: OpenedFile): void;
}

/** WritingProcess is what must be known of one: the offsets are of runtime.g, 0 where unknown; the slot is LoggingProcess'. */
export interface WritingProcess {
  readonly goid: number;
  readonly parentGoid: number;
  readonly slot: number;
}

/** LogProbe owns what watches writes; close() leaves nothing behind. */
export interface LogProbe {
  /** shared are the maps by which the probes on sockets tell this one what threads work for: theirs are to be these. */
  readonly shared: ReadonlyMap<string, BpfMap>;
  /** enter has the files that a process opens from now on told; leave() ends it. */
  enter(pid: number, process: WritingProcess): void;
  leave(pid: number): void;
  /** watch tells a process's stream from now on; of a file's no longer than the descriptor is that file. */
  watch(pid: number, fd: number, process: WritingProcess, isFile: boolean): void;
  unwatch(pid: number, fd: number): void;
  drain(): void;
  /** dropped counts pieces beyond a process's limit, by pid, and those that found no room. */
  dropped(pids: Iterable<number>): { readonly limited: number; readonly full: number };
  close(): void;
}

// Line in probes/logs/logs.go3s.
const textAt = 56;
// Those of probes/crowd.go3s and contexts.go3s.
const sharedMaps = ["crowds", "threadWork", "pythons", "contexts", "families"];
const wasOpened = 1;
// Budget there.
const droppedAt = 16;
const tracepoints = [
  ["onWrite", "sys_exit_write"],
  ["onWritev", "sys_exit_writev"],
  ["onOpenat", "sys_exit_openat"],
  ["onOpen", "sys_exit_open"],
] as const;

/** hasTracepoint: arm64 has no open(2). */
function hasTracepoint(name: string): boolean {
  if (name !== "sys_exit_open") return true;
  try {
    return tracepointFormat("syscalls", name) !== undefined;
  } catch {
    return false;
  }
}

/** openLogProbe loads and attaches it. Throws BpfError where the kernel has no tracepoints on system calls. */
export function openLogProbe(piecesPerSecond: number, handlers: LogHandlers): LogProbe {
  // Where there is none it is said here, with what to do about it: the compiler's process could only print it.
  tracepointFormat("syscalls", "sys_exit_write");
  const object = loadObject(readObject(logProbes.object()), { constants: { piecesPerSecond } });
  const links: Link[] = [];
  const close = (): void => {
    for (const link of links) link.close();
    object.close();
  };
  try {
    const reader = new RingBufferReader(object.map("lines"), ({ view, bytes }, at, length) => {
      if (length < textAt) return;
      const u64 = (where: number) =>
        view.getUint32(where, true) + view.getUint32(where + 4, true) * 4294967296;
      const size = Math.min(view.getUint32(at + 44, true), length - textAt);
      const tgid = view.getUint32(at + 32, true);
      const fd = view.getInt32(at + 40, true);
      const text = bytes.subarray(at + textAt, at + textAt + size);
      if (view.getUint32(at + 52, true) === wasOpened) {
        const end = text.indexOf(0);
        handlers.opened({ tgid, fd, name: Buffer.from(end < 0 ? text : text.subarray(0, end)).toString() });
        return;
      }
      handlers.piece({
        ns: u64(at),
        goid: u64(at + 8),
        parentGoid: u64(at + 16),
        at: view.getUint32(at + 24, true),
        total: view.getUint32(at + 28, true),
        tgid,
        tid: view.getUint32(at + 36, true),
        fd,
        exchange: view.getUint32(at + 48, true),
        bytes: text,
      });
    });
    reader.start();
    for (const [program, name] of tracepoints) {
      if (hasTracepoint(name))
        links.push(attachTracepoint(object.program(program), { group: "syscalls", name }));
    }
    return newProbe(object, reader, close);
  } catch (error) {
    close();
    throw error;
  }
}

function newProbe(object: LoadedObject, reader: RingBufferReader, close: () => void): LogProbe {
  const files = object.map("files");
  const budgets = object.map("budgets");
  const writers = object.map("writers");
  const key = new Uint8Array(8);
  const keyOf = (pid: number, fd: number): Uint8Array => {
    const view = new DataView(key.buffer);
    view.setUint32(0, pid, true);
    view.setInt32(4, fd, true);
    return key;
  };
  return {
    shared: new Map(sharedMaps.map((name) => [name, object.map(name)])),
    enter: (pid, process) => writers.update(u32Bytes(pid), processBytes(process, 16)),
    leave: (pid) => void writers.delete(u32Bytes(pid)),
    watch(pid, fd, process, isFile) {
      const value = processBytes(process, 32);
      new DataView(value.buffer).setUint32(24, isFile ? 1 : 0, true);
      files.update(keyOf(pid, fd), value);
    },
    unwatch: (pid, fd) => void files.delete(keyOf(pid, fd)),
    drain: () => void reader.drain(),
    dropped(pids) {
      let limited = 0;
      for (const pid of pids) {
        const value = budgets.lookup(u32Bytes(pid));
        if (value !== undefined) {
          limited += Number(new DataView(value.buffer, value.byteOffset).getBigUint64(droppedAt, true));
        }
      }
      return { limited, full: sumOf(object) };
    },
    close() {
      reader.close();
      close();
    },
  };
}

/** processBytes is a Process there, or a File of one that is not known yet. */
function processBytes({ goid, parentGoid, slot }: WritingProcess, size: number): Uint8Array {
  const value = new Uint8Array(size);
  const view = new DataView(value.buffer);
  view.setUint32(0, goid, true);
  view.setUint32(4, parentGoid, true);
  view.setUint32(8, slot, true);
  return value;
}

function sumOf(object: LoadedObject): number {
  const value = object.map("lost").lookup(u32Bytes(0));
  if (value === undefined) return 0;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let sum = 0;
  for (let at = 0; at + 8 <= view.byteLength; at += 8) sum += Number(view.getBigUint64(at, true));
  return sum;
}
