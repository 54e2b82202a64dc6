import { didYouMean } from "../source/nearest.js";
import type { SelectorExpr } from "../syntax/ast.js";
import { isHidden, mayWrite } from "./context-limits.js";
import type { ContextField } from "./context-row.js";
import { type Env, fail } from "./env.js";
import { badType, type ContextType, type Type, uint64 } from "./type.js";

/** contextFieldType is the type of a context's field: an integer, an array of them, or a pointer to an object. */
function contextFieldType(env: Env, field: ContextField): Type {
  if (field.object !== undefined) {
    const target = env.unit.kernel.named(field.object);
    return target === undefined ? uint64 : { kind: "pointer", target };
  }
  const bits = field.size === 1 ? 8 : field.size === 2 ? 16 : field.size === 4 ? 32 : 64;
  const element: Type = { kind: "int", name: `uint${bits}`, bits, signed: false };
  return field.count === undefined ? element : { kind: "array", element, length: field.count };
}

/** checkContextField checks `ctx.name`: a word, a field of the kind of context, or one that the traced hook has. */
export function checkContextField(env: Env, expr: SelectorExpr, context: ContextType): Type {
  const { row, renamed } = context;
  const written = expr.name.name;
  if (renamed !== undefined && renamed.get(written) === undefined) {
    const none = renamed.has(written);
    const hint = none
      ? "its tag says that the context has none: remove it"
      : didYouMean(written, renamed.keys(), 24);
    fail(env, "no-field", expr.name, `the context has no field ${written}`, hint);
    return badType;
  }
  const member = { ...expr.name, name: renamed?.get(written) ?? written };
  const word = context.names?.indexOf(member.name) ?? -1;
  if (word >= 0) {
    env.unit.selections.set(expr.id, { kind: "context-word", index: word });
    return context.words?.[word] ?? badType;
  }
  const field = row.fields.find((each) => each.name === member.name);
  if (field !== undefined) {
    const type = contextFieldType(env, field);
    const { hook } = context;
    if (isHidden(hook, field.name))
      fail(
        env,
        "no-field",
        member,
        `a @${hook?.name} program may not look at ${field.name}`,
        "the verifier knows it for other kinds of programs with this context",
      );
    const read = mayWrite(hook, field.name) ? {} : ({ read: true } as const);
    env.unit.selections.set(expr.id, { kind: "context-field", offset: field.offset, type, row, ...read });
    return type;
  }
  const found = context.fields?.find((each) => each.name === member.name);
  if (found !== undefined) {
    env.unit.selections.set(expr.id, { kind: "context-field", offset: found.offset, type: found.type, row });
    return found.type;
  }
  const names = [...row.fields, ...(context.fields ?? [])]
    .map((each) => each.name)
    .concat(context.names ?? []);
  const hint =
    names.length > 0
      ? (didYouMean(member.name, names, 24) ?? "docs/language.md lists its fields")
      : row.access === "format"
        ? "the tracepoint's format is not known here"
        : "it has ctx.Arg(n)";
  fail(env, "no-field", member, `bpf.${row.name} has no field ${member.name}`, hint);
  return badType;
}
