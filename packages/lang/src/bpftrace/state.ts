import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { KernelTypes } from "../types/kernel.js";
import type { ArrayType, StructType } from "../types/type.js";
import type { ScriptConfig } from "./config.js";
import type { ScriptFacts } from "./facts.js";
import { lateTitle, lateType } from "./late.js";
import type { Aggregation, Clock, LinearBuckets, ProbePlace, ScriptEvent, Series, Shape } from "./script.js";
import type { Node } from "./tree.js";

/** ValueType is the type of an expression of a script. */
export type ValueType =
  | Shape
  /** struct: code is a pointer to (or, for `record`, the place of) a kernel struct. */
  | { readonly kind: "pointer"; readonly target: StructType }
  | { readonly kind: "record"; readonly target: StructType }
  | { readonly kind: "array"; readonly target: ArrayType }
  | { readonly kind: "args" }
  | { readonly kind: "void" }
  | { readonly kind: "bad" };

/** Value is a compiled expression. Scalars are Go code of type int64 or uint64; what is larger is written into a place. */
export interface Value {
  readonly type: ValueType;
  readonly code: string;
  /** condition is the same as a Go bool, where it began as one. */
  readonly condition?: string;
  readonly constant?: bigint | string;
  /** clock that a time was read from. */
  readonly clock?: Clock;
  /** space of the memory that an address points into, where it is known. */
  readonly space?: "kernel" | "user";
  /** into writes the value into a place of the program that is zero. */
  readonly into?: (place: string, size: number) => void;
}

/** MapTable is what is known of a map; it grows while the script is walked until nothing changes. */
export interface MapEntry {
  readonly name: string;
  readonly go: string;
  readonly at: Range;
  keys: readonly Shape[] | undefined;
  value: Shape | undefined;
  aggregation: Aggregation | undefined;
  linear: LinearBuckets | undefined;
  bits: number;
  series: Series | undefined;
  /** signed: one of the values given to an aggregation was. */
  signed: boolean;
}

/** Unit is the program at hand. */
export interface Unit {
  readonly place: ProbePlace;
  /** name is the probe's full name, when all its places share it. */
  readonly name: string;
  readonly variables: Map<string, Shape | PointerShape>;
  /** format is the text of a tracepoint's format file. */
  readonly format: string | undefined;
}

/** PointerShape lets a variable hold a kernel pointer. */
export interface PointerShape {
  readonly kind: "pointer";
  readonly target: StructType;
}

/** ScriptOptions are the facts a script is compiled with. */
export interface ScriptLimits {
  /** textBytes is what str() reads at most. */
  readonly textBytes: number;
  readonly mapEntries: number;
  readonly parameters: readonly string[];
  readonly config: ScriptConfig;
  /** unsafe allows what changes the machine. */
  readonly unsafe: boolean;
  readonly uprobeMulti: boolean;
  readonly facts: ScriptFacts;
}

/** State is shared by all of one walk over a script. */
export interface State {
  readonly report: Reporter;
  readonly kernel: KernelTypes;
  readonly limits: ScriptLimits;
  readonly maps: Map<string, MapEntry>;
  /** asked is what one place of the script needs another to do; it stays from walk to walk. */
  readonly asked: {
    /** stackDepths: len() wants to know how deep stacks are. */
    stackDepths: boolean;
  };
  readonly events: ScriptEvent[];
  readonly declarations: string[];
  unit: Unit;
  /** widths of the unit's text variables that the walk before found. */
  readonly widths: Map<string, number>;
  out: string[];
  counter: number;
  loops: number;
  /** leave are the statements that end the program from here. */
  leave: readonly string[];
  usesStacks: boolean;
  /** exits: the script calls exit(), so that programs look whether it was called. */
  exits: boolean;
  /** effectOnly: the expression at hand is a statement, its value is not wanted. */
  effectOnly: boolean;
  /** evaluate joins the files that compile expressions, which recurse into each other. */
  readonly evaluate: (state: State, node: Node) => Value;
  /** changed: a type became known or wider, so that the walk must be repeated. */
  changed: boolean;
}

/** bad stands for a value that was reported. */
export const bad: Value = { type: { kind: "bad" }, code: "int64(0)" };

/** emit adds a statement that stands for a stretch of the script. */
export function emit(state: State, at: Range, line: string): void {
  state.out.push(`${mark(at)}${line}`);
}

/** mark is read by source-map.ts: what follows comes from this stretch of the script. */
export function mark(at: Range): string {
  return `⟦${at.start},${at.end}⟧`;
}

/** fresh gives a name that no other temporary has. */
export function fresh(state: State, prefix: string): string {
  return `${prefix}${state.counter++}`;
}

/** captured runs a piece of the walk and gives the statements it emitted. */
export function captured<T>(state: State, work: () => T): { result: T; lines: string[] } {
  const outer = state.out;
  state.out = [];
  const result = work();
  const lines = state.out;
  state.out = outer;
  return { result, lines };
}

/** goType is the type of a value in the generated program. */
export function goType(shape: Shape | PointerShape): string {
  if (shape.kind === "pointer") return `*vmlinux.${shape.target.name}`;
  if (shape.kind === "text") return `[${shape.size}]byte`;
  if (shape.kind === "usym") return "[2]uint64";
  if (shape.kind === "late") return lateType(shape);
  return shape.kind === "int" && shape.signed ? "int64" : "uint64";
}

/** shapeOf gives what can be stored of a type. */
export function shapeOf(type: ValueType): Shape | undefined {
  switch (type.kind) {
    case "pointer":
      return { kind: "int", signed: false };
    case "record":
    case "array":
    case "args":
    case "void":
    case "bad":
      return undefined;
    default:
      return type;
  }
}

/** typeTitle names a type for people. */
export function typeTitle(type: ValueType): string {
  switch (type.kind) {
    case "int":
      return type.signed ? "an integer" : "an unsigned integer";
    case "text":
      return "text";
    case "kstack":
    case "ustack":
      return "a stack";
    case "ksym":
    case "usym":
      return "a symbol";
    case "strftime":
      return "a time";
    case "late":
      return lateTitle(type);
    case "pointer":
      return `a pointer to ${type.target.name}`;
    case "record":
      return `a struct ${type.target.name}`;
    case "array":
      return "an array";
    case "args":
      return "args";
    case "void":
      return "nothing";
    case "bad":
      return "?";
  }
}

const round8 = (size: number): number => Math.ceil(size / 8) * 8;

/** wider is the shape that holds both, or undefined when they are of different kinds. */
export function wider(a: Shape, b: Shape): Shape | undefined {
  if (a.kind === "text" && b.kind === "text") return { kind: "text", size: round8(Math.max(a.size, b.size)) };
  if (a.kind === "int" && b.kind === "int") return a;
  if (a.kind === "late" && b.kind === "late")
    return a.show === b.show ? { ...a, size: round8(Math.max(a.size, b.size)) } : undefined;
  return a.kind === b.kind ? a : undefined;
}
