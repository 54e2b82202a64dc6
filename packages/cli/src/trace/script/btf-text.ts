import type { Btf, BtfType } from "@go3s/bpf";

/** deepest bounds how far structs without a name are written out in each other. */
const deepest = 8;

/** typeOf gives a type; void, which has the number 0, is undefined. */
const typeOf = (btf: Btf, id: number): BtfType | undefined => (id === 0 ? undefined : btf.type(id));

/** Declared is a declaration's text before and behind the name. */
interface Declared {
  readonly front: string;
  readonly back: string;
}

function body(btf: Btf, type: BtfType & { kind: "struct" | "union" }, indent: string, depth: number): string {
  const lines = type.members.map((member) => {
    const bits = member.bitSize === undefined || member.bitSize === 0 ? "" : ` : ${member.bitSize}`;
    return `${indent}        ${declaration(btf, member.type, member.name, `${indent}        `, depth + 1)}${bits};`;
  });
  const name = type.name === "" ? "" : `${type.name} `;
  return `${type.kind} ${name}{\n${lines.join("\n")}\n${indent}}`;
}

function declared(btf: Btf, id: number, indent: string, depth: number): Declared {
  const type = typeOf(btf, id);
  if (type === undefined) return { front: "void", back: "" };
  switch (type.kind) {
    case "struct":
    case "union":
      return {
        front:
          type.name === "" && depth < deepest ? body(btf, type, indent, depth) : `${type.kind} ${type.name}`,
        back: "",
      };
    case "fwd":
      return { front: `struct ${type.name}`, back: "" };
    case "enum":
    case "enum64":
      return { front: type.name === "" ? "enum { … }" : `enum ${type.name}`, back: "" };
    case "ptr": {
      const target = typeOf(btf, type.type);
      if (target?.kind === "func_proto") {
        const result = declared(btf, target.type, indent, depth + 1);
        const parameters = target.parameters.map((each) => typeText(btf, each.type)).join(", ");
        return { front: `${result.front} (*`, back: `)(${parameters === "" ? "void" : parameters})` };
      }
      const to = declared(btf, type.type, indent, depth);
      return to.front.endsWith("*")
        ? { front: `${to.front}*`, back: to.back }
        : { front: `${to.front} *`, back: to.back };
    }
    case "array": {
      const element = declared(btf, type.type, indent, depth);
      return { front: element.front, back: `[${type.length}]${element.back}` };
    }
    case "const":
    case "volatile": {
      const to = declared(btf, type.type, indent, depth);
      return to.front.endsWith("*")
        ? { ...to, front: `${to.front} ${type.kind}` }
        : { ...to, front: `${type.kind} ${to.front}` };
    }
    case "restrict":
    case "type_tag":
      return declared(btf, type.type, indent, depth);
    default:
      return { front: "name" in type ? type.name : "void", back: "" };
  }
}

function declaration(btf: Btf, id: number, name: string, indent: string, depth: number): string {
  const { front, back } = declared(btf, id, indent, depth);
  const gap = name === "" || front.endsWith("*") ? "" : " ";
  return `${front}${gap}${name}${back}`;
}

/** typeText writes a type of BTF as C does: `struct sock *`. */
export function typeText(btf: Btf, id: number): string {
  const { front, back } = declared(btf, id, "", deepest);
  return `${front}${back}`;
}

/** definitionText writes a struct, union or enum with all its members; undefined when it is none. */
export function definitionText(btf: Btf, id: number): string | undefined {
  const type = typeOf(btf, id);
  if (type?.kind === "struct" || type?.kind === "union") return `${body(btf, type, "", 0)};`;
  if (type?.kind !== "enum" && type?.kind !== "enum64") return undefined;
  const values = type.values.map((each) => `        ${each.name} = ${each.value},`);
  return `enum ${type.name} {\n${values.join("\n")}\n};`;
}
