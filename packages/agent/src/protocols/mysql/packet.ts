// MySQL's packets (https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html) and MariaDB's.

import { latin1, u16le, u24le, u32le } from "../text.js";

/** Command numbers what a client asks for. */
export const Command = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processInfo: 0x0a,
  ping: 0x0e,
  changeUser: 0x11,
  binlogDump: 0x12,
  prepare: 0x16,
  execute: 0x17,
  longData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  setOption: 0x1b,
  fetch: 0x1c,
  binlogDumpGtid: 0x1e,
  resetConnection: 0x1f,
  bulkExecute: 0xfa,
} as const;

/** commandNames are the operations of commands without text. */
export const commandNames: Readonly<Record<number, string>> = {
  [Command.initDb]: "USE",
  [Command.fieldList]: "FIELD_LIST",
  [Command.statistics]: "STATISTICS",
  [Command.processInfo]: "PROCESS_INFO",
  [Command.ping]: "PING",
  [Command.changeUser]: "CHANGE_USER",
  [Command.prepare]: "PREPARE",
  [Command.execute]: "EXECUTE",
  [Command.bulkExecute]: "EXECUTE",
  [Command.resetStatement]: "RESET_STATEMENT",
  [Command.setOption]: "SET_OPTION",
  [Command.fetch]: "FETCH",
  [Command.resetConnection]: "RESET_CONNECTION",
};

/** Capability are the bits of a handshake that matter here. */
export const Capability = {
  mysql: 1,
  connectWithDb: 8,
  compress: 0x20,
  ssl: 0x800,
  secureConnection: 0x8000,
  pluginAuthLenenc: 0x200000,
  deprecateEof: 0x1000000,
  zstd: 0x4000000,
  queryAttributes: 0x8000000,
} as const;

/** ServerStatus are bits of OK and EOF packets. */
export const ServerStatus = { moreResults: 0x08, cursorExists: 0x40 } as const;

export const packetHeader = 4;
export const fullPacket = 0xffffff;

/** packetLength gives a packet's length with its header, 0 when more bytes are needed. */
export function packetLength(bytes: Uint8Array, start: number, end: number): number {
  return end - start < packetHeader ? 0 : packetHeader + u24le(bytes, start);
}

/** Integer is a length-encoded number: its value and how many bytes it takes, 0 when it is none or not all there. */
export interface Integer {
  value: number;
  size: number;
}

/** readInteger fills `into` from the bytes at `at`. */
export function readInteger(bytes: Uint8Array, at: number, end: number, into: Integer): void {
  const first = bytes[at];
  into.value = 0;
  into.size = 0;
  if (at >= end || first === 0xfb || first === 0xff) return;
  const size = first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9;
  if (at + size > end) return;
  into.size = size;
  if (size === 1) into.value = first;
  else if (size === 3) into.value = u16le(bytes, at + 1);
  else if (size === 4) into.value = u24le(bytes, at + 1);
  else into.value = u32le(bytes, at + 1) + u32le(bytes, at + 5) * 2 ** 32;
}

/** Greeting is a server's first packet. */
export interface Greeting {
  readonly version: string;
  readonly capabilities: number;
}

/** readGreeting reads protocol 10's; undefined when this is none. */
export function readGreeting(bytes: Uint8Array, start: number, end: number): Greeting | undefined {
  const at = start + packetHeader;
  if (end - at < 6 || bytes[at] !== 10) return undefined;
  let stop = at + 1;
  while (stop < end && bytes[stop] !== 0 && stop - at < 80) stop++;
  if (stop >= end || bytes[stop] !== 0) return undefined;
  const version = latin1(bytes, at + 1, stop);
  if (!/^[0-9]+\.[0-9]+[\x20-\x7e]*$/.test(version)) return undefined;
  const low = stop + 1 + 4 + 8 + 1;
  const capabilities = low + 7 <= end ? u16le(bytes, low) + u16le(bytes, low + 5) * 65536 : 0;
  return { version, capabilities };
}
