import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { essentialName } from "./access.js";

/** Arrays of arrays, pointers to pointers: more than this is no C that anyone wrote; libbpf's limit too. */
const MAX_NESTING = 32;

/** Prototypes with prototypes as parameters may branch; those of the kernel take some dozens of steps. */
const MAX_STEPS = 10_000;

const ENUMS: ReadonlySet<number> = new Set([BtfKind.ENUM, BtfKind.ENUM64]);

/** isEnum tells whether a BtfKind is an enum of either width. */
export function isEnum(kind: number): boolean {
  return ENUMS.has(kind);
}

function isComposite(kind: number): boolean {
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

/** sameKind tells whether two BtfKinds can stand for each other: enums of both widths do. */
export function sameKind(a: number, b: number): boolean {
  return a === b || (ENUMS.has(a) && ENUMS.has(b));
}

/** fieldsFit tells whether a local field's type can stand for the target's: kinds agree, sizes may differ. */
export function fieldsFit(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  let a = local.resolve(localId);
  let b = target.resolve(targetId);
  for (let depth = 0; depth < MAX_NESTING; depth++) {
    const [kindA, kindB] = [local.kind(a), target.kind(b)];
    if (isComposite(kindA) && isComposite(kindB)) return true;
    if (!sameKind(kindA, kindB)) return false;
    if (kindA === BtfKind.ARRAY) {
      const [elementA, elementB] = [local.type(a), target.type(b)];
      if (elementA.kind !== "array" || elementB.kind !== "array") return false;
      a = local.resolve(elementA.type);
      b = target.resolve(elementB.type);
      continue;
    }
    if (ENUMS.has(kindA) || kindA === BtfKind.FWD) {
      const [nameA, nameB] = [essentialName(local.name(a)), essentialName(target.name(b))];
      return nameA === "" || nameB === "" || nameA === nameB;
    }
    return true;
  }
  return false;
}

interface Comparing {
  readonly local: Btf;
  readonly target: Btf;
  steps: number;
}

function compatible(c: Comparing, localId: number, targetId: number, depth: number): boolean {
  if (depth <= 0 || ++c.steps > MAX_STEPS) return false;
  const [a, b] = [c.local.resolve(localId), c.target.resolve(targetId)];
  if (!sameKind(c.local.kind(a), c.target.kind(b))) return false;
  if (a === 0 || b === 0) return a === b;
  const [typeA, typeB] = [c.local.type(a), c.target.type(b)];
  if (typeA.kind === "ptr" && typeB.kind === "ptr") return compatible(c, typeA.type, typeB.type, depth - 1);
  if (typeA.kind === "array" && typeB.kind === "array") {
    return compatible(c, typeA.type, typeB.type, depth - 1);
  }
  if (typeA.kind === "func_proto" && typeB.kind === "func_proto") {
    if (typeA.parameters.length !== typeB.parameters.length) return false;
    const fits = typeA.parameters.every((mine, index) =>
      compatible(c, mine.type, typeB.parameters[index]?.type ?? 0, depth - 1),
    );
    return fits && compatible(c, typeA.type, typeB.type, depth - 1);
  }
  return true;
}

/**
 * typesCompatible tells whether two types are the same sort of thing all the way through pointers, arrays and
 * prototypes, whatever their sizes and members: the test for the existence, size and id of a type, and for
 * symbols of the kernel.
 */
export function typesCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  return compatible({ local, target, steps: 0 }, localId, targetId, MAX_NESTING);
}
