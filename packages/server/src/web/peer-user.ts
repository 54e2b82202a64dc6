import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Connection is the part of a socket that names it. */
export type Connection = Pick<Socket, "remoteAddress" | "remotePort" | "localAddress" | "localPort">;

// include/net/tcp_states.h. A socket that is closing may have lost its owner: the kernel then tells user 0.
const ESTABLISHED = "01";
const MAPPED = "0000000000000000FFFF0000";
// ::1 as the kernel prints it: four words of the machine's byte order.
const LOOPBACK6 = "00000000000000000000000001000000";

/**
 * peerUser gives the user of the process at the other end of a connection over this machine's loopback, from /proc/net/tcp and
 * tcp6; undefined where the kernel does not tell, or the other end is closing already.
 */
export function peerUser(
  { remoteAddress, remotePort, localAddress, localPort }: Connection,
  read: (table: "tcp" | "tcp6") => string = readTable,
): number | undefined {
  if (remotePort === undefined || localPort === undefined) return undefined;
  const peer = spellings(remoteAddress ?? "");
  const own = spellings(localAddress ?? "");
  // The other end's table names its own address first.
  for (const table of ["tcp", "tcp6"] as const) {
    const from = `${peer[table]}:${portText(remotePort)}`;
    const to = `${own[table]}:${portText(localPort)}`;
    for (const line of read(table).split("\n")) {
      if (!line.includes(from)) continue;
      const fields = line.trim().split(/\s+/);
      if (fields[1] !== from || fields[2] !== to || fields[3] !== ESTABLISHED) continue;
      return /^\d+$/.test(fields[7] ?? "") ? Number(fields[7]) : undefined;
    }
  }
  return undefined;
}

/** spellings are how the two tables write an address; text that fits nothing for one that is not loopback. */
function spellings(address: string): { readonly tcp: string; readonly tcp6: string } {
  const v4 = /^(?:::ffff:)?(127(?:\.\d{1,3}){3})$/.exec(address)?.[1];
  if (v4 === undefined) return { tcp: "-", tcp6: address === "::1" ? LOOPBACK6 : "-" };
  const bytes = v4.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  const word = bytes.reverse().join("").toUpperCase();
  return { tcp: word, tcp6: MAPPED + word };
}

const portText = (port: number): string => port.toString(16).padStart(4, "0").toUpperCase();

function readTable(table: string): string {
  try {
    return readFileSync(`/proc/net/${table}`, "utf8");
  } catch {
    return "";
  }
}
