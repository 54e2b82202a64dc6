import type { CoreKindId } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { BpfError } from "../errors.js";
import { type Access, essentialName, isEnumKind, isTypeKind, type Step } from "./access.js";
import { fieldsFit, sameKind, typesCompatible } from "./compatible.js";

/** Types of one name and kind; kernels have a handful at most. */
const MAX_CANDIDATES = 1000;

/** Anonymous members in anonymous members: more than this is no C that anyone wrote. */
const MAX_NESTING = 32;

const flavours = new WeakMap<Btf, ReadonlyMap<string, readonly number[]>>();

// Types whose own name has a flavour: some of other objects, hardly any of a kernel.
function flavoured(target: Btf, name: string): readonly number[] {
  let known = flavours.get(target);
  if (known === undefined) {
    const found = new Map<string, number[]>();
    for (const id of target.findByText("___")) {
      const [whole, essential] = [target.name(id), essentialName(target.name(id))];
      if (whole === essential) continue;
      const list = found.get(essential) ?? [];
      if (list.length === 0) found.set(essential, list);
      list.push(id);
    }
    flavours.set(target, found);
    known = found;
  }
  return [...(target.base === undefined ? [] : flavoured(target.base, name)), ...(known.get(name) ?? [])];
}

/** candidates gives the types of the target that a local root may mean: same name but for flavours, same kind. */
export function candidates(local: Btf, root: number, target: Btf): readonly number[] {
  const name = essentialName(local.name(root));
  if (root === 0 || name === "") return [];
  const kind = local.kind(root);
  const all = [...target.find(name), ...flavoured(target, name)];
  const found = all.filter((id) => sameKind(target.kind(id), kind));
  if (found.length <= MAX_CANDIDATES) return found;
  throw new BpfError(
    "relocation-failed",
    `the target has ${found.length} types "${name}": that is no kernel`,
  );
}

interface Found {
  readonly member: BtfMember;
  readonly bitOffset: number;
  readonly isLast: boolean;
}

/** Members looked at for one field: hostile types may hold each other a thousand ways. */
const MAX_VISITS = 100_000;

function findMember(btf: Btf, id: number, name: string, start: number): Found | undefined {
  let visits = 0;
  const search = (at: number, bitOffset: number, depth: number): Found | undefined => {
    const type = btf.type(btf.resolve(at));
    if ((type.kind !== "struct" && type.kind !== "union") || depth > MAX_NESTING) return undefined;
    visits += type.members.length;
    if (visits > MAX_VISITS) return undefined;
    for (const [index, member] of type.members.entries()) {
      const place = bitOffset + member.bitOffset;
      const isLast = type.kind === "struct" && index === type.members.length - 1;
      if (member.name === name) return { member, bitOffset: place, isLast };
      if (member.name !== "") continue;
      const inside = search(member.type, place, depth + 1);
      if (inside !== undefined) return inside;
    }
    return undefined;
  };
  return btf.resolve(id) === 0 ? undefined : search(id, start, 0);
}

interface Place {
  type: number;
  bitOffset: number;
  bitSize: number;
  /** The field is a struct's last member, so that an array without a length may be of any length. */
  isLast: boolean;
}

function follow(target: Btf, place: Place, step: Step, isFirst: boolean): boolean {
  if ("member" in step) {
    const found = findMember(target, place.type, step.member, place.bitOffset);
    if (found === undefined) return false;
    place.bitOffset = found.bitOffset;
    place.bitSize = found.member.bitSize ?? 0;
    place.type = target.resolve(found.member.type);
    place.isLast = found.isLast;
    return true;
  }
  if (!isFirst) {
    const array = target.type(place.type);
    if (array.kind !== "array") return false;
    const isFlexible = array.length === 0 && place.isLast;
    if (step.index >= array.length && !isFlexible) return false;
    place.type = target.resolve(array.type);
  }
  if (step.index > 0) place.bitOffset += step.index * target.sizeOf(place.type) * 8;
  place.bitSize = 0;
  place.isLast = false;
  return true;
}

/** matchAccess looks for a local access in a candidate of the target; undefined when it is not there. */
export function matchAccess(local: Access, target: Btf, root: number, kind: CoreKindId): Access | undefined {
  const base = { btf: target, root, steps: local.steps };
  if (isTypeKind(kind)) {
    if (!typesCompatible(local.btf, local.root, target, root)) return undefined;
    return { ...base, bitOffset: 0, bitSize: 0, type: root, value: undefined };
  }
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
  const place: Place = { type: resolved, bitOffset: 0, bitSize: 0, isLast: false };
  for (const [index, step] of local.steps.entries())
    if (!follow(target, place, step, index === 0)) return undefined;
  if (!fieldsFit(local.btf, local.type, target, place.type)) return undefined;
  const { bitOffset, bitSize, type } = place;
  return { ...base, bitOffset, bitSize, type, value: undefined };
}
