import type { Reporter } from "../source/diagnostics.js";
import type { Decl, File, ImportDecl } from "../syntax/ast.js";
import { qualify } from "../syntax/qualify.js";
import { annotationsOf } from "./annotations.js";
import { checkFileAttributes, checkVariableAttributes, licenseOf } from "./attributes.js";
import { defaultLicense } from "./constants.js";
import { declareConstants, declareType, defineType, orderTypes } from "./declare.js";
import type { Env, Scope, Unit } from "./env.js";
import { checkExpression } from "./expressions.js";
import { checkBody, checkLiteral, type Declared, declareFunction, type HookFacts } from "./functions.js";
import { declareGlobal } from "./globals.js";
import { checkImports, importInto } from "./imports.js";
import { resolveConstant } from "./names.js";
import { checkRecursion } from "./recursion.js";
import type { Architecture } from "./registers.js";
import { resolveType } from "./resolve.js";
import type { Checked, GlobalSymbol } from "./symbols.js";
import { under } from "./type.js";
import type { UserTypes } from "./user-types.js";

/** CheckOptions are the facts of the machine that the checker is given. */
export interface CheckOptions extends HookFacts {
  readonly hasKernel: boolean;
  readonly architecture: Architecture;
  readonly userTypes?: UserTypes;
}

/** PackageTree is one parsed package and the packages its files import. */
export interface PackageTree {
  readonly name: string;
  readonly files: readonly File[];
  /** imports are packages read from elsewhere; undefined for those that were not found, which was reported. */
  readonly imports: ReadonlyMap<ImportDecl, PackageTree | undefined>;
}

/** Shared is what all packages of a compilation share: the side tables, and the maps, whose names are the object's. */
type Shared = Omit<Unit, "package" | "prefix" | "title" | "later" | "told">;

interface CheckedPackage {
  readonly scope: Scope;
  readonly name: string;
  readonly env: Env;
  readonly declared: Declared;
  readonly globals: readonly GlobalSymbol[];
  readonly declarations: readonly Decl[];
}

function newShared(report: Reporter, options: CheckOptions): Shared {
  return {
    report,
    kernel: options.kernel,
    hasKernel: options.hasKernel,
    architecture: options.architecture,
    userTypes: options.userTypes,
    types: new Map(),
    constants: new Map(),
    symbols: new Map(),
    calls: new Map(),
    selections: new Map(),
    literals: new Map(),
    named: new Map(),
    dead: new Set(),
    asked: new Set(),
    edges: [],
    maps: new Map(),
    synthetic: { next: -1 },
  };
}

function newEnv(unit: Unit, scope: Scope): Env {
  return {
    unit,
    scope,
    owner: undefined,
    function: undefined,
    result: undefined,
    loops: 0,
    breakable: 0,
    iota: undefined,
    literals: [],
    check: checkExpression,
    resolveType: (at, expr) => resolveType(at, expr),
    checkLiteral,
    declareLocal(at, decl) {
      if (decl.kind === "const") declareConstants(at, decl, at.scope, false);
      else {
        declareType(at, decl, at.scope);
        defineType(at, decl, at.scope);
      }
    },
  };
}

/** universe has the compiler's own packages: they need no import, as one-page probes are pasted without their head. */
function universe(): Scope {
  const scope: Scope = { parent: undefined, names: new Map() };
  for (const name of ["bpf", "helpers", "vmlinux", "kfunc", "user"] as const)
    scope.names.set(name, {
      kind: "package",
      name,
      declared: { start: 0, end: 0 },
      package: name,
      used: true,
    });
  return scope;
}

interface Declaration<D> {
  readonly decl: D;
  readonly env: Env;
}

