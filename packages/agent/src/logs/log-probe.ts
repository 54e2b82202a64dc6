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
  readonly missing: number;
  readonly tgid: number;
  readonly tid: number;
  readonly fd: number;
  /** exchange is the number of the request that the writing thread works for, where no goroutine says it; 0 when that is not known. */
  readonly exchange: number;
  readonly bytes: Uint8Array;
}

/** LogProbe owns what watches writes; close() leaves nothing behind. */
export interface LogProbe {
  /** shared are the maps by which the probes on sockets tell this one what threads work for: theirs are to be these. */
  readonly shared: ReadonlyMap<string, BpfMap>;
  /**
   * watch tells a process's stream from now on; the offsets are of runtime.g, 0 where unknown; the slot is that of the process's target where
   * its threads say what they work for, else 0.
   */
  watch(
    pid: number,
    fd: number,
    place: { readonly goid: number; readonly parentGoid: number; readonly slot: number },
  ): void;
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
// Budget there.
const droppedAt = 16;

/** openLogProbe loads and attaches it. Throws BpfError where the kernel has no tracepoints on system calls. */
export function openLogProbe(piecesPerSecond: number, take: (piece: LogPiece) => void): LogProbe {
  // Where there is none it is said here, with what to do about it: the compiler's process could only print it.
  tracepointFormat("syscalls", "sys_enter_write");
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
      take({
        ns: u64(at),
        goid: u64(at + 8),
        parentGoid: u64(at + 16),
        missing: u64(at + 24),
        tgid: view.getUint32(at + 32, true),
        tid: view.getUint32(at + 36, true),
        fd: view.getInt32(at + 40, true),
        exchange: view.getUint32(at + 48, true),
        bytes: bytes.subarray(at + textAt, at + textAt + size),
      });
    });
    reader.start();
    links.push(attachTracepoint(object.program("onWrite"), { group: "syscalls", name: "sys_enter_write" }));
    links.push(attachTracepoint(object.program("onWritev"), { group: "syscalls", name: "sys_enter_writev" }));
    return newProbe(object, reader, close);
  } catch (error) {
    close();
    throw error;
  }
}

function newProbe(object: LoadedObject, reader: RingBufferReader, close: () => void): LogProbe {
  const files = object.map("files");
  const budgets = object.map("budgets");
  const key = new Uint8Array(8);
  const keyOf = (pid: number, fd: number): Uint8Array => {
    const view = new DataView(key.buffer);
    view.setUint32(0, pid, true);
    view.setInt32(4, fd, true);
    return key;
  };
  return {
    shared: new Map(sharedMaps.map((name) => [name, object.map(name)])),
    watch(pid, fd, { goid, parentGoid, slot }) {
      const value = new Uint8Array(16);
      const view = new DataView(value.buffer);
      view.setUint32(0, goid, true);
      view.setUint32(4, parentGoid, true);
      view.setUint32(8, slot, true);
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

function sumOf(object: LoadedObject): number {
  const value = object.map("lost").lookup(u32Bytes(0));
  if (value === undefined) return 0;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let sum = 0;
  for (let at = 0; at + 8 <= view.byteLength; at += 8) sum += Number(view.getBigUint64(at, true));
  return sum;
}
