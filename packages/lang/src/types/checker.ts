import type { Attribute } from "../lex/token.js";
import type { Reporter } from "../source/diagnostics.js";
import type {
  ConstDecl,
  Decl,
  File,
  FuncDecl,
  FunctionExpr,
  Identifier,
  ImportDecl,
  TypeDecl,
} from "../syntax/ast.js";
import { annotationsOf } from "./annotations.js";
import { checkTypeAttributes, checkVariableAttributes, hooksOf, licenseOf } from "./attributes.js";
import { defaultLicense } from "./constants.js";
import { contextRow } from "./contexts.js";
import { assignable } from "./convert.js";
import { type Env, fail, newVariable, type Scope, type Unit } from "./env.js";
import { checkExpression } from "./expressions.js";
import { declareGlobal } from "./globals.js";
import type { KernelTypes } from "./kernel.js";
import { checkRecursion } from "./recursion.js";
import type { Architecture } from "./registers.js";
import { resolveType, signatureType } from "./resolve.js";
import { block, inner } from "./statements.js";
import type {
  Checked,
  FunctionSymbol,
  GlobalSymbol,
  PackageSymbol,
  Program,
  TypeSymbol,
  VariableSymbol,
} from "./symbols.js";
import { tracepointFields } from "./tracepoint.js";
import { badType, type ContextType, type FunctionType, type Type, typeName, under } from "./type.js";

/** CheckOptions are the facts of the machine that the checker is given. */
export interface CheckOptions {
  readonly kernel: KernelTypes;
  readonly hasKernel: boolean;
  readonly architecture: Architecture;
  readonly tracepointFormat?: (category: string, name: string) => string | undefined;
}

const packages: Readonly<Record<string, PackageSymbol["package"]>> = {
  bpf: "bpf",
  "bpf/helpers": "helpers",
  vmlinux: "vmlinux",
  "bpf/vmlinux": "vmlinux",
  kfunc: "kfunc",
  "bpf/kfunc": "kfunc",
  "github.com/go3s/bpf": "bpf",
};

function declareConstant(env: Env, decl: ConstDecl): void {
  decl.names.forEach((name, i) => {
    if (name.name === "_") return;
    const known = env.scope.names.get(name.name);
    if (known !== undefined) {
      fail(env, "redeclared", name, `${name.name} is declared twice`);
      return;
    }
    const value = decl.values[i];
    let type: Type = badType;
    let constant: bigint | string | boolean = 0n;
    if (value === undefined) fail(env, "not-constant", name, `${name.name} has no value`);
    else {
      const here: Env = { ...env, iota: BigInt(decl.iota) };
      const to = decl.type === undefined ? undefined : env.resolveType(here, decl.type);
      type = here.check(here, value, to);
      const found = env.unit.constants.get(value.id);
      if (found === undefined) {
        if (type.kind !== "bad") fail(env, "not-constant", value, "the value of a constant must be constant");
      } else constant = found;
      if (to !== undefined) {
        assignable(here, value, type, to, "the constant");
        type = to;
      }
    }
    env.scope.names.set(name.name, {
      kind: "constant",
      name: name.name,
      declared: name,
      state: { type, value: constant },
    });
  });
}

function declareType(env: Env, decl: TypeDecl): void {
  checkTypeAttributes(decl.attributes, env.unit.report);
  if (env.scope.names.has(decl.name.name)) {
    fail(env, "redeclared", decl.name, `${decl.name.name} is declared twice`);
    return;
  }
  const symbol: TypeSymbol = {
    kind: "type",
    name: decl.name.name,
    declared: decl.name,
    methods: new Map(),
    type: { kind: "named", name: decl.name.name, underlying: badType },
  };
  env.scope.names.set(symbol.name, symbol);
}

/** defineType resolves a declared type; one that holds itself is told and broken. */
function defineType(env: Env, decl: TypeDecl): void {
  const symbol = env.scope.names.get(decl.name.name);
  if (symbol?.kind !== "type" || symbol.declared !== decl.name) return;
  const skip = decl.attributes.some((each) => each.name === "bpf_context");
  symbol.type.underlying = skip ? badType : resolveType(env, decl.type, decl.name.name);
}

