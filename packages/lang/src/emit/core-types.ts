import type { CorePath, CoreQuery } from "../ir/ir.js";
import type { Enumerator } from "../types/kernel.js";
import { type Field, type IntType, type StructType, type Type, under } from "../types/type.js";
import type { TypeWriter } from "./btf-types.js";

interface Member {
  readonly name: string;
  readonly type: Type;
  readonly bitOffset: number;
  readonly bitSize: number;
}

interface Local {
  readonly struct: StructType;
  readonly members: Member[];
  id: number;
}

interface LocalEnum {
  readonly type: IntType;
  readonly values: { readonly name: string; readonly value: bigint }[];
  id: number;
}

/** Access is what a relocation names: a local type and the indices of the way into it. */
export interface Access {
  readonly type: number;
  readonly access: string;
}

/** CoreTypes are the kernel's structs as far as the program names their members: what relocations compare with. */
export interface CoreTypes {
  /** register notes a path, registerQuery what a query is about; all come before the first id. */
  register(path: CorePath): void;
  registerQuery(query: CoreQuery): void;
  /** access gives a path's root type and its indices. */
  access(path: CorePath): Access;
  query(query: CoreQuery): Access;
}

/** newCoreTypes collects paths, then writes the local types. */
export function newCoreTypes(writer: TypeWriter): CoreTypes {
  const locals = new Map<StructType, Local>();
  const enums = new Map<string, LocalEnum>();
  const localOf = (struct: StructType): Local => {
    let found = locals.get(struct);
    if (found === undefined) {
      found = { struct, members: [], id: 0 };
      locals.set(struct, found);
    }
    return found;
  };
  const enumOf = (type: IntType): LocalEnum => {
    const name = type.enumOf ?? "";
    let found = enums.get(name);
    if (found === undefined) {
      found = { type, values: [], id: 0 };
      enums.set(name, found);
    }
    return found;
  };
  const memberOf = (local: Local, step: Field, inside: number): number => {
    const known = local.members.findIndex((member) => member.name === step.name);
    if (known >= 0) return known;
    const bitOffset = inside * 8 + (step.bits?.offset ?? step.offset * 8);
    return (
      local.members.push({ name: step.name, type: step.type, bitOffset, bitSize: step.bits?.size ?? 0 }) - 1
    );
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
      indices.push(memberOf(localOf(owner), step, inside));
      array = step.type;
      owner = type.kind === "struct" ? type : undefined;
      inside = 0;
    }
    return indices.join(":");
  };
  const enumerate = (enumerator: Enumerator): number => {
    const { values } = enumOf(enumerator.type);
    const known = values.findIndex((each) => each.name === enumerator.name);
    return known >= 0 ? known : values.push({ name: enumerator.name, value: enumerator.value }) - 1;
  };
  let written = false;
  const typeId = (type: Type): number => {
    const of = under(type);
    if (of.kind === "struct") return locals.get(of)?.id ?? emptyStruct(of);
    if (of.kind === "array") return writer.array(typeId(of.element), of.length);
    if (of.kind === "int" && of.enumOf !== undefined) return enumId(of);
    return writer.id(type);
  };
  const enumId = (type: IntType): number => {
    const local = enumOf(type);
    if (local.id !== 0) return local.id;
    const name = type.enumOf ?? "";
    // An enum whose values are not asked for has one that no kernel has.
    const values =
      local.values.length > 0
        ? local.values
        : [{ name: `${name === "" ? "anonymous" : name}___go3s`, value: 0n }];
    local.id = writer.builder.add({
      kind: type.bits === 64 ? "enum64" : "enum",
      name,
      size: type.bits / 8,
      signed: type.signed,
      values: values.map((each) => ({
        name: each.name,
        value: type.bits === 64 ? each.value : Number(each.value),
      })),
    });
    return local.id;
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
          bitSize: member.bitSize,
        })),
      });
    }
  };
  const access = (path: CorePath): Access => {
    write();
    const indices = walk(path);
    return { type: locals.get(path.root)?.id ?? emptyStruct(path.root), access: indices };
  };
  return {
    register: (path) => void walk(path),
    registerQuery({ of }) {
      if (of.kind === "field") walk(of.path);
      else if (of.kind === "enumerator") enumerate(of.enumerator);
      else if (of.type.kind === "struct") localOf(of.type);
    },
    access,
    query({ of }) {
      if (of.kind === "field") return access(of.path);
      write();
      if (of.kind === "enumerator")
        return { type: enumId(of.enumerator.type), access: String(enumerate(of.enumerator)) };
      return { type: typeId(of.type), access: "0" };
    },
  };
}
