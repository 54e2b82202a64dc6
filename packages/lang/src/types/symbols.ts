import type { Range } from "../source/file.js";
import type { Expr, FuncDecl, FunctionExpr, Stmt } from "../syntax/ast.js";
import type { ContextRow } from "./context-row.js";
import type { Enumerator, KernelFunction, KernelTypes, KernelVariable } from "./kernel.js";
import type { KfuncArgument } from "./kfunc-argument.js";
import type { MapMethodRow } from "./map-methods.js";
import type { ProgramKind } from "./program-kind.js";
import type { TelemetryDeclaration } from "./telemetry.js";
import type { Field, FunctionType, MapType, NamedType, SpecialMethod, Type } from "./type.js";

/** Constant is the value of a constant expression; strings have one character per byte. */
export type Constant = bigint | string | boolean;

/** VariableSymbol is a local variable or parameter. */
export interface VariableSymbol {
  readonly kind: "variable";
  readonly name: string;
  readonly declared: Range;
  type: Type;
  used: boolean;
  /** addressTaken variables live in memory. */
  addressTaken: boolean;
  /** reassigned variables change behind their declaration; a literal that captures another gets its value. */
  reassigned: boolean;
  /** captured variables are used by a function literal that runs as a callback: they live in its frame. */
  captured: boolean;
  /** owner is the function or literal that declares it. */
  readonly owner: FuncDecl | FunctionExpr | undefined;
}

/** GlobalSymbol is a package variable that is not a map. */
export interface GlobalSymbol {
  readonly kind: "global";
  readonly name: string;
  readonly declared: Range;
  readonly type: Type;
  /** section: config variables are read-only data, written by the loader before it loads. */
  readonly section: ".rodata" | ".data" | ".bss";
  readonly initial: Uint8Array;
}

export interface MapSymbol {
  readonly kind: "map";
  readonly name: string;
  readonly declared: Range;
  readonly type: MapType;
  /** initial are the names of the programs or maps that a program array or map of maps starts with. */
  readonly initial?: readonly { readonly name: string; readonly at: Range }[];
  readonly pin: boolean;
  readonly flags: number;
}

/** AnnotatedMap is a map with a telemetry annotation that was checked. */
export interface AnnotatedMap {
  readonly map: MapSymbol;
  readonly declaration: TelemetryDeclaration;
}

export interface ConstantSymbol {
  readonly kind: "constant";
  readonly name: string;
  readonly declared: Range;
  /** pending declarations are resolved when first used. */
  state:
    | { readonly resolve: () => { readonly type: Type; readonly value: Constant } }
    | { readonly type: Type; readonly value: Constant }
    | "resolving";
}

export interface TypeSymbol {
  readonly kind: "type";
  readonly name: string;
  readonly declared: Range;
  readonly type: NamedType;
  readonly methods: Map<string, FunctionSymbol>;
}

export interface FunctionSymbol {
  readonly kind: "function";
  readonly name: string;
  readonly declared: Range;
  /** linkName is its name in the object, should it become a subprogram. */
  readonly linkName: string;
  readonly declaration: FuncDecl;
  type: FunctionType;
  /** parameters are the symbols of the receiver and the parameters, set when the body is checked. */
  parameters: readonly VariableSymbol[];
  /** results are the variables of named results. */
  results: readonly VariableSymbol[];
  /** subprogram functions are called, not inlined. */
  readonly subprogram: boolean;
  /** global functions are verified once by themselves, for all values of their parameters. */
  readonly global: boolean;
}

export interface PackageSymbol {
  readonly kind: "package";
  readonly name: string;
  readonly declared: Range;
  /** package is one of the compiler's own, or one that was read from elsewhere. */
  readonly package: "bpf" | "helpers" | "vmlinux" | "kfunc" | "user" | "imported";
  /** members are the names of an imported package, exported or not. */
  readonly members?: ReadonlyMap<string, AnySymbol>;
  used: boolean;
}

/** AnySymbol is whatever a name can stand for. */
export type AnySymbol =
  | VariableSymbol
  | GlobalSymbol
  | MapSymbol
  | ConstantSymbol
  | TypeSymbol
  | FunctionSymbol
  | PackageSymbol;

