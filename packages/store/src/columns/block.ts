import { endianness } from "node:os";
import { StoreError } from "../errors.js";
import type { NativeColumn } from "./native-column.js";
import { varintLength, writeVarint } from "./varint.js";

/** NamedColumn is a column with its name in the table. */
export interface NamedColumn {
  readonly name: string;
  readonly column: NativeColumn;
}

/**
 * nativeBlock writes the columns as one Native block; every column must have `rows` > 0 rows. The block lies in what
 * `memory` gives for a length, by default fresh memory.
 */
export function nativeBlock(
  columns: readonly NamedColumn[],
  rows: number,
  memory: (length: number) => Uint8Array = Buffer.allocUnsafeSlow,
): Uint8Array {
  if (endianness() !== "LE") {
    throw new StoreError(
      "bad-block",
      "writing a Native block: this machine is big-endian, which is not supported",
    );
  }
  let length = varintLength(columns.length) + varintLength(rows);
  for (const { name, column } of columns) {
    if (column.rows !== rows) {
      throw new StoreError(
        "bad-block",
        `writing a Native block: column ${name} has ${column.rows} rows, not ${rows}`,
      );
    }
    length += textLength(name) + textLength(column.type) + column.prefixLength() + column.dataLength();
  }
  const block = memory(length);
  let at = writeVarint(block, 0, columns.length);
  at = writeVarint(block, at, rows);
  for (const { name, column } of columns) {
    at = writeText(block, at, name);
    at = writeText(block, at, column.type);
    at = column.writePrefix(block, at);
    at = column.writeData(block, at);
  }
  return block;
}

function textLength(text: string): number {
  const { length } = text;
  return varintLength(length) + length;
}

/** writeText writes a length and ASCII text: names and types have no other letters. */
function writeText(target: Uint8Array, at: number, text: string): number {
  let end = writeVarint(target, at, text.length);
  for (let i = 0; i < text.length; i++) target[end++] = text.charCodeAt(i);
  return end;
}