/** orderTypes puts types behind those whose size they need. */
function orderTypes(decls: readonly TypeDecl[], report: Reporter): TypeDecl[] {
  const byName = new Map(decls.map((decl) => [decl.name.name, decl]));
  const done = new Set<TypeDecl>();
  const open = new Set<TypeDecl>();
  const order: TypeDecl[] = [];
  const names = (expr: TypeDecl["type"]): string[] => {
    if (expr.kind === "name") return [expr.name];
    if (expr.kind === "array-type") return names(expr.element);
    if (expr.kind === "paren") return names(expr.inner);
    return expr.kind === "struct-type" ? expr.fields.flatMap((field) => names(field.type)) : [];
  };
  const visit = (decl: TypeDecl): void => {
    if (done.has(decl)) return;
    if (open.has(decl)) {
      report.error(
        "recursion",
        decl.name,
        `${decl.name.name} contains itself`,
        "hold a number that names the other",
      );
      return;
    }
    open.add(decl);
    for (const name of names(decl.type)) {
      const other = byName.get(name);
      if (other !== undefined) visit(other);
    }
    done.add(decl);
    order.push(decl);
  };
  for (const decl of decls) visit(decl);
  return order;
}

function importPackage(env: Env, decl: ImportDecl): void {
  const found = packages[decl.path];
  if (found === undefined) {
    fail(
      env,
      "undefined",
      decl,
      `there is no package ${JSON.stringify(decl.path)}`,
      'known are "bpf", "bpf/helpers" and "vmlinux"',
    );
    return;
  }
  const name = decl.alias ?? found;
  env.scope.names.set(name, { kind: "package", name, declared: decl, package: found });
}

/** contextFor is the context a program gets, with the fields of its own hook. */
function contextFor(
  env: Env,
  hook: Program["kind"],
  target: string,
  given: ContextType,
  options: CheckOptions,
  at: Attribute,
): ContextType {
  const row = given.row.access === "any" ? contextRow(hook.context) : given.row;
  if (row === undefined || row.name !== hook.context) {
    fail(
      env,
      "wrong-context",
      at,
      `a ${hook.name} program gets *bpf.${hook.context}, not *bpf.${given.row.name}`,
    );
    return given;
  }
  if (row.access === "format") {
    const [category = "", name = ""] = target.split(":");
    const format = options.tracepointFormat?.(category, name);
    if (format === undefined) {
      if (options.tracepointFormat !== undefined)
        fail(
          env,
          "no-tracepoint",
          at,
          `the tracepoint ${category}:${name} does not exist here`,
          "go3s trace -l lists them",
        );
      return { kind: "context", row };
    }
    return { kind: "context", row, fields: tracepointFields(format) };
  }
  if (row.access === "typed") {
    const words = typedWords(options.kernel, row.name, target);
    if (words === undefined)
      fail(
        env,
        "no-tracepoint",
        at,
        `the kernel's BTF has no ${row.name === "TracepointBTF" ? "tracepoint" : "function"} ${target}`,
      );
    return { kind: "context", row, ...(words === undefined ? {} : { words }) };
  }
  return { kind: "context", row };
}

/** typedWords are the words of a context whose types are in the kernel's BTF; a function's result stands behind its arguments. */
function typedWords(kernel: KernelTypes, context: string, target: string): readonly Type[] | undefined {
  if (context === "TracepointBTF") return kernel.arguments(target);
  const found = kernel.signature(context === "Iter" ? `bpf_iter_${target}` : target);
  if (found === undefined) return undefined;
  const words = found.parameters.map((parameter) => parameter.type);
  return context === "FExit" ? [...words, found.result] : words;
}

interface Declared {
  readonly functions: FunctionSymbol[];
  readonly programs: Program[];
  readonly globals: GlobalSymbol[];
}

