import type { CoreRelocation, FuncInfo } from "../btf/ext-encoder.js";
import type { LineRecord } from "../btf/ext-reader.js";
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

/** functionKey names a function by where it stands. */
export function functionKey(section: string, start: number): string {
  return `${section}+${start}`;
}
