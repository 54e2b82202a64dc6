import { join } from "node:path/posix";
import { type Bytes, cString, need, sub, u8, u16, u32, u64, u64OrInfinity } from "../bytes/view.js";
import { BinaryError } from "../errors.js";
import { attribute, form } from "./constants.js";
import { indexedText, textOf } from "./die.js";
import { type Cursor, skip, uleb } from "./leb.js";
import type { DebugUnit } from "./model.js";

/** LineHeader is what a line program says before its instructions. */
export interface LineHeader {
  /** program is the whole line program; the instructions begin at `at`. */
  readonly program: Bytes;
  readonly at: number;
  readonly version: number;
  readonly addressSize: number;
  readonly minimumInstruction: number;
  readonly startsAsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** operandCounts of the standard opcodes, by opcode - 1: unknown ones are passed over by it. */
  readonly operandCounts: Uint8Array;
  /** files are full paths by the numbers that the program and call_file use; a number without a file is "". */
  readonly files: readonly string[];
}

/** contentType is DW_LNCT_*, DWARF 5, section 7.22. */
const contentType = { PATH: 1, DIRECTORY: 2 } as const;

/** mostFormats bounds the description of one row: DWARF 5 defines five contents, LLVM a sixth. */
const mostFormats = 32;

interface Reader {
  readonly cursor: Cursor;
  readonly unit: DebugUnit;
  readonly wide: boolean;
  readonly addressSize: number;
}

function readOffset(reader: Reader): number {
  const { cursor } = reader;
  const value = reader.wide ? u64(cursor.bytes, cursor.at) : u32(cursor.bytes, cursor.at);
  cursor.at += reader.wide ? 8 : 4;
  return value;
}

function readText(reader: Reader): string {
  const value = cString(reader.cursor.bytes, reader.cursor.at);
  reader.cursor.at = reader.cursor.bytes.data.indexOf(0, reader.cursor.at) + 1;
  return value;
}

/** readContent reads one field of a DWARF 5 row: a text, a number, or undefined for what nobody needs (the MD5 sum). */
function readContent(reader: Reader, kind: number): string | number | undefined {
  const { cursor, unit } = reader;
  const at = cursor.at;
  switch (kind) {
    case form.STRING:
      return readText(reader);
    case form.LINE_STRP:
      return cString(unit.file.lineStrings.whole(), readOffset(reader));
    case form.STRP:
      return cString(unit.file.strings.whole(), readOffset(reader));
    case form.STRX:
      return indexedText(unit, uleb(cursor));
    case form.STRX1:
      skip(cursor, 1);
      return indexedText(unit, u8(cursor.bytes, at));
    case form.STRX2:
      skip(cursor, 2);
      return indexedText(unit, u16(cursor.bytes, at));
    case form.STRX4:
      skip(cursor, 4);
      return indexedText(unit, u32(cursor.bytes, at));
    case form.UDATA:
      return uleb(cursor);
    case form.DATA1:
      skip(cursor, 1);
      return u8(cursor.bytes, at);
    case form.DATA2:
      skip(cursor, 2);
      return u16(cursor.bytes, at);
    case form.DATA4:
      skip(cursor, 4);
      return u32(cursor.bytes, at);
    case form.DATA8:
      skip(cursor, 8);
      return u64OrInfinity(cursor.bytes, at);
    case form.DATA16:
      skip(cursor, 16);
      return undefined;
    case form.BLOCK:
      skip(cursor, uleb(cursor));
      return undefined;
    default:
      throw new BinaryError("unsupported-dwarf", `${cursor.bytes.what}: a file table with form ${kind}`, {
        offset: cursor.bytes.base + at,
      });
  }
}

interface Row {
  readonly path: string;
  readonly directory: number;
}

