// Memcached's binary protocol (BinaryProtocolRevamped in its wiki).

import { u32 } from "../text.js";

export const binaryHeader = 24;
export const Magic = { request: 0x80, response: 0x81 } as const;

// 64 MiB: far above the default largest item of 1 MiB.
const longestBody = 1 << 26;

interface Opcode {
  readonly name: string;
  /** quiet commands are answered only when it matters: a hit, or a failure. */
  readonly quiet: boolean;
}

const row = (name: string, quiet = false): Opcode => ({ name, quiet });
const opcodes: Readonly<Record<number, Opcode>> = {
  0: row("get"),
  1: row("set"),
  2: row("add"),
  3: row("replace"),
  4: row("delete"),
  5: row("incr"),
  6: row("decr"),
  7: row("quit"),
  8: row("flush_all"),
  9: row("get", true),
  10: row("noop"),
  11: row("version"),
  12: row("get"),
  13: row("get", true),
  14: row("append"),
  15: row("prepend"),
  16: row("stats"),
  17: row("set", true),
  18: row("add", true),
  19: row("replace", true),
  20: row("delete", true),
  21: row("incr", true),
  22: row("decr", true),
  23: row("quit", true),
  24: row("flush_all", true),
  25: row("append", true),
  26: row("prepend", true),
  27: row("verbosity"),
  28: row("touch"),
  29: row("gat"),
  30: row("gat", true),
  32: row("sasl_list"),
  33: row("sasl_auth"),
  34: row("sasl_step"),
  35: row("gat"),
  36: row("gat", true),
};
const other = row("other");

/** opcodeOf gives a command by its number. */
export const opcodeOf = (bytes: Uint8Array, start: number): Opcode => opcodes[bytes[start + 1]] ?? other;

export const Stats = 0x10;

/** binaryLength gives a packet's length, 0 when more bytes are needed, -1 when it is none. */
export function binaryLength(bytes: Uint8Array, start: number, end: number, magic: number): number {
  if (end <= start) return 0;
  if (bytes[start] !== magic) return -1;
  if (end - start < binaryHeader) return 0;
  const key = (bytes[start + 2] << 8) | bytes[start + 3];
  const body = u32(bytes, start + 8);
  // The data type is reserved and zero.
  if (
    bytes[start + 5] !== 0 ||
    body > longestBody ||
    key + bytes[start + 4] > body ||
    opcodes[bytes[start + 1]] === undefined
  )
    return -1;
  return binaryHeader + body;
}

/** statusNames are those that are failures; a key that is not there is none. */
export const statusNames: Readonly<Record<number, string>> = {
  3: "VALUE_TOO_LARGE",
  4: "INVALID_ARGUMENTS",
  6: "NON_NUMERIC",
  8: "AUTH_ERROR",
  32: "AUTH_ERROR",
  129: "UNKNOWN_COMMAND",
  130: "OUT_OF_MEMORY",
  131: "NOT_SUPPORTED",
  132: "INTERNAL_ERROR",
  133: "BUSY",
  134: "TEMPORARY_FAILURE",
};
