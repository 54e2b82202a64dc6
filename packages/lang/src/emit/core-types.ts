import type { CorePath } from "../ir/ir.js";
import { type StructType, type Type, under } from "../types/type.js";
import type { TypeWriter } from "./btf-types.js";

interface Local {
  readonly struct: StructType;
  readonly members: { readonly name: string; readonly type: Type; readonly bitOffset: number }[];
  id: number;
}

/** CoreTypes are the kernel's structs as far as the program names their members: what relocations compare with. */
export interface CoreTypes {
  /** register notes a path; all paths come before the first id. */
  register(path: CorePath): void;
  /** access gives a path's root type and its indices. */
  access(path: CorePath): { readonly type: number; readonly access: string };
}

/** newCoreTypes collects paths, then writes the local types. */
export function newCoreTypes(writer: TypeWriter): CoreTypes {
  const locals = new Map<StructType, Local>();
  const localOf = (struct: StructType): Local => {
    let found = locals.get(struct);
    if (found === undefined) {
      found = { struct, members: [], id: 0 };
      locals.set(struct, found);
    }
    return found;
  };
  const walk = (path: CorePath): string => {
    const indices: number[] = [0];
    let owner: StructType | undefined = path.root;
    let inside = 0;
    let array: Type | undefined;
    for (const step of path.steps) {
      if (typeof step === "number") {
        indices.push(step);
        const of: ReturnType<typeof under> | undefined = array === undefined ? undefined : under(array);
        const element: ReturnType<typeof under> | undefined =
          of?.kind === "array" ? under(of.element) : undefined;
        array = of?.kind === "array" ? of.element : undefined;
        owner = element?.kind === "struct" ? element : undefined;
        inside = 0;
        continue;
      }
      const type = under(step.type);
      if (step.embedded && step.name === "") {
        // Members of anonymous members are matched by name wherever they are: the local type has them flat.
        inside += step.offset;
        continue;
      }
      if (owner === undefined) throw new Error(`the path to ${step.name} leaves its struct`);
      const local = localOf(owner);
      const bitOffset = (inside + step.offset) * 8;
      let index = local.members.findIndex((member) => member.name === step.name);
      if (index < 0) index = local.members.push({ name: step.name, type: step.type, bitOffset }) - 1;
      indices.push(index);
      array = step.type;
      owner = type.kind === "struct" ? type : undefined;
      inside = 0;
    }
    return indices.join(":");
  };
  let written = false;
  const typeId = (type: Type): number => {
    const of = under(type);
    if (of.kind === "struct") return locals.get(of)?.id ?? emptyStruct(of);
    if (of.kind === "array") return writer.array(typeId(of.element), of.length);
    if (of.kind === "int" && of.enumOf !== undefined) {
      return writer.builder.add({
        kind: "enum",
        name: of.enumOf,
        size: of.bits / 8,
        values: [{ name: `${of.enumOf === "" ? "anonymous" : of.enumOf}___go3s`, value: 0 }],
      });
    }
    return writer.id(type);
  };
  const emptyStruct = (struct: StructType): number => {
    const local = localOf(struct);
    if (local.id === 0) {
      local.id = writer.builder.add({
        kind: struct.kernel?.union === true ? "union" : "struct",
        name: struct.name,
        size: struct.size,
        members: [],
      });
    }
    return local.id;
  };
  const write = (): void => {
    if (written) return;
    written = true;
    const all = [...locals.values()];
    // The kernel wants members in the order of their places.
    for (const local of all) {
      local.members.sort((a, b) => a.bitOffset - b.bitOffset);
      local.id = writer.builder.reserve();
    }
    for (const { struct, members, id } of all) {
      writer.builder.define(id, {
        kind: struct.kernel?.union === true ? "union" : "struct",
        name: struct.name,
        size: struct.size,
        members: members.map((member) => ({
          name: member.name,
          type: typeId(member.type),
          bitOffset: struct.kernel?.union === true ? 0 : member.bitOffset,
        })),
      });
    }
  };
  return {
    register: (path) => void walk(path),
    access(path) {
      write();
      const access = walk(path);
      return { type: locals.get(path.root)?.id ?? emptyStruct(path.root), access };
    },
  };
}