/** Program is a function that a hook of the kernel runs. */
export interface Program {
  readonly name: string;
  readonly section: string;
  readonly kind: ProgramKind;
  readonly target: string;
  readonly function: FunctionSymbol;
}

/** Call says what a call expression calls. */
export type Call =
  | { readonly kind: "conversion"; readonly to: Type }
  | { readonly kind: "function"; readonly symbol: FunctionSymbol; readonly receiver?: Expr }
  | { readonly kind: "builtin"; readonly name: string; readonly types: readonly Type[] }
  | { readonly kind: "helper"; readonly name: string; readonly id: number }
  /** usdt-argument is an argument of a statically defined probe, whose place the loader knows. */
  | {
      readonly kind: "usdt-argument";
      readonly index: number;
      readonly object: Expr;
      readonly map: MapSymbol;
    }
  /** exchange puts an object of the kernel into a map's value, and gives the one that was there. */
  | { readonly kind: "exchange"; readonly object: Expr }
  | { readonly kind: "special"; readonly method: SpecialMethod; readonly object: Expr }
  | {
      readonly kind: "iterator";
      readonly create: KernelFunction;
      readonly next: KernelFunction;
      readonly destroy: KernelFunction;
      readonly arguments: readonly KfuncArgument[];
    }
  | { readonly kind: "kfunc"; readonly fn: KernelFunction; readonly arguments: readonly KfuncArgument[] }
  | {
      readonly kind: "map-method";
      readonly row: MapMethodRow;
      readonly map: MapSymbol;
      /** object gives the map when another map holds it. */
      readonly object?: Expr;
    }
  | { readonly kind: "register"; readonly offset: number; readonly object: Expr; readonly pair?: number }
  | { readonly kind: "context-word"; readonly index: number; readonly object: Expr };

/** Selection says what a selector expression selects. */
export type Selection =
  | { readonly kind: "fields"; readonly path: readonly Field[] }
  /** enumerator is a value of a kernel's enum: a constant here, which the loader puts right. */
  | { readonly kind: "enumerator"; readonly enumerator: Enumerator }
  /** context-word is an argument of the hook by its name. */
  | { readonly kind: "context-word"; readonly index: number }
  | {
      readonly kind: "context-field";
      /** read is set for fields that the program may not write, whatever others may. */
      readonly read?: true;
      readonly offset: number;
      readonly type: Type;
      readonly row: ContextRow;
    };

/** LiteralInfo is what is known of a function literal. */
export interface LiteralInfo {
  readonly parameters: readonly VariableSymbol[];
  readonly type: FunctionType;
  readonly captures: Set<VariableSymbol>;
}

/** Checked is the checked tree: side tables by node id, and what the package declares. */
export interface Checked {
  readonly package: string;
  readonly license: string;
  readonly types: Map<number, Type>;
  readonly constants: Map<number, Constant>;
  readonly symbols: Map<number, AnySymbol>;
  readonly calls: Map<number, Call>;
  readonly selections: Map<number, Selection>;
  readonly literals: Map<number, LiteralInfo>;
  /** enumerator finds a value of the kernel's enums. */
  readonly enumerator: KernelTypes["enumerator"];
  /** kfunc finds a function of the kernel, variable one of its per-CPU variables. */
  readonly kfunc: (name: string) => KernelFunction | undefined;
  readonly variable: (name: string) => KernelVariable | undefined;
  /** asked are functions of the kernel whose existence the program asks for: they may be missing. */
  readonly asked: ReadonlySet<string>;
  /** dead are statements that the kernel compiled for does not reach; they are not lowered. */
  readonly dead: ReadonlySet<Stmt>;
  readonly programs: readonly Program[];
  readonly functions: readonly FunctionSymbol[];
  /** edges are the calls between functions. */
  readonly edges: readonly { readonly from: FunctionSymbol; readonly to: FunctionSymbol }[];
  readonly maps: readonly MapSymbol[];
  readonly globals: readonly GlobalSymbol[];
  /** telemetry says what maps become as OpenTelemetry. */
  readonly telemetry: readonly AnnotatedMap[];
  /** structs are the package's exported structs: whoever decodes events finds them in the object's BTF, used by a map or not. */
  readonly structs: readonly Type[];
}