function readRows(reader: Reader): Row[] {
  const { cursor } = reader;
  const formats: [content: number, kind: number][] = [];
  const formatCount = u8(cursor.bytes, cursor.at);
  cursor.at++;
  if (formatCount > mostFormats) {
    throw new BinaryError("malformed", `${cursor.bytes.what}: rows of ${formatCount} fields`, {
      offset: cursor.bytes.base + cursor.at,
    });
  }
  for (let i = 0; i < formatCount; i++) formats.push([uleb(cursor), uleb(cursor)]);
  const count = uleb(cursor);
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const before = cursor.at;
    let path = "";
    let directory = 0;
    for (const [content, kind] of formats) {
      const value = readContent(reader, kind);
      if (content === contentType.PATH && typeof value === "string") path = value;
      if (content === contentType.DIRECTORY && typeof value === "number") directory = value;
    }
    // Rows without bytes could be claimed without end.
    if (cursor.at === before) {
      throw new BinaryError("malformed", `${cursor.bytes.what}: ${count} rows without content`, {
        offset: cursor.bytes.base + before,
      });
    }
    rows.push({ path, directory });
  }
  return rows;
}

function readOldTables(reader: Reader, folder: string): string[] {
  const { cursor } = reader;
  const directories = [folder];
  for (;;) {
    const path = readText(reader);
    if (path === "") break;
    directories.push(join(path.startsWith("/") ? "" : folder, path));
  }
  const files = [""];
  for (;;) {
    const path = readText(reader);
    if (path === "") return files;
    const directory = uleb(cursor);
    uleb(cursor);
    uleb(cursor);
    files.push(path.startsWith("/") ? path : join(directories[directory] ?? "", path));
  }
}

function readNewTables(reader: Reader, folder: string): string[] {
  const directories: string[] = [];
  for (const { path } of readRows(reader)) {
    const base = directories[0] ?? folder;
    directories.push(path.startsWith("/") ? path : join(base, path));
  }
  return readRows(reader).map((row) =>
    row.path.startsWith("/") ? row.path : join(directories[row.directory] ?? "", row.path),
  );
}

/** wholeProgram reads the line program at offset: its length is in its first 4 or 12 bytes. */
function wholeProgram(unit: DebugUnit, offset: number): Bytes {
  const section = unit.file.line;
  const head = section.piece(offset, Math.min(12, Math.max(4, section.size() - offset)));
  const first = u32(head, 0);
  const wide = first === 0xffff_ffff;
  const length = wide ? u64(head, 4) + 12 : first + 4;
  return section.piece(offset, length);
}

/** readLineHeader reads the header at offset of .debug_line (DW_AT_stmt_list), versions 2 to 5. */
export function readLineHeader(unit: DebugUnit, offset: number): LineHeader {
  const program = wholeProgram(unit, offset);
  const wide = u32(program, 0) === 0xffff_ffff;
  const cursor: Cursor = { bytes: program, at: wide ? 12 : 4 };
  const version = u16(program, cursor.at);
  if (version < 2 || version > 5) {
    throw new BinaryError("unsupported-dwarf", `${program.what}: a line table of version ${version}`, {
      offset: program.base + cursor.at,
    });
  }
  cursor.at += 2;
  let addressSize = unit.header.addressSize;
  if (version >= 5) {
    addressSize = u8(program, cursor.at);
    cursor.at += 2;
  }
  const reader: Reader = { cursor, unit, wide, addressSize };
  const headerLength = readOffset(reader);
  const at = cursor.at + headerLength;
  need(program, at, 0);
  const minimumInstruction = u8(program, cursor.at);
  // Version 4 brought the operations per instruction, which only VLIW machines have.
  cursor.at += version >= 4 ? 2 : 1;
  const startsAsStatement = u8(program, cursor.at) !== 0;
  const lineBase = (u8(program, cursor.at + 1) << 24) >> 24;
  const lineRange = u8(program, cursor.at + 2);
  const opcodeBase = u8(program, cursor.at + 3);
  if (lineRange === 0 || opcodeBase === 0) {
    throw new BinaryError("malformed", `${program.what}: a line range of ${lineRange}`, {
      offset: program.base + cursor.at + 2,
    });
  }
  const operandCounts = sub(program, cursor.at + 4, opcodeBase - 1).data;
  cursor.at += 4 + opcodeBase - 1;
  const root = (unit.skeleton ?? unit).root();
  const folder = (root === undefined ? undefined : textOf(root, attribute.COMP_DIR)) ?? "";
  const files = version >= 5 ? readNewTables(reader, folder) : readOldTables(reader, folder);
  return {
    program,
    at,
    version,
    addressSize,
    minimumInstruction,
    startsAsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    operandCounts,
    files,
  };
}
