import { readFileSync } from "node:fs";
import {
  BpfError,
  type BpfMap,
  openProcess,
  socketCookie,
  takeDescriptor,
  UpdateFlag,
  u64Bytes,
} from "@go3s/bpf";
import { hostProc, type ProcSource, socketInodes } from "../discovery/proc.js";
import { readTcpSockets, tcpStates } from "../discovery/sockets.js";

/** connectionKey is a key of the probes' map `connections`: a socket's cookie, and the process that it was taken for. */
export function connectionKey(cookie: bigint, pid: number): Uint8Array {
  const key = new Uint8Array(16);
  const view = new DataView(key.buffer);
  view.setBigUint64(0, cookie, true);
  view.setUint32(8, pid, true);
  return key;
}

/** connectionOwner is the process in a key of `connections`. */
export function connectionOwner(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(8, true);
}

// O_NONBLOCK of include/uapi/asm-generic/fcntl.h, as /proc/PID/fdinfo tells it: in octal.
const nonBlocking = 0o4000;

/** isBlocking says whether reads of a descriptor wait: such a socket is left alone, see isBlocking in probes/propagate.go3s. */
function isBlocking(pid: number, fd: number, proc: ProcSource): boolean {
  try {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`${proc.root}/${pid}/fdinfo/${fd}`, "latin1"))?.[1];
    return (Number.parseInt(flags ?? "0", 8) & nonBlocking) === 0;
  } catch {
    return true;
  }
}

/**
 * takeOpenSockets puts the connections that a process has open, those to its own listening ports left out, into the map
 * `connections`, and gives their number. It borrows each descriptor for a moment (pidfd_getfd, 5.6): the process notices nothing.
 */
export function takeOpenSockets(pid: number, connections: BpfMap, proc: ProcSource = hostProc): number {
  const inodes = socketInodes(pid, proc);
  if (inodes.size === 0) return 0;
  const all = readTcpSockets(pid, proc);
  const listening = new Set(
    all.filter(({ state }) => state === tcpStates.listen).map((each) => each.localPort),
  );
  const wanted = new Set(
    all
      .filter(({ state, localPort }) => state === tcpStates.established && !listening.has(localPort))
      .map(({ inode }) => inode),
  );
  if (wanted.size === 0) return 0;
  let taken = 0;
  try {
    using process = openProcess(pid);
    for (const [fd, inode] of inodes) {
      if (!wanted.delete(inode) || isBlocking(pid, fd, proc)) continue;
      try {
        using socket = takeDescriptor(process, fd);
        const cookie = socketCookie(socket.number);
        if (cookie === undefined) continue;
        connections.update(
          connectionKey(cookie, pid),
          u64Bytes(BigInt(socket.number)),
          UpdateFlag.BPF_NOEXIST,
        );
        taken++;
      } catch (error) {
        // In the map already, closed meanwhile, in somebody else's map of sockets, or encrypting in the kernel: it is left as it is.
        if (!(error instanceof BpfError)) throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
  return taken;
}
