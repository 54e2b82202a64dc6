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
  /** The address of a variable or function of the kernel. */
  | ({ readonly kind: "symbol" } & KernelReference)
  /** A call of a kernel function. */
  | ({ readonly kind: "kfunc" } & KernelReference)
  /** The value of a name that the object declares nowhere: the one who loads it says what it is. */
  | { readonly kind: "constant"; readonly offset: number; readonly name: string }
  /** A map that the code names by a number, and the object defines nowhere. */
  | { readonly kind: "numbered-map"; readonly offset: number; readonly number: number }
  /** A call of a function that is declared and not defined. */
  | { readonly kind: "undefined-function"; readonly offset: number; readonly name: string };

/** KernelReference names something of the kernel that an object declares as extern in `.ksyms`. */
export interface KernelReference {
  readonly offset: number;
  readonly name: string;
  /** It may be missing: then its address is 0. */
  readonly weak: boolean;
  /** BTF id of its type in the object: a prototype for functions; 0 for `extern void`, found by name alone. */
  readonly type: number;
}

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
  /** False for sections that begin with "?", and for functions others call whose section says nothing. */
  readonly autoload: boolean;
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
  /**
   * Set for values of the kernel's configuration, in the map `.kconfig`, which are found at load: "weak" ones
   * that the kernel does not tell are 0, "strong" ones an error.
   */
  readonly config?: "weak" | "strong";
}

/** StructOpsSpec is a table of functions that the kernel calls, as `struct tcp_congestion_ops`. */
export interface StructOpsSpec {
  readonly name: string;
  /** The struct's name, which the kernel's has too, and its BTF id in the object. */
  readonly struct: string;
  readonly type: number;
  /** The struct as the object has it; what is no function is copied to the kernel's by name. */
  readonly contents: Uint8Array;
  /** The program of each function, by byte offset of its member. */
  readonly functions: ReadonlyMap<number, string>;
  /** True for `.struct_ops.link`: attached and detached by a link (6.4). */
  readonly isLink: boolean;
  /** False for sections that begin with "?". */
  readonly autoload: boolean;
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
  readonly structOps: ReadonlyMap<string, StructOpsSpec>;
  /** Maps that the object wants pinned by their names, and found again there. */
  readonly pinned: ReadonlySet<string>;
  /** The object's types, mended so that the kernel takes them; undefined when it has none. */
  readonly btf: Uint8Array | undefined;
}
