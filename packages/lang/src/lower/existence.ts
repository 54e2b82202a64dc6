import { CoreKind } from "@go3s/bpf";
import { type IntType, type StructType, sizeOf, uint8, under } from "../types/type.js";
import { argument, type Context, type Lowering, plain } from "./builtin.js";
import { enumeratorValue, existence, pathTo } from "./kernel-facts.js";

function textAt(c: Context, index: number): string {
  const value = c.low.shared.checked.constants.get(argument(c, index).id);
  return typeof value === "string" ? value : "";
}

function kernelType(c: Context): StructType | IntType {
  const of = under(c.types[0] ?? uint8);
  if (of.kind !== "struct" && of.kind !== "int") throw new Error("the type is checked before");
  return of;
}

function enumerator(c: Context): ReturnType<Context["low"]["shared"]["checked"]["enumerator"]> {
  const of = kernelType(c);
  return c.low.shared.checked.enumerator(textAt(c, 0), of.kind === "int" ? of.enumOf : undefined);
}

/** existenceLowerings ask the loader; what is missing where the program is compiled is a constant and comes not here. */
export const existenceLowerings: Readonly<Record<string, Lowering>> = {
  FieldExists: (c) => {
    const path = pathTo(c.types[0], textAt(c, 0));
    if (path === undefined) throw new Error("the field is checked before");
    return plain(existence(c.low, { kind: "field", path }));
  },
  TypeExists: (c) => plain(existence(c.low, { kind: "type", type: kernelType(c) })),
  TypeSize: (c) => {
    const type = kernelType(c);
    const value = BigInt(sizeOf(type));
    return plain(c.low.b.query({ kind: CoreKind.TYPE_SIZE, value, of: { kind: "type", type } }));
  },
  EnumExists: (c) => {
    const found = enumerator(c);
    if (found === undefined) throw new Error("the value is checked before");
    return plain(existence(c.low, { kind: "enumerator", enumerator: found }));
  },
  EnumValue: (c) => {
    const found = enumerator(c);
    if (found === undefined) throw new Error("the value is checked before");
    return plain(enumeratorValue(c.low, found, { kind: "int", name: "uint64", bits: 64, signed: false }));
  },
};