function declareFunction(env: Env, decl: FuncDecl, options: CheckOptions, into: Declared): void {
  const hooks = hooksOf(decl.attributes, env.unit.report);
  const signature = signatureType(env, decl.signature);
  const receiver = decl.receiver === undefined ? [] : [env.resolveType(env, decl.receiver.type)];
  const parameters = [...receiver, ...signature.parameters];
  const [hook] = hooks;
  const first = parameters[0];
  if (hook !== undefined && first !== undefined) {
    const of = under(first);
    const target = of.kind === "pointer" ? under(of.target) : undefined;
    if (target?.kind === "context") {
      parameters[0] = {
        kind: "pointer",
        target: contextFor(env, hook.kind, hook.target, target, options, hook.attribute),
      };
    } else if (target?.kind !== "bad" && of.kind !== "bad") {
      fail(
        env,
        "wrong-context",
        decl.signature.parameters[0] ?? decl.name,
        `a program's parameter is a pointer to its context, this is ${typeName(first)}`,
        `ctx *bpf.${hook.kind.context}`,
      );
    }
  }
  const other = hooks.find((each) => each.kind.context !== hook?.kind.context);
  if (hook !== undefined && other !== undefined && parameters.length > 0) {
    const message = `a ${other.kind.name} program gets *bpf.${other.kind.context}, a ${hook.kind.name} program *bpf.${hook.kind.context}`;
    fail(
      env,
      "wrong-context",
      other.attribute,
      message,
      "write one function for each, and share what they do",
    );
  }
  if (hook !== undefined && parameters.length > 1)
    fail(env, "bad-call", decl.name, "a program has one parameter, its context");
  if (
    hook !== undefined &&
    signature.result.kind !== "void" &&
    under(signature.result).kind !== "int" &&
    under(signature.result).kind !== "bad"
  ) {
    fail(
      env,
      "wrong-type",
      decl.signature.result ?? decl.name,
      `a program returns an int, not ${typeName(signature.result)}`,
    );
  }
  const type: FunctionType = { kind: "function", parameters, result: signature.result };
  const subprogram = decl.attributes.some((each) => each.name === "go:noinline" || each.name === "noinline");
  const symbol: FunctionSymbol = {
    kind: "function",
    name: decl.name.name,
    declared: decl.name,
    declaration: decl,
    type,
    parameters: [],
    results: [],
    subprogram,
  };
  if (decl.receiver !== undefined) {
    const of = receiver[0];
    const base = of?.kind === "pointer" ? of.target : of;
    const named = base?.kind === "named" ? env.scope.names.get(base.name) : undefined;
    if (named?.kind === "type") named.methods.set(symbol.name, symbol);
  } else if (symbol.name !== "_") {
    if (env.scope.names.has(symbol.name))
      fail(env, "redeclared", decl.name, `${symbol.name} is declared twice in this package`);
    env.scope.names.set(symbol.name, symbol);
  }
  into.functions.push(symbol);
  for (const [i, each] of hooks.entries()) {
    const name = i === 0 ? symbol.name : `${symbol.name}_${i + 1}`;
    into.programs.push({
      name,
      section: each.section,
      kind: each.kind,
      target: each.target,
      function: symbol,
    });
  }
}

function checkBody(env: Env, symbol: FunctionSymbol): void {
  const { declaration } = symbol;
  const body = inner(env, { owner: declaration, function: symbol, result: symbol.type.result });
  const nodes =
    declaration.receiver === undefined
      ? declaration.signature.parameters
      : [declaration.receiver, ...declaration.signature.parameters];
  const parameters = symbol.type.parameters.map((type, i) => {
    const node = nodes[i];
    const variable = newVariable(node?.name?.name ?? "_", node?.name ?? declaration.name, type, declaration);
    if (variable.name !== "_") body.scope.names.set(variable.name, variable);
    return variable;
  });
  symbol.parameters = parameters;
  const { result } = symbol.type;
  const types = result.kind === "tuple" ? result.members : [result];
  symbol.results = declaration.signature.results.map((name, i) => {
    const variable = newVariable(name.name, name, types[i] ?? badType, declaration);
    if (name.name !== "_") declareResult(body, variable, name);
    return variable;
  });
  block(body, declaration.body);
}

function declareResult(body: Env, variable: VariableSymbol, name: Identifier): void {
  if (body.scope.names.has(name.name)) {
    fail(body, "redeclared", name, `${name.name} is a parameter and a result`, "rename one of them");
    return;
  }
  variable.reassigned = true;
  body.scope.names.set(name.name, variable);
  body.unit.symbols.set(name.id, variable);
}

