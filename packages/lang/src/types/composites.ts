import type { CompositeExpr } from "../syntax/ast.js";
import { assignable, constantInteger } from "./convert.js";
import { type Env, fail } from "./env.js";
import { maxArrayLength } from "./resolve.js";
import { suggestField } from "./suggest.js";
import { type ArrayType, badType, type Field, type StructType, type Type, typeName, under } from "./type.js";

function checkStructLiteral(env: Env, expr: CompositeExpr, struct: StructType): void {
  const seen = new Set<string>();
  expr.elements.forEach((element, i) => {
    const { key, value } = element;
    if (key?.kind === "name") {
      if (seen.has(key.name))
        fail(env, "redeclared", key, `the field ${key.name} is given twice`, "remove one of them");
      seen.add(key.name);
    }
    let field: Field | undefined = struct.fields[i];
    if (key !== undefined) {
      field = key.kind === "name" ? struct.fields.find((each) => each.name === key.name) : undefined;
      if (field === undefined) {
        const text = key.kind === "name" ? key.name : "this";
        fail(env, "no-field", key, `${typeName(struct)} has no field ${text}`, suggestField(struct, text));
        return;
      }
    } else if (field === undefined) {
      fail(env, "wrong-type", value, `${typeName(struct)} has only ${struct.fields.length} fields`);
      return;
    }
    if (field !== undefined)
      assignable(env, value, env.check(env, value, field.type), field.type, `field ${field.name}`);
  });
}

function checkArrayLiteral(env: Env, expr: CompositeExpr, array: ArrayType): void {
  let at = 0;
  for (const { key, value } of expr.elements) {
    if (key !== undefined) at = Number(constantInteger(env, key, "an element's index") ?? at);
    if (at < 0 || at >= array.length)
      fail(env, "out-of-range", value, `element ${at} is outside ${typeName(array)}`);
    assignable(env, value, env.check(env, value, array.element), array.element, `element ${at}`);
    at++;
  }
}

/** literalLength is the length of a `[...]T{…}`: one more than its largest index. */
function literalLength(env: Env, expr: CompositeExpr): number {
  let at = 0;
  let most = 0;
  for (const { key } of expr.elements) {
    if (key !== undefined) at = Number(constantInteger(env, key, "an element's index") ?? at);
    at++;
    most = Math.max(most, at);
  }
  if (most <= maxArrayLength) return most;
  fail(env, "out-of-range", expr, `an array of ${most} elements is not possible`);
  return 0;
}

/** checkComposite checks `T{…}`; without T it has the type that is wanted where it stands. */
export function checkComposite(env: Env, expr: CompositeExpr, want: Type | undefined): Type {
  let type: Type = want ?? badType;
  if (expr.type !== undefined) {
    if (expr.type.kind === "array-type" && expr.type.length === undefined) {
      fail(env, "heap", expr.type, "slices need a heap", "give the length: [...]T{…}");
      return badType;
    }
    if (expr.type.kind === "array-type" && expr.type.length === "...") {
      type = {
        kind: "array",
        element: env.resolveType(env, expr.type.element),
        length: literalLength(env, expr),
      };
    } else type = env.resolveType(env, expr.type);
  } else if (want === undefined) fail(env, "wrong-type", expr, "the type of this literal is not known here");
  const of = under(type);
  if (of.kind === "struct" && of.kernel === undefined) checkStructLiteral(env, expr, of);
  else if (of.kind === "array") checkArrayLiteral(env, expr, of);
  else if (of.kind !== "bad") fail(env, "wrong-type", expr, `${typeName(type)} has no literals`);
  return type;
}
