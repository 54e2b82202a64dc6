import { findField, type StructType, type Type, under } from "./type.js";

function structOf(type: Type): StructType | undefined {
  const of = under(type);
  return of.kind === "struct" ? of : undefined;
}

/** fieldsOf are the names of a struct's fields. */
export const fieldsOf = (type: Type): string[] =>
  (structOf(type)?.fields ?? []).flatMap((each) => (each.name === "_" ? [] : [each.name]));

/** typeAt gives the type of a field by its path. */
export function typeAt(from: Type, path: string): Type | undefined {
  let type: Type | undefined = from;
  for (const name of path.split(".")) {
    const struct: StructType | undefined = type === undefined ? undefined : structOf(type);
    type = struct === undefined ? undefined : findField(struct, name)?.at(-1)?.type;
  }
  return type;
}
