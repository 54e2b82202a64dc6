import type { CoreRelocation, FuncInfo } from "../btf/ext-encoder.js";
import type { LineRecord } from "../btf/ext-reader.js";
import type { MapSpec } from "../maps/spec.js";
import type { ProgramTypeId } from "../uapi/program-types.js";

/**
 * Reference is an instruction of a program that names something which only exists once the object is
 * loaded. `offset` is the instruction's byte offset in the program's code.
 */
export type Reference =
  | { readonly kind: "map"; readonly offset: number; readonly map: string }
  /** The address of a byte in a data section's map. */
  | { readonly kind: "data"; readonly offset: number; readonly map: string; readonly at: number }
  /** A variable of the kernel, or of its configuration; a weak one that is missing is 0. */
  | { readonly kind: "variable"; readonly offset: number; readonly name: string; readonly weak: boolean }
  /** A call of a kernel function. */
  | { readonly kind: "kfunc"; readonly offset: number; readonly name: string; readonly weak: boolean };

/** ProgramSpec is a program of an object: whole, with its subprograms behind it, but bound to no kernel. */
export interface ProgramSpec {
  readonly name: string;
  /** The section it stands in, which says what it is for. */
  readonly section: string;
  readonly type: ProgramTypeId;
  /** AttachType it must be loaded with, 0 when the type does not ask for one. */
  readonly attachType: number;
  /** What the section's name says it attaches to: `sched/sched_switch`, `sys_enter`, "" when it says nothing. */
  readonly target: string;
  /** ProgramFlag bits. */
  readonly flags: number;
  readonly code: Uint8Array;
  readonly references: readonly Reference[];
  /** Offsets are bytes in `code`; empty when the object does not tell all of its functions. */
  readonly functions: readonly FuncInfo[];
  readonly lines: readonly LineRecord[];
  readonly relocations: readonly CoreRelocation[];
}

/** VariableSpec is a variable of a data section. */
export interface VariableSpec {
  readonly name: string;
  /** The data section's map. */
  readonly map: string;
  readonly offset: number;
  readonly size: number;
  /** BTF id of the variable's type, 0 when unknown. */
  readonly type: number;
}

/** MapReference is an element of a map that holds another map or a program from the start. */
export interface MapReference {
  readonly map: string;
  readonly index: number;
  readonly to: { readonly kind: "map" | "program"; readonly name: string };
}

/** ObjectSpec is an object file as a value: the same bytes give the same spec on every machine. */
export interface ObjectSpec {
  readonly license: string;
  /** By name; data sections by the section's name, as `.bss`. */
  readonly maps: ReadonlyMap<string, MapSpec>;
  readonly mapReferences: readonly MapReference[];
  readonly programs: ReadonlyMap<string, ProgramSpec>;
  readonly variables: ReadonlyMap<string, VariableSpec>;
  /** The object's types, mended so that the kernel takes them; undefined when it has none. */
  readonly btf: Uint8Array | undefined;
}
