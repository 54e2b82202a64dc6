import { type Bytes, cString, find, i32, sub, u8, u32, u64, u64OrInfinity } from "../bytes/view.js";
import { BinaryError } from "../errors.js";

/** PclnVersion is the Go release that introduced a layout of the function table. */
export type PclnVersion = "1.16" | "1.18" | "1.20";

// src/internal/abi/symtab.go, PCLnTabMagic. 1.18 and 1.20 differ only in what functions' records hold behind our fields.
const magics: ReadonlyMap<number, PclnVersion> = new Map([
  [0xffff_fffa, "1.16"],
  [0xffff_fff0, "1.18"],
  [0xffff_fff1, "1.20"],
]);
const magicOf12 = 0xffff_fffb;

/** pclnMagics are the first four bytes of every layout that is read, for a search without section headers. */
export const pclnMagics: readonly number[] = [...magics.keys()];

/** PclnTable is a function table's parts, still bytes; all numbers are checked when they are used. */
export interface PclnTable {
  readonly version: PclnVersion;
  /** count of functions. */
  readonly count: number;
  /** quantum is the smallest instruction's size: 1 on x86-64, 4 on arm64. */
  readonly quantum: number;
  /** headerText is the header's text start, 0 where the release or the linker leaves it out. */
  readonly headerText: number;
  /** absolute tells whether entries are addresses (1.16) or offsets from the text start. */
  readonly absolute: boolean;
  readonly names: Bytes;
  readonly compileUnits: Bytes;
  readonly files: Bytes;
  readonly values: Bytes;
  /** functions begins with the table of (entry, record offset) pairs; records follow in the same piece. */
  readonly functions: Bytes;
}

/** looksLikePcln tells whether a header plausibly begins at offset: used to pick the true one among magics found by search. */
export function looksLikePcln(bytes: Bytes, at: number): boolean {
  if (at + 72 > bytes.data.length || !magics.has(u32(bytes, at))) return false;
  const quantum = u8(bytes, at + 6);
  const plain = u8(bytes, at + 4) === 0 && u8(bytes, at + 5) === 0 && u8(bytes, at + 7) === 8;
  return plain && (quantum === 1 || quantum === 4) && u64OrInfinity(bytes, at + 8) < 0x1000_0000;
}

/** parsePcln reads the header. Throws "unsupported-go" for Go before 1.16 and for magics it does not know. */
export function parsePcln(bytes: Bytes): PclnTable {
  const magic = u32(bytes, 0);
  const version = magics.get(magic);
  if (version === undefined) {
    const what = magic === magicOf12 ? "of Go 1.2 to 1.15" : `with the unknown magic 0x${magic.toString(16)}`;
    throw new BinaryError("unsupported-go", `a Go function table ${what}`, {
      offset: bytes.base,
      hint: "build the program with Go 1.16 or later",
    });
  }
  if (!looksLikePcln(bytes, 0))
    throw new BinaryError("malformed", "the Go function table's header is broken", { offset: bytes.base });
  const absolute = version === "1.16";
  // Words after the 8-byte start: nfunc, nfiles, [textStart since 1.18], then five offsets from the header.
  const offsets = absolute ? 24 : 32;
  const starts = [0, 1, 2, 3, 4].map((word) => u64(bytes, offsets + word * 8));
  const part = (word: number, what: string): Bytes => {
    const start = starts[word] ?? 0;
    // The parts' sizes are not stored: a part ends where the next one begins, the last with the table. What searches the names
    // of a program of 100 MB for one that it does not have reads 3 MB then instead of 20.
    const end = Math.min(...starts.filter((other) => other > start), bytes.data.length);
    return sub(bytes, start, end - start, `Go ${what}`);
  };
  const count = u64(bytes, 8);
  const functions = part(4, "function table");
  const width = absolute ? 16 : 8;
  if (count === 0 || count * width + width / 2 > functions.data.length) {
    throw new BinaryError("malformed", `the Go function table claims ${count} functions`, {
      offset: bytes.base + 8,
    });
  }
  return {
    version,
    count,
    quantum: u8(bytes, 6),
    headerText: absolute ? 0 : u64OrInfinity(bytes, 24),
    absolute,
    names: part(0, "function names"),
    compileUnits: part(1, "compile units"),
    files: part(2, "file names"),
    values: part(3, "line tables"),
    functions,
  };
}

/** entryOf returns where function index begins: an address, or an offset from the text start; index count is the end. */
export function entryOf(table: PclnTable, index: number): number {
  return table.absolute ? u64(table.functions, index * 16) : u32(table.functions, index * 8);
}

