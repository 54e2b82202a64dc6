import { attachIterator, type LoadedObject, loadObject, readIterator, readObject } from "@go3s/bpf";
import { formatAddress } from "../discovery/sockets.js";
import { connectionProbes } from "../probes/compile.js";

/** ConnectionRow is a TCP socket of a process, as the kernel counts it. */
export interface ConnectionRow {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** retransmits are segments that were sent once more. */
  readonly retransmits: number;
  /** rttUs is the smoothed time of a round trip in microseconds; 0 when none was measured. */
  readonly rttUs: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** state as the kernel numbers it (include/net/tcp_states.h). */
  readonly state: number;
}

/** rowLayout is Row in probes/connections. */
export const rowLayout = {
  size: 72,
  bytessent: 8,
  bytesreceived: 16,
  retransmits: 24,
  rttus: 28,
  localport: 32,
  peerport: 34,
  state: 36,
  family: 37,
  localaddress: 40,
  peeraddress: 56,
} as const;

const ipv4 = 2;

/** OpenConnections asks the kernel which TCP sockets a process has. */
export interface OpenConnections {
  /** of lists them, those that listen among them; none of a process that is gone. */
  of(pid: number): ConnectionRow[];
  close(): void;
}

/** openConnections loads what is asked. Throws BpfError where the kernel has no iterator over one process's files (6.1). */
export function openConnections(): OpenConnections {
  const object: LoadedObject = loadObject(readObject(connectionProbes.object()));
  const of = (pid: number): ConnectionRow[] => {
    const link = attachIterator(object.program("onFile"), { processId: pid });
    try {
      return readRows(readIterator(link));
    } finally {
      link.close();
    }
  };
  try {
    // What the kernel has not got is refused here, once, and not again with every process.
    of(process.pid);
  } catch (error) {
    object.close();
    throw error;
  }
  return { of, close: () => object.close() };
}

/** readRows reads what the iterator wrote; a socket that a process has twice is there once. */
export function readRows(bytes: Buffer): ConnectionRow[] {
  const rows: ConnectionRow[] = [];
  const seen = new Set<bigint>();
  for (let at = 0; at + rowLayout.size <= bytes.length; at += rowLayout.size) {
    const socket = bytes.readBigUInt64LE(at);
    if (seen.has(socket)) continue;
    seen.add(socket);
    const size = bytes[at + rowLayout.family] === ipv4 ? 4 : 16;
    const address = (where: number): string => formatAddress(bytes.subarray(at + where, at + where + size));
    rows.push({
      bytesSent: Number(bytes.readBigUInt64LE(at + rowLayout.bytessent)),
      bytesReceived: Number(bytes.readBigUInt64LE(at + rowLayout.bytesreceived)),
      retransmits: bytes.readUInt32LE(at + rowLayout.retransmits),
      rttUs: bytes.readUInt32LE(at + rowLayout.rttus),
      localAddress: address(rowLayout.localaddress),
      localPort: bytes.readUInt16LE(at + rowLayout.localport),
      peerAddress: address(rowLayout.peeraddress),
      peerPort: bytes.readUInt16LE(at + rowLayout.peerport),
      state: bytes.readUInt8(at + rowLayout.state),
    });
  }
  return rows;
}