function checkOne(
  tree: PackageTree,
  shared: Shared,
  options: CheckOptions,
  prefix: string,
  known: ReadonlyMap<PackageTree, CheckedPackage>,
): CheckedPackage {
  const scope: Scope = { parent: universe(), names: new Map() };
  const title = prefix === "" ? {} : { package: tree.name };
  const unit: Unit = { ...shared, package: scope, prefix, title, later: new Set(), told: new Set() };
  const all: Declaration<Decl>[] = [];
  const scopes: Scope[] = [];
  for (const file of tree.files) {
    const inFile: Scope = { parent: scope, names: new Map() };
    const env = newEnv(unit, inFile);
    scopes.push(inFile);
    for (const decl of file.declarations) {
      if (decl.kind !== "import") continue;
      const from = tree.imports.get(decl);
      const wasTold = from === undefined && tree.imports.has(decl);
      importInto(env, inFile, decl, from === undefined ? undefined : known.get(from), wasTold);
    }
    const packageOf = (name: string) => {
      const symbol = inFile.names.get(name);
      return symbol?.kind === "package" && symbol.package === "imported" ? symbol : undefined;
    };
    // Most files import none of one's own: then there is nothing to walk for.
    const imports = [...inFile.names.keys()].some((name) => packageOf(name) !== undefined);
    const used = imports ? qualify(file, (alias) => packageOf(alias) !== undefined) : [];
    for (const name of used) {
      const symbol = packageOf(name);
      if (symbol !== undefined) symbol.used = true;
    }
    for (const decl of file.declarations) all.push({ decl, env });
  }
  const of = <K extends Decl["kind"]>(kind: K) =>
    all.filter((each): each is Declaration<Extract<Decl, { kind: K }>> => each.decl.kind === kind);
  for (const { decl, env } of of("type")) declareType(env, decl, scope);
  for (const { decl, env } of of("const")) declareConstants(env, decl, scope, true);
  for (const { decl } of of("var")) for (const name of decl.names) unit.later.add(name.name);
  const envOf = new Map(of("type").map(({ decl, env }) => [decl, env]));
  const main = newEnv(unit, scope);
  for (const decl of orderTypes([...envOf.keys()], unit.report))
    defineType(envOf.get(decl) ?? main, decl, scope);
  for (const symbol of scope.names.values())
    if (symbol.kind === "constant") resolveConstant(main, symbol, symbol.declared);
  const globals: GlobalSymbol[] = [];
  for (const { decl, env } of of("var")) {
    checkVariableAttributes(decl.attributes, unit.report);
    globals.push(...declareGlobal(env, decl));
  }
  const declared: Declared = { functions: [], programs: [] };
  for (const { decl, env } of of("func")) declareFunction(env, decl, options, declared);
  for (const { symbol, env } of declared.functions) checkBody(env, symbol);
  for (const inFile of scopes) checkImports(unit.report, inFile);
  return { scope, name: tree.name, env: main, declared, globals, declarations: all.map((each) => each.decl) };
}

/** prefixes give each imported package what its names begin with in the object. */
function prefixes(trees: readonly PackageTree[]): Map<PackageTree, string> {
  const taken = new Set<string>();
  return new Map(
    trees.map((tree, i) => {
      if (i === trees.length - 1) return [tree, ""];
      let prefix = `${tree.name}_`;
      for (let n = 2; taken.has(prefix); n++) prefix = `${tree.name}${n}_`;
      taken.add(prefix);
      return [tree, prefix];
    }),
  );
}

/** checkPackage checks the files of a package that imports none but the compiler's own. */
export function checkPackage(files: readonly File[], report: Reporter, options: CheckOptions): Checked {
  return checkPackages([{ name: files[0]?.package ?? "main", files, imports: new Map() }], report, options);
}

/** checkPackages checks packages, each behind those it imports; the last is the one that is compiled. */
export function checkPackages(
  trees: readonly PackageTree[],
  report: Reporter,
  options: CheckOptions,
): Checked {
  const shared = newShared(report, options);
  const prefix = prefixes(trees);
  const known = new Map<PackageTree, CheckedPackage>();
  for (const tree of trees) known.set(tree, checkOne(tree, shared, options, prefix.get(tree) ?? "", known));
  const packages = [...known.values()];
  const main = packages.at(-1);
  if (main === undefined) throw new Error("a compilation has a package");
  checkRecursion({ report, edges: shared.edges });
  for (const tree of trees) for (const file of tree.files) checkFileAttributes(file.attributes, report);
  const ofFiles = (trees.at(-1)?.files ?? []).map((file) => licenseOf(file.attributes));
  const license = main.declarations
    .map((decl) => ("attributes" in decl ? licenseOf(decl.attributes) : undefined))
    .concat(ofFiles)
    .find((each) => each !== undefined);
  const kinds = <K extends Decl["kind"]>(from: CheckedPackage, kind: K) =>
    from.declarations.filter((decl): decl is Extract<Decl, { kind: K }> => decl.kind === kind);
  return {
    package: main.name,
    license: license ?? defaultLicense,
    types: shared.types,
    constants: shared.constants,
    symbols: shared.symbols,
    calls: shared.calls,
    selections: shared.selections,
    literals: shared.literals,
    dead: shared.dead,
    enumerator: shared.kernel.enumerator,
    kfunc(name) {
      const found = shared.kernel.kfunc(name);
      return found === "no" ? undefined : found;
    },
    variable: shared.kernel.variable,
    asked: shared.asked,
    programs: main.declared.programs,
    edges: shared.edges,
    functions: packages.flatMap((each) => each.declared.functions.map(({ symbol }) => symbol)),
    maps: [...shared.maps.values()],
    telemetry: packages.flatMap((each) => annotationsOf(each.env, kinds(each, "var"), kinds(each, "type"))),
    globals: packages.flatMap((each) => each.globals),
    structs: packages.flatMap((each) =>
      kinds(each, "type").flatMap((decl) => {
        const symbol = each.scope.names.get(decl.name.name);
        const isStruct = symbol?.kind === "type" && under(symbol.type).kind === "struct";
        return isStruct && /^[A-Z]/.test(decl.name.name) ? [symbol.type] : [];
      }),
    ),
  };
}
