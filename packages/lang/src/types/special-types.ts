import type { CallExpr, Expr, SelectorExpr } from "../syntax/ast.js";
import { bare, countOf, wantInteger } from "./convert.js";
import { type Env, fail, lookUp } from "./env.js";
import {
  badType,
  int64,
  layOut,
  type SpecialMethod,
  type StructType,
  type Type,
  typeName,
  uint32,
  uint64,
  under,
  voidType,
} from "./type.js";

const opaque = (name: string, words: number): StructType => ({
  ...layOut(name, [{ name: "_", type: { kind: "array", element: uint64, length: words }, embedded: false }]),
  special: true,
});

/**
 * specialTypes are parts of map values and variables that only the kernel writes. The kernel knows them by the names of
 * their structs in BTF: include/uapi/linux/bpf.h.
 */
export const specialTypes: Readonly<Record<string, StructType>> = {
  Timer: opaque("bpf_timer", 2),
  SpinLock: { ...layOut("bpf_spin_lock", [{ name: "_", type: uint32, embedded: false }]), special: true },
  Dynptr: opaque("bpf_dynptr", 2),
};

const methods: Readonly<Record<string, readonly SpecialMethod[]>> = {
  bpf_timer: ["Init", "SetCallback", "Start", "Cancel"],
  bpf_spin_lock: ["Lock", "Unlock"],
};

/** checkMap checks that an argument is the map that holds the timer. */
function checkMap(env: Env, expr: Expr | undefined): void {
  if (expr === undefined) return;
  const inner = bare(expr.kind === "unary" ? expr.operand : expr);
  const symbol = inner.kind === "name" ? lookUp(env.scope, inner.name) : undefined;
  if (symbol?.kind === "map") env.unit.symbols.set(inner.id, symbol);
  else fail(env, "wrong-type", expr, "the map whose value holds the timer is needed", "t.Init(&m)");
}

/** checkCallback checks a timer's function: it gets the key and the value, by their addresses. */
function checkCallback(env: Env, expr: Expr | undefined): void {
  if (expr === undefined) return;
  const type = env.check(env, expr);
  const fits =
    type.kind === "function" &&
    type.parameters.length === 2 &&
    type.parameters.every((each) => under(each).kind === "pointer") &&
    type.result.kind === "void";
  if (!fits && type.kind !== "bad")
    fail(env, "wrong-type", expr, `a timer runs a func(key *K, value *V), this is ${typeName(type)}`);
}

/** specialMethod checks a call of a method; undefined when the type has none of that name. */
export function specialMethod(
  env: Env,
  expr: CallExpr,
  callee: SelectorExpr,
  type: StructType,
): Type | undefined {
  const method = methods[type.name]?.find((each) => each === callee.name.name);
  if (method === undefined) return undefined;
  env.unit.calls.set(expr.id, { kind: "special", method, object: callee.object });
  const [first, second] = expr.arguments;
  const count = {
    Init: [1, 2],
    SetCallback: [1, 1],
    Start: [1, 2],
    Cancel: [0, 0],
    Lock: [0, 0],
    Unlock: [0, 0],
  }[method];
  const [least = 0, most = 0] = count;
  if (!countOf(env, expr, method, expr.arguments.length, least, most)) return badType;
  if (method === "Init") checkMap(env, first);
  else if (method === "SetCallback") checkCallback(env, first);
  else if (first !== undefined) wantInteger(env, first, uint64, "the time in nanoseconds");
  if (second !== undefined) wantInteger(env, second, uint64, "this argument");
  return method === "Lock" || method === "Unlock" ? voidType : int64;
}

/** specialParts lists where the parts of a value are that only the kernel writes. */
export function specialParts(type: Type, at = 0): { readonly at: number; readonly size: number }[] {
  const of = under(type);
  if (of.kind === "pointer" && of.tag === "kptr") return [{ at, size: 8 }];
  if (of.kind !== "struct" || of.kernel !== undefined) return [];
  if (of.special === true) return [{ at, size: of.size }];
  return of.fields.flatMap((field) => specialParts(field.type, at + field.offset));
}
