import type { DiagnosticId } from "../source/codes.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Range } from "../source/file.js";
import type { ConstDecl, Expr, FuncDecl, FunctionExpr, Stmt, TypeDecl } from "../syntax/ast.js";
import type { KernelTypes } from "./kernel.js";
import type { CallEdge } from "./recursion.js";
import type { Architecture } from "./registers.js";
import type {
  AnySymbol,
  Call,
  Checked,
  Constant,
  FunctionSymbol,
  MapSymbol,
  Selection,
  TypeSymbol,
  VariableSymbol,
} from "./symbols.js";
import type { NamedType, Type } from "./type.js";
import type { UserTypes } from "./user-types.js";

/** Scope holds the names of one block. */
export interface Scope {
  readonly parent: Scope | undefined;
  readonly names: Map<string, AnySymbol>;
}

/** lookUp finds a name in a scope or those around it. */
export function lookUp(scope: Scope, name: string): AnySymbol | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const found = at.names.get(name);
    if (found === undefined) continue;
    if (found.kind === "package") found.used = true;
    return found;
  }
  return undefined;
}

/** Unit is what all of a compilation's checking shares. */
export interface Unit {
  readonly report: Reporter;
  readonly kernel: KernelTypes;
  readonly hasKernel: boolean;
  readonly architecture: Architecture;
  /** userTypes are those of the observed program, when its debug information was given. */
  readonly userTypes: UserTypes | undefined;
  /** package has the names of the package that is checked. */
  readonly package: Scope;
  /** prefix begins the names of an imported package's maps, variables and functions in the object. */
  readonly prefix: string;
  /** title is what its types are shown with: the package, when it is imported. */
  readonly title: { readonly package?: string };
  /** told are mistakes that are made again with every use, told at the first: a name that nothing declares. */
  readonly told: Set<string>;
  /** later are the package's variables, some of which are not declared yet. */
  readonly later: Set<string>;
  /** named finds the symbol of a named type, which has its methods. */
  readonly named: Map<NamedType, TypeSymbol>;
  /** synthetic hands out ids of nodes that the checker makes; they count down. */
  readonly synthetic: { next: number };
  readonly types: Checked["types"];
  readonly constants: Map<number, Constant>;
  readonly symbols: Map<number, AnySymbol>;
  readonly calls: Map<number, Call>;
  readonly selections: Map<number, Selection>;
  readonly literals: Checked["literals"];
  /** edges are the calls between functions, to find recursion. */
  readonly edges: CallEdge[];
  /** asked are functions of the kernel whose existence is asked for. */
  readonly asked: Set<string>;
  /** dead are statements that the kernel compiled for does not reach: see existence.ts. */
  readonly dead: Set<Stmt>;
  /** maps by name; a map may be declared by its use. */
  readonly maps: Map<string, MapSymbol>;
}

/** Env is where an expression stands: its scope, its function, and the way back into the checker. */
export interface Env {
  readonly unit: Unit;
  readonly scope: Scope;
  readonly owner: FuncDecl | FunctionExpr | undefined;
  /** function is the declared function around, whatever literals lie between. */
  readonly function: FunctionSymbol | undefined;
  readonly result: Type | undefined;
  readonly loops: number;
  readonly breakable: number;
  /** iota is set in constant declarations. */
  readonly iota: bigint | undefined;
  /** literals are the function literals around, innermost last, for captures. */
  readonly literals: readonly FunctionExpr[];
  /** check finds an expression's type and records it; `want` guides literals and untyped constants. */
  check(env: Env, expr: Expr, want?: Type): Type;
  resolveType(env: Env, expr: Expr): Type;
  /** declareLocal declares constants and types inside a function. */
  declareLocal(env: Env, decl: ConstDecl | TypeDecl): void;
  /** checkLiteral checks the body of a function literal. */
  checkLiteral(env: Env, expr: FunctionExpr): Type;
}

/** innerScope is an environment for what stands in braces: names declared there are known there alone. */
export function innerScope(env: Env, extra: Partial<Env> = {}): Env {
  return { ...env, ...extra, scope: { parent: env.scope, names: new Map() } };
}

/** tellOnce is true the first time a mistake shows in a function. */
export function tellOnce(env: Env, mistake: string): boolean {
  const key = `${env.function?.linkName ?? ""} ${mistake}`;
  if (env.unit.told.has(key)) return false;
  env.unit.told.add(key);
  return true;
}

/** fail reports an error of an expression. */
export function fail(env: Env, id: DiagnosticId, range: Range, message: string, hint?: string): void {
  env.unit.report.error(id, range, message, hint);
}

/** newVariable makes a local variable's symbol. */
export function newVariable(
  name: string,
  declared: Range,
  type: Type,
  owner: VariableSymbol["owner"],
): VariableSymbol {
  return {
    kind: "variable",
    name,
    declared,
    type,
    used: false,
    addressTaken: false,
    captured: false,
    reassigned: false,
    owner,
  };
}
