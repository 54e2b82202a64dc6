import type { Attribute } from "../lex/token.js";
import type { FuncDecl, FunctionExpr, Identifier, Parameter } from "../syntax/ast.js";
import { hooksOf } from "./attributes.js";
import { contextRow } from "./contexts.js";
import { type Env, fail, innerScope, newVariable } from "./env.js";
import { checkGlobal } from "./global-functions.js";
import type { KernelTypes } from "./kernel.js";
import { signatureType } from "./resolve.js";
import { checkBlock } from "./statements.js";
import type { FunctionSymbol, Program, VariableSymbol } from "./symbols.js";
import { tracepointFields } from "./tracepoint.js";
import {
  badType,
  type ContextType,
  type FunctionType,
  isScalar,
  type Type,
  typeName,
  uint64,
  under,
} from "./type.js";

/** HookFacts are what the machine knows of the places programs attach to. */
export interface HookFacts {
  readonly kernel: KernelTypes;
  readonly tracepointFormat?: (category: string, name: string) => string | undefined;
}

const places: Readonly<Record<string, string>> = {
  TracepointBTF: "tracepoint",
  Iter: "iterator",
  LSM: "hook",
};

/** contextFor is the context a program gets, with the fields of its own hook. */
function contextFor(
  env: Env,
  hook: Program["kind"],
  target: string,
  given: ContextType,
  options: HookFacts,
  at: Attribute,
): ContextType {
  const row = given.row.access === "any" ? contextRow(hook.context) : given.row;
  if (row === undefined || row.name !== hook.context) {
    fail(
      env,
      "wrong-context",
      at,
      `a ${hook.name} program gets *bpf.${hook.context}, not *bpf.${given.row.name}`,
      `ctx *bpf.${hook.context}, or ctx *bpf.Context for any hook's own`,
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
      return { kind: "context", row, hook };
    }
    return { kind: "context", row, hook, fields: tracepointFields(format) };
  }
  if (row.access === "typed") {
    const words = typedWords(options.kernel, row.name, target);
    if (words === undefined)
      fail(env, "no-tracepoint", at, `the kernel's BTF has no ${places[row.name] ?? "function"} ${target}`);
    return { kind: "context", row, hook, ...words };
  }
  return { kind: "context", row, hook };
}

/** linkName is a function's name in the object, where methods and imported functions may not meet. */
function linkName(env: Env, decl: FuncDecl, receiver: Type | undefined): string {
  const base = receiver?.kind === "pointer" ? receiver.target : receiver;
  const type = base?.kind === "named" ? `${base.name}_` : "";
  return `${env.unit.prefix}${type}${decl.name.name}`;
}

interface Words {
  readonly words: readonly Type[];
  readonly names: readonly string[];
}

/** typedWords are the words of a context whose types are in the kernel's BTF; a function's result stands behind its arguments. */
function typedWords(kernel: KernelTypes, context: string, target: string): Words | undefined {
  if (context === "TracepointBTF") {
    const words = kernel.arguments(target);
    return words === undefined ? undefined : { words, names: [] };
  }
  // struct bpf_nf_ctx, include/linux/netfilter.h
  if (context === "Netfilter") {
    const words = ["nf_hook_state", "sk_buff"].map((name): Type => {
      const of = kernel.named(name);
      return of === undefined ? uint64 : { kind: "pointer", target: of };
    });
    return { words, names: ["state", "skb"] };
  }
  const prefix = { Iter: "bpf_iter_", LSM: "bpf_lsm_" }[context] ?? "";
  const found = kernel.signature(`${prefix}${target}`);
  if (found === undefined) return undefined;
  const words = found.parameters.map((parameter) => parameter.type);
  const names = found.parameters.map((parameter) => parameter.name);
  // Behind the arguments: what the function gave, or what the programs before this one made of it.
  const result = context === "FExit" || context === "FModRet" || context === "LSM";
  return result && found.result.kind !== "void"
    ? { words: [...words, found.result], names: [...names, "ret"] }
    : { words, names };
}

/** ownContext are kinds whose context is a type of the program's: what user space passes, what the replaced function takes. */
const ownContext: ReadonlySet<string> = new Set(["Syscall", "FReplace"]);

/** Declared collects the functions of a package, and those that are programs. */
export interface Declared {
  readonly functions: { readonly symbol: FunctionSymbol; readonly env: Env }[];
  readonly programs: Program[];
}

