import { readFileSync } from "node:fs";
import { hostProc, type ProcSource, socketInodes } from "./proc.js";

/** TcpSocket is one row of /proc/net/tcp or tcp6 (Documentation/networking/proc_net_tcp.rst). */
export interface TcpSocket {
  readonly family: 4 | 6;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** state is the kernel's number: 1 ESTABLISHED, 10 LISTEN (include/net/tcp_states.h). */
  readonly state: number;
  readonly inode: number;
}

/** tcpStates are the states that are asked for by name here. */
export const tcpStates = { established: 1, listen: 10 } as const;

/** readTcpSockets lists the TCP sockets of a process's network namespace. */
export function readTcpSockets(pid: number | "self", proc: ProcSource = hostProc): TcpSocket[] {
  const found: TcpSocket[] = [];
  for (const [name, family] of [
    ["tcp", 4],
    ["tcp6", 6],
  ] as const) {
    let text: string;
    try {
      text = readFileSync(`${proc.root}/${pid}/net/${name}`, "latin1");
    } catch {
      continue;
    }
    for (const line of text.split("\n").slice(1)) {
      const socket = parseTcpLine(line, family);
      if (socket !== undefined) found.push(socket);
    }
  }
  return found;
}

/** parseTcpLine reads one row; undefined for what is none. */
export function parseTcpLine(line: string, family: 4 | 6): TcpSocket | undefined {
  const fields = line.trim().split(/\s+/);
  const local = parseEnd(fields[1], family);
  const peer = parseEnd(fields[2], family);
  if (local === undefined || peer === undefined) return undefined;
  return {
    family,
    localAddress: local.address,
    localPort: local.port,
    peerAddress: peer.address,
    peerPort: peer.port,
    state: Number.parseInt(fields[3] ?? "", 16),
    inode: Number(fields[9]),
  };
}

function parseEnd(text: string | undefined, family: 4 | 6): { address: string; port: number } | undefined {
  const match = /^([0-9A-F]+):([0-9A-F]{4})$/.exec(text ?? "");
  if (match === null) return undefined;
  const hex = match[1] ?? "";
  if (hex.length !== (family === 4 ? 8 : 32)) return undefined;
  // The kernel prints each 32-bit word in the host's order: little-endian on the machines we run on.
  const bytes = new Uint8Array(hex.length / 2);
  for (let word = 0; word < bytes.length; word += 4) {
    for (let i = 0; i < 4; i++)
      bytes[word + i] = Number.parseInt(hex.slice((word + 3 - i) * 2, (word + 3 - i) * 2 + 2), 16);
  }
  return { address: formatAddress(bytes), port: Number.parseInt(match[2] ?? "", 16) };
}

/** formatAddress writes 4 or 16 bytes in network order as text (RFC 5952; an IPv4-mapped address as plain IPv4). */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff)
    return bytes.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(":");
  return `${groups.slice(0, run.start).join(":")}::${groups.slice(run.start + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** listeningPorts lists the ports on which a process listens. */
export function listeningPorts(pid: number, proc: ProcSource = hostProc): number[] {
  const inodes = new Set(socketInodes(pid, proc).values());
  if (inodes.size === 0) return [];
  const ports = readTcpSockets(pid, proc)
    .filter((socket) => socket.state === tcpStates.listen && inodes.has(socket.inode))
    .map((socket) => socket.localPort);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** listeningInodes maps the inodes of listening sockets in a process's network namespace to their ports. */
export function listeningInodes(pid: number, proc: ProcSource = hostProc): Map<number, number> {
  return new Map(
    readTcpSockets(pid, proc)
      .filter((socket) => socket.state === tcpStates.listen)
      .map((socket) => [socket.inode, socket.localPort]),
  );
}
