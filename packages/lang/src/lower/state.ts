import type { Builder } from "../ir/builder.js";
import type { Block, CorePath, IrFunction, Size, Slot, Text, Value, Width } from "../ir/ir.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { Expr, FunctionExpr, Stmt } from "../syntax/ast.js";
import type { Architecture } from "../types/registers.js";
import type { Checked, FunctionSymbol, VariableSymbol } from "../types/symbols.js";
import { type Type, under } from "../types/type.js";

/**
 * Space is the memory a pointer points into. Direct spaces are read and written by plain instructions; `kernel` and
 * `user` by probe reads; `btf` pointers are known to the verifier and read directly, never written.
 */
export type Space = "stack" | "map" | "ring" | "packet" | "context" | "data" | "btf" | "kernel" | "user";

/** isDirect tells whether plain loads and stores work in a space. */
export function isDirect(space: Space): boolean {
  return space !== "kernel" && space !== "user" && space !== "btf";
}

/** Place is where a value is in memory: a slot or a base pointer, an offset, and for kernel types the path to relocate. */
export interface Place {
  readonly type: Type;
  readonly space: Space;
  readonly base: Value | undefined;
  readonly slot: Slot | undefined;
  readonly offset: number;
  readonly core: CorePath | undefined;
  /** bits is set for a bit field: the bytes to load, and the shifts that leave the field. */
  readonly bits?: BitAccess;
  /** align is the known alignment of the address, which accesses to the stack must keep. */
  readonly align: number;
}

/** BitAccess says how a bit field is read from the 64 bits its storage is extended to. */
export interface BitAccess {
  readonly bytes: Size;
  readonly left: number;
  readonly right: number;
}

/** Scalar is a value in a register; pointers have a space. */
export interface Scalar {
  readonly value: Value;
  readonly space: Space;
}

/** Storage is where a variable lives. */
export type Storage =
  | { readonly kind: "register"; space: Space | undefined }
  | { readonly kind: "memory"; readonly place: Place; space: Space | undefined };

export interface LoopTarget {
  readonly label: string | undefined;
  readonly breakTo: Block;
  readonly continueTo: Block | undefined;
}

/** ResultMember is one result of an inlined function: a scalar in a variable, an aggregate in a place. */
export interface ResultMember {
  readonly type: Type;
  readonly variable: object;
  space: Space | undefined;
  readonly place: Place | undefined;
}

/** Part is one of several values that a call gives. */
export type Part = { readonly scalar: Scalar } | { readonly place: Place };

/** Frame is one function being lowered: the program itself, or a function inlined into it. */
export interface Frame {
  readonly storage: Map<VariableSymbol, Storage>;
  readonly outer: Frame | undefined;
  /** result is where an inlined function goes at its return, and what it leaves there. */
  readonly result: { readonly to: Block; readonly members: readonly ResultMember[] } | undefined;
  /** firstSlot is the first stack slot of this function: earlier ones are its callers'. */
  readonly firstSlot: number;
  readonly resultType: Type;
  readonly function: FunctionSymbol | undefined;
  readonly loops: LoopTarget[];
}

/** Bind gives parameters their storage; `given` says where each comes from. */
export type Bind = (
  low: Low,
  parameters: readonly VariableSymbol[],
  given?: (index: number) => Value,
) => void;

/** CallbackShape is how the kernel calls a function: what stands in which register. */
export interface CallbackShape {
  readonly parameters: number;
  /** environment is the register with the table of captured variables; undefined when the function runs later. */
  readonly environment: number | undefined;
  /** steady functions give 0, whatever happens in them. */
  readonly steady?: true;
  bind(low: Low, parameters: readonly VariableSymbol[], bind: Bind): void;
}

/** Shared is what all functions of a compilation share while they are lowered. */
export interface Shared {
  readonly checked: Checked;
  readonly report: Reporter;
  readonly architecture: Architecture;
  /** signedDivision: the instruction set has it (v4). */
  readonly signedDivision: boolean;
  readonly subprograms: Map<FunctionSymbol | FunctionExpr | IrFunction, IrFunction>;
  readonly texts: Map<string, Text>;
}

/** Low is the state of lowering one IR function; its methods join the files that recurse into each other. */
export interface Low {
  readonly shared: Shared;
  readonly b: Builder;
  /** packet is where the packet's end is read, once something asked for the packet. */
  packet: { readonly context: Value; readonly end: number } | undefined;
  frame: Frame;
  /** context is the program's own; functions that are called, not inlined, have none. */
  readonly context: Value | undefined;
  scalar(low: Low, expr: Expr): Scalar;
  /** place finds where an expression is; aggregates without a place get a temporary. */
  place(low: Low, expr: Expr): Place;
  /** into evaluates an expression into a place. */
  into(low: Low, to: Place, expr: Expr): void;
  condition(low: Low, expr: Expr, yes: Block, no: Block): void;
  /** effect evaluates an expression for what it does. */
  effect(low: Low, expr: Expr): void;
  statement(low: Low, stmt: Stmt): void;
  /** tuple evaluates a call with several results. */
  tuple(low: Low, expr: Expr): Part[];
  /** callback lowers a function literal or function as a subprogram that helpers call; a boxed state is behind a pointer to it. */
  callback(low: Low, expr: Expr, shape?: CallbackShape): { code: IrFunction; environment: Value | undefined };
  /** subprogram gives the code of a function that is called, not inlined. */
  subprogram(low: Low, symbol: FunctionSymbol): IrFunction;
}

/** typeOf is the checked type of an expression. */
export function typeOf(low: Low, expr: Expr): Type {
  const type = low.shared.checked.types.get(expr.id);
  if (type === undefined) throw new Error(`expression ${expr.id} was not checked`);
  return type;
}

/** widthOf is the width of a scalar type's register. */
export function widthOf(type: Type): Width {
  const of = under(type);
  return of.kind === "bool" || (of.kind === "int" && of.bits < 64) ? 32 : 64;
}

/** isSigned tells whether a type's values are signed. */
export function isSigned(type: Type): boolean {
  const of = under(type);
  return of.kind === "int" && of.signed;
}

/** refuse reports an error of lowering. */
export function refuse(
  low: Low,
  id: Parameters<Reporter["error"]>[0],
  range: Range,
  message: string,
  hint?: string,
): void {
  low.shared.report.error(id, range, message, hint);
}
