import { BtfKind, type CoreKindId } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { type Access, essentialName, isEnumKind, isTypeKind, type Step } from "./access.js";

/** Anonymous members in anonymous members: more than this is no C that anyone wrote. */
const MAX_NESTING = 32;

const ENUMS: ReadonlySet<number> = new Set([BtfKind.ENUM, BtfKind.ENUM64]);

function isComposite(kind: number): boolean {
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

function sameKind(a: number, b: number): boolean {
  return a === b || (ENUMS.has(a) && ENUMS.has(b));
}

/** candidates gives the types of the target that a local root may mean: same name but for flavours, same kind. */
export function candidates(local: Btf, root: number, target: Btf): number[] {
  const name = essentialName(local.name(root));
  if (name === "") return [];
  const kind = local.kind(root);
  return target.find(name).filter((id) => sameKind(target.kind(id), kind));
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

interface Found {
  readonly member: BtfMember;
  readonly bitOffset: number;
}

function findMember(btf: Btf, id: number, name: string, bitOffset: number, depth: number): Found | undefined {
  const type = btf.type(btf.resolve(id));
  if ((type.kind !== "struct" && type.kind !== "union") || depth > MAX_NESTING) return undefined;
  for (const member of type.members) {
    const at = bitOffset + member.bitOffset;
    if (member.name === name) return { member, bitOffset: at };
    if (member.name !== "") continue;
    const inside = findMember(btf, member.type, name, at, depth + 1);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

interface Place {
  type: number;
  bitOffset: number;
  bitSize: number;
}

function follow(target: Btf, place: Place, step: Step, isFirst: boolean): boolean {
  if ("member" in step) {
    const found = findMember(target, place.type, step.member, place.bitOffset, 0);
    if (found === undefined) return false;
    place.bitOffset = found.bitOffset;
    place.bitSize = found.member.bitSize ?? 0;
    place.type = target.resolve(found.member.type);
    return true;
  }
  if (!isFirst) {
    const array = target.type(place.type);
    // Length 0 is a flexible array member: any element of it may be there.
    if (array.kind !== "array" || (array.length !== 0 && step.index >= array.length)) return false;
    place.type = target.resolve(array.type);
  }
  if (step.index > 0) place.bitOffset += step.index * target.sizeOf(place.type) * 8;
  place.bitSize = 0;
  return true;
}

/** matchAccess looks for a local access in a candidate of the target; undefined when it is not there. */
export function matchAccess(local: Access, target: Btf, root: number, kind: CoreKindId): Access | undefined {
  const base = { btf: target, root, steps: local.steps };
  if (isTypeKind(kind)) return { ...base, bitOffset: 0, bitSize: 0, type: root, value: undefined };
  const resolved = target.resolve(root);
  if (isEnumKind(kind)) {
    const step = local.steps[0];
    const declared = target.type(resolved);
    if (step === undefined || !("member" in step) || !("values" in declared)) return undefined;
    const wanted = essentialName(step.member);
    const found = declared.values.find(({ name }) => essentialName(name) === wanted);
    if (found === undefined) return undefined;
    return { ...base, bitOffset: 0, bitSize: 0, type: root, value: BigInt(found.value) };
  }
  const place: Place = { type: resolved, bitOffset: 0, bitSize: 0 };
  for (const [index, step] of local.steps.entries())
    if (!follow(target, place, step, index === 0)) return undefined;
  if (!fieldsFit(local.btf, local.type, target, place.type)) return undefined;
  return { ...base, ...place, value: undefined };
}

/** typesMatch tells whether the target's type has all that the local one names, with types that fit. */
export function typesMatch(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  const [a, b] = [local.type(local.resolve(localId)), target.type(target.resolve(targetId))];
  if ((a.kind === "struct" || a.kind === "union") && a.kind === b.kind) {
    return a.members.every((member) => {
      if (member.name === "") return true;
      const found = findMember(target, targetId, member.name, 0, 0);
      return found !== undefined && fieldsFit(local, member.type, target, found.member.type);
    });
  }
  if ("values" in a && "values" in b) {
    const names = new Set(b.values.map(({ name }) => essentialName(name)));
    return a.values.every(({ name }) => names.has(essentialName(name)));
  }
  return fieldsFit(local, localId, target, targetId);
}