/** declareFunction makes a function known, and a program of it when a hook stands above it. */
export function declareFunction(env: Env, decl: FuncDecl, options: HookFacts, into: Declared): void {
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
        target: {
          ...contextFor(env, hook.kind, hook.target, target, options, hook.attribute),
          ...(target.renamed === undefined ? {} : { renamed: target.renamed }),
        },
      };
    } else if (target?.kind !== "bad" && of.kind !== "bad" && !ownContext.has(hook.kind.context)) {
      fail(
        env,
        "wrong-context",
        decl.signature.parameters[0] ?? decl.name,
        `a program's parameter is a pointer to its context, this is ${typeName(first)}`,
        `ctx *bpf.${hook.kind.context}`,
      );
      parameters[0] = badType;
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
  if (hook !== undefined && parameters.length > 1 && hook.kind.context !== "FReplace")
    fail(
      env,
      "bad-call",
      decl.name,
      "a program has one parameter, its context",
      "pass values in @config variables or maps",
    );
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
      "func main(ctx *bpf.Context) int",
    );
  }
  const type: FunctionType = { kind: "function", parameters, result: signature.result };
  const global = decl.attributes.some((each) => each.name === "global");
  const subprogram =
    global || decl.attributes.some((each) => each.name === "go:noinline" || each.name === "noinline");
  if (global) checkGlobal(env, decl, parameters, signature.result);
  if (subprogram || hook !== undefined) {
    const nodes =
      decl.receiver === undefined ? decl.signature.parameters : [decl.receiver, ...decl.signature.parameters];
    parameters.forEach((type, i) => {
      if (isScalar(type) || under(type).kind === "bad") return;
      const message = `${decl.name.name} is ${subprogram ? "called, not inlined" : "a program"}: its parameters are integers and pointers`;
      fail(env, "unsupported", nodes[i] ?? decl.name, message, `pass a pointer: *${typeName(type)}`);
    });
  }
  if (
    subprogram &&
    !isScalar(signature.result) &&
    signature.result.kind !== "void" &&
    under(signature.result).kind !== "bad"
  ) {
    const message = `a subprogram gives a number or a pointer, not ${typeName(signature.result)}`;
    const hint = "let the caller pass memory to fill: func f(out *T), or remove //go:noinline";
    fail(env, "unsupported", decl.signature.result ?? decl.name, message, hint);
  }
  const symbol: FunctionSymbol = {
    kind: "function",
    name: decl.name.name,
    linkName: linkName(env, decl, receiver[0]),
    declared: decl.name,
    declaration: decl,
    type,
    parameters: [],
    results: [],
    subprogram,
    global,
  };
  if (decl.receiver !== undefined) {
    const of = receiver[0];
    const base = of?.kind === "pointer" ? of.target : of;
    const named = base?.kind === "named" ? env.unit.named.get(base) : undefined;
    if (named?.methods.has(symbol.name) === true)
      fail(env, "redeclared", decl.name, `${named.name} has a method ${symbol.name} already`);
    named?.methods.set(symbol.name, symbol);
  } else if (symbol.name !== "_") {
    const { names } = env.unit.package;
    const known = names.get(symbol.name);
    if (known !== undefined)
      env.unit.report.error(
        "redeclared",
        decl.name,
        `${symbol.name} is declared twice in this package`,
        undefined,
        [{ start: known.declared.start, end: known.declared.end, message: "first here" }],
      );
    names.set(symbol.name, symbol);
  }
  into.functions.push({ symbol, env });
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

/** parameterName is a parameter's name; where its type was forgotten, the name was taken for one, and stays known. */
function parameterName(node: Parameter | undefined, type: Type): string {
  if (node?.name !== undefined) return node.name.name;
  return type.kind === "bad" && node?.type.kind === "name" ? node.type.name : "_";
}

/** checkBody checks what a function does. */
export function checkBody(env: Env, symbol: FunctionSymbol): void {
  const { declaration } = symbol;
  const body = innerScope(env, { owner: declaration, function: symbol, result: symbol.type.result });
  const nodes =
    declaration.receiver === undefined
      ? declaration.signature.parameters
      : [declaration.receiver, ...declaration.signature.parameters];
  const parameters = symbol.type.parameters.map((type, i) => {
    const node = nodes[i];
    const variable = newVariable(
      parameterName(node, type),
      node?.name ?? declaration.name,
      type,
      declaration,
    );
    if (variable.name !== "_") {
      if (body.scope.names.has(variable.name))
        fail(body, "redeclared", node ?? declaration.name, `two parameters are named ${variable.name}`);
      body.scope.names.set(variable.name, variable);
    }
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
  checkBlock(body, declaration.body);
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

/** checkLiteral checks a function literal: the body of a loop. */
export function checkLiteral(env: Env, expr: FunctionExpr): Type {
  const type = signatureType(env, expr.signature);
  const body = innerScope(env, {
    owner: expr,
    result: type.result,
    loops: 0,
    breakable: 0,
    literals: [...env.literals, expr],
  });
  const parameters: VariableSymbol[] = type.parameters.map((each, i) => {
    const node = expr.signature.parameters[i];
    const variable = newVariable(parameterName(node, each), node ?? expr, each, expr);
    if (variable.name !== "_") body.scope.names.set(variable.name, variable);
    return variable;
  });
  env.unit.literals.set(expr.id, { parameters, type, captures: new Set() });
  checkBlock(body, expr.body);
  return type;
}
