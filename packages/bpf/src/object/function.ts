import type { CoreRelocation, FuncInfo } from "../btf/ext-encoder.js";
import type { LineRecord } from "../btf/ext-reader.js";
import { BpfError } from "../errors.js";
import type { Reference } from "./spec.js";

/** ObjectFunction is a function of an object's section, not yet joined with those it calls. */
export interface ObjectFunction {
  readonly name: string;
  readonly section: string;
  /** Byte offset in the section. */
  readonly start: number;
  readonly code: Uint8Array;
  /** Calls and addresses of other functions: the instruction's byte offset in `code`. */
  readonly calls: readonly FunctionCall[];
  readonly references: readonly Reference[];
  /** Undefined when `.BTF.ext` does not tell the function. */
  readonly info: FuncInfo | undefined;
  /** Offsets from the function's start. */
  readonly lines: readonly LineRecord[];
  readonly relocations: readonly CoreRelocation[];
}

/** FunctionCall is a use of another function, named by section and byte offset. */
export interface FunctionCall {
  readonly offset: number;
  readonly section: string;
  readonly start: number;
  /** True for an ld_imm64 that takes the function's address. */
  readonly isAddress: boolean;
}

/**
 * Bytes of code and facts about it that are copied for one object. Symbols of a hostile one may overlap, and its
 * programs may all call the same functions: a megabyte could ask for all memory. Real ones stay below a tenth.
 */
const MAX_WORK_BYTES = 128 << 20;

/** What a line, a relocation or a reference counts: about half of what it takes. */
const ROW_BYTES = 48;

/** Work counts what is made of an object, and ends it when that is too much. */
export class Work {
  #bytes = 0;

  /** add counts bytes and rows. Throws BpfError `bad-object` when they are too many. */
  add(bytes: number, rows: number): void {
    this.#bytes += bytes + rows * ROW_BYTES;
    if (this.#bytes <= MAX_WORK_BYTES) return;
    throw new BpfError("bad-object", "the object's functions overlap, or call each other, without measure");
  }
}

/** rowsOf gives the number of facts about a function's code. */
export function rowsOf(one: ObjectFunction): number {
  return one.calls.length + one.references.length + one.lines.length + one.relocations.length;
}

/** functionKey names a function by where it stands. */
export function functionKey(section: string, start: number): string {
  return `${section}+${start}`;
}