function checkLiteral(env: Env, expr: FunctionExpr): Type {
  const type = signatureType(env, expr.signature);
  const body = inner(env, {
    owner: expr,
    result: type.result,
    loops: 0,
    breakable: 0,
    literals: [...env.literals, expr],
  });
  const parameters: VariableSymbol[] = type.parameters.map((each, i) => {
    const node = expr.signature.parameters[i];
    const variable = newVariable(node?.name?.name ?? "_", node ?? expr, each, expr);
    if (variable.name !== "_") body.scope.names.set(variable.name, variable);
    return variable;
  });
  env.unit.literals.set(expr.id, { parameters, type, captures: new Set() });
  block(body, expr.body);
  return type;
}

/** checkPackage checks the files of one package and gives the checked tree. */
export function checkPackage(
  files: readonly File[],
  report: Reporter,
  options: CheckOptions,
  fileLicense: string | undefined,
): Checked {
  const scope: Scope = { parent: undefined, names: new Map() };
  const unit: Unit = {
    report,
    kernel: options.kernel,
    hasKernel: options.hasKernel,
    architecture: options.architecture,
    package: scope,
    types: new Map(),
    constants: new Map(),
    symbols: new Map(),
    calls: new Map(),
    selections: new Map(),
    literals: new Map(),
    dead: new Set(),
    asked: new Set(),
    edges: [],
    maps: new Map(),
  };
  const env: Env = {
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
      if (decl.kind === "const") declareConstant(at, decl);
      else {
        declareType(at, decl);
        defineType(at, decl);
      }
    },
  };
  // The compiler's own packages need no import: one-page probes are pasted without their head.
  for (const name of ["bpf", "helpers", "vmlinux", "kfunc"] as const) {
    scope.names.set(name, { kind: "package", name, declared: { start: 0, end: 0 }, package: name });
  }
  const all: Decl[] = files.flatMap((file) => file.declarations);
  const of = <K extends Decl["kind"]>(kind: K) =>
    all.filter((decl): decl is Extract<Decl, { kind: K }> => decl.kind === kind);
  for (const decl of of("import")) importPackage(env, decl);
  for (const decl of of("type")) declareType(env, decl);
  // Names of integers come before constants, which may have them; structs and arrays behind, as their lengths may be constants.
  const types = orderTypes(of("type"), report);
  for (const decl of types) if (decl.type.kind === "name") defineType(env, decl);
  for (const decl of of("const")) declareConstant(env, decl);
  for (const decl of types) if (decl.type.kind !== "name") defineType(env, decl);
  const declared: Declared = { functions: [], programs: [], globals: [] };
  for (const decl of of("var")) {
    checkVariableAttributes(decl.attributes, report);
    declared.globals.push(...declareGlobal(env, decl));
  }
  for (const decl of of("func")) declareFunction(env, decl, options, declared);
  for (const symbol of declared.functions) checkBody(env, symbol);
  checkRecursion(unit);
  const license =
    fileLicense ??
    all
      .map((decl) => ("attributes" in decl ? licenseOf(decl.attributes) : undefined))
      .find((each) => each !== undefined);
  return {
    package: files[0]?.package ?? "main",
    license: license ?? defaultLicense,
    types: unit.types,
    constants: unit.constants,
    symbols: unit.symbols,
    calls: unit.calls,
    selections: unit.selections,
    literals: unit.literals,
    dead: unit.dead,
    enumerator: unit.kernel.enumerator,
    kfunc(name) {
      const found = unit.kernel.kfunc(name);
      return found === "no" ? undefined : found;
    },
    variable: unit.kernel.variable,
    asked: unit.asked,
    programs: declared.programs,
    functions: declared.functions,
    maps: [...unit.maps.values()],
    telemetry: annotationsOf(env, of("var"), of("type")),
    globals: declared.globals,
    structs: of("type").flatMap((decl) => {
      const symbol = scope.names.get(decl.name.name);
      const isStruct = symbol?.kind === "type" && under(symbol.type).kind === "struct";
      return isStruct && /^[A-Z]/.test(decl.name.name) ? [symbol.type] : [];
    }),
  };
}