function recordOf(table: PclnTable, index: number): number {
  return table.absolute ? u64(table.functions, index * 16 + 8) : u32(table.functions, index * 8 + 4);
}

/** field reads 32-bit field n (1 is the name) of function index's record: src/runtime/runtime2.go, _func. */
function field(table: PclnTable, index: number, n: number): number {
  return u32(table.functions, recordOf(table, index) + (table.absolute ? 8 : 4) + (n - 1) * 4);
}

/**
 * nameOffsets returns every function's name offset in one array: 4 bytes a function, a millisecond for 100,000 once this is
 * compiled; the usual layout goes without a check of each number, for a program is mostly read once.
 */
export function nameOffsets(table: PclnTable): Int32Array {
  const out = new Int32Array(table.count);
  const { view, data } = table.functions;
  for (let index = 0; index < table.count; index++) {
    // parsePcln() has checked that all pairs are there.
    const record = table.absolute ? data.length : view.getUint32(index * 8 + 4, true);
    out[index] = record + 8 <= data.length ? view.getInt32(record + 4, true) : field(table, index, 1);
  }
  return out;
}

/** nameOf returns function index's name. */
export function nameOf(table: PclnTable, index: number): string {
  return cString(table.names, field(table, index, 1));
}

/** exactMatches yields the offsets at which exactly this name stands; the same name can stand there several times. */
function* exactMatches(data: Uint8Array, name: string): Generator<number> {
  const first = Buffer.from(`${name}\0`, "utf8");
  // The very first name has no NUL before it.
  if (first.equals(data.subarray(0, first.length))) yield 0;
  const whole = Buffer.from(`\0${name}\0`, "utf8");
  for (let at = find(data, whole); at >= 0; at = find(data, whole, at + 1)) yield at + 1;
}

function* vendoredMatches(data: Uint8Array, name: string): Generator<number> {
  const vendored = Buffer.from(`vendor/${name}\0`, "utf8");
  for (let at = find(data, vendored); at >= 0; at = find(data, vendored, at + 1)) {
    // "vendor/" begins the name (the standard library's own copies) or a folder in it.
    if (data[at - 1] === 0 || data[at - 1] === 0x2f) yield data.lastIndexOf(0, at) + 1;
  }
}

/** nameMatches yields the offsets of a name, then those of the same name behind a vendor/ prefix. */
export function* nameMatches(table: PclnTable, name: string): Generator<number> {
  if (name === "" || name.includes("\0")) return;
  yield* exactMatches(table.names.data, name);
  yield* vendoredMatches(table.names.data, name);
}

/** hasNameLike tells whether a name begins so. */
export function hasNameLike(table: PclnTable, start: string): boolean {
  const bytes = Buffer.from(start, "utf8");
  const isFirst = bytes.equals(table.names.data.subarray(0, bytes.length));
  return isFirst || find(table.names.data, Buffer.from(`\0${start}`, "utf8")) >= 0;
}

interface Varint {
  value: number;
  next: number;
}

function varint(bytes: Bytes, at: number, out: Varint): void {
  let value = 0;
  for (let shift = 0, next = at; shift < 35; shift += 7, next++) {
    const byte = u8(bytes, next);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      out.value = value;
      out.next = next + 1;
      return;
    }
  }
  throw new BinaryError("malformed", "a number of more than 5 bytes in a Go line table", {
    offset: bytes.base + at,
  });
}

/** valueAt decodes a table of (value delta, pc delta) pairs up to offset, counted from the function's entry; -1 when it ends before. */
function valueAt(table: PclnTable, start: number, offset: number): number {
  const number: Varint = { value: 0, next: start };
  let pc = 0;
  let value = -1;
  for (let first = true; ; first = false) {
    varint(table.values, number.next, number);
    if (number.value === 0 && !first) return -1;
    // Zigzag: the low bit is the sign.
    value += number.value % 2 === 1 ? -(number.value + 1) / 2 : number.value / 2;
    varint(table.values, number.next, number);
    pc += number.value * table.quantum;
    if (offset < pc) return value;
    if (number.value === 0 && !first) return -1;
  }
}

/** lineAt returns the source position of an offset in function index, as far as the table knows it. */
export function lineAt(
  table: PclnTable,
  index: number,
  offset: number,
): { file: string; line: number } | undefined {
  const fileNumber = valueAt(table, field(table, index, 5), offset);
  const line = valueAt(table, field(table, index, 6), offset);
  if (fileNumber < 0 || line < 0) return undefined;
  const at = i32(table.compileUnits, (field(table, index, 8) + fileNumber) * 4);
  return at === -1 ? undefined : { file: cString(table.files, at), line };
}
