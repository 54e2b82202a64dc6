import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember, BtfType } from "../btf/types.js";
import { BpfError } from "../errors.js";
import { essentialName } from "./access.js";
import { isEnum } from "./compatible.js";

/** Depth of the comparison, as in libbpf and the kernel (MAX_TYPE_MATCHES_DEPTH of relo_core.c is 32). */
const MAX_DEPTH = 32;

/** Comparisons of one question: types of the kernel take some hundreds, hostile ones without end. */
const MAX_STEPS = 1_000_000;

interface Matching {
  readonly local: Btf;
  readonly target: Btf;
  steps: number;
}

type Composite = BtfType & { readonly kind: "struct" | "union" };
type Enum = BtfType & { readonly kind: "enum" | "enum64" };

function sameName(a: string, b: string): boolean {
  return essentialName(a) === essentialName(b);
}

function nameOf(type: BtfType): string {
  return "name" in type ? type.name : "";
}

function enumsMatch(a: Enum, b: Enum): boolean {
  if (a.values.length > b.values.length) return false;
  const names = new Set(b.values.map(({ name }) => essentialName(name)));
  return a.values.every(({ name }) => names.has(essentialName(name)));
}

function compositesMatch(m: Matching, a: Composite, b: Composite, depth: number): boolean {
  if (a.members.length > b.members.length) return false;
  m.steps += a.members.length + b.members.length;
  const byName = new Map<string, BtfMember[]>();
  for (const member of b.members) {
    const name = essentialName(member.name);
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [member]);
    else list.push(member);
  }
  return a.members.every((mine) =>
    (byName.get(essentialName(mine.name)) ?? []).some((theirs) =>
      match(m, mine.type, theirs.type, false, depth - 1),
    ),
  );
}

// What a pointer points to only has to be the same kind of thing, whole or declared.
function pointeesMatch(a: BtfType, b: BtfType): boolean {
  const isUnion = (type: BtfType): boolean | undefined => {
    if (type.kind === "fwd") return type.union ?? false;
    return type.kind === "struct" || type.kind === "union" ? type.kind === "union" : undefined;
  };
  return isUnion(a) === isUnion(b);
}

function match(
  m: Matching,
  localId: number,
  targetId: number,
  behindPointer: boolean,
  depth: number,
): boolean {
  if (depth <= 0 || ++m.steps > MAX_STEPS) {
    throw new BpfError("relocation-failed", "the types are nested too deeply to be matched");
  }
  const [idA, idB] = [m.local.resolve(localId), m.target.resolve(targetId)];
  if (idA === 0 || idB === 0) return idA === idB;
  const [a, b] = [m.local.type(idA), m.target.type(idB)];
  if (!sameName(nameOf(a), nameOf(b))) return false;
  switch (a.kind) {
    case "fwd":
      if (behindPointer) return pointeesMatch(a, b);
      return b.kind === "fwd" && (a.union ?? false) === (b.union ?? false);
    case "enum":
    case "enum64":
      return (b.kind === "enum" || b.kind === "enum64") && enumsMatch(a, b);
    case "struct":
    case "union":
      if (behindPointer) return pointeesMatch(a, b);
      return (
        a.kind === b.kind && (b.kind === "struct" || b.kind === "union") && compositesMatch(m, a, b, depth)
      );
    case "int":
      return b.kind === "int" && a.size === b.size && (a.encoding === "signed") === (b.encoding === "signed");
    case "ptr":
      return b.kind === "ptr" && match(m, a.type, b.type, true, depth - 1);
    case "array":
      return (
        b.kind === "array" && a.length === b.length && match(m, a.type, b.type, behindPointer, depth - 1)
      );
    case "func_proto": {
      if (b.kind !== "func_proto" || a.parameters.length !== b.parameters.length) return false;
      const fits = a.parameters.every((mine, index) =>
        match(m, mine.type, b.parameters[index]?.type ?? 0, behindPointer, depth - 1),
      );
      return fits && match(m, a.type, b.type, behindPointer, depth - 1);
    }
    default:
      return false;
  }
}

/**
 * typesMatch tells whether the target's type has all that the local one has: members by name with types that
 * match in turn, integers of the same size and sign, pointers to things of the same name. The rules are those
 * of BPF_TYPE_MATCHES in libbpf. Throws BpfError `relocation-failed` for types that nest without end.
 */
export function typesMatch(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  const [a, b] = [local.kind(localId), target.kind(targetId)];
  if (a !== b && !(isEnum(a) && isEnum(b))) return false;
  // Names of typedefs count at the root alone, where the candidates were found by them.
  if (a === BtfKind.TYPEDEF && !sameName(local.name(localId), target.name(targetId))) return false;
  return match({ local, target, steps: 0 }, localId, targetId, false, MAX_DEPTH);
}
