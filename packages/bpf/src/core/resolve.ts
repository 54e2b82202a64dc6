import type { CoreRelocation } from "../btf/ext-encoder.js";
import { CoreKind } from "../btf/kinds.js";
import { Btf } from "../btf/reader.js";
import type { BtfType } from "../btf/types.js";
import { BpfError } from "../errors.js";
import { type Access, essentialName, isEnumKind, localAccess } from "./access.js";
import { candidates, matchAccess } from "./match.js";
import { type Poisons, patchInstruction, poisonInstruction, reachesMemory } from "./patch.js";
import { answersAbsence, relocationValue } from "./value.js";

// `task_struct.pid`, `task_struct.comm[3]`; an enumerator by its name alone.
function accessText({ btf, root, steps, value }: Access): string {
  const [first] = steps;
  if (value !== undefined && first !== undefined && "member" in first) return first.member;
  const parts = steps.slice(1).map((step) => ("member" in step ? `.${step.member}` : `[${step.index}]`));
  return `${essentialName(btf.name(root))}${parts.join("")}`;
}

function wordOf(btf: Btf, id: number): string {
  const { kind } = btf.type(id);
  return kind === "struct" || kind === "union" || kind === "typedef"
    ? kind
    : kind === "int"
      ? "type"
      : "enum";
}

/** CoreResolution is a relocation's answer; undefined when the target lacks what the code wants to read. */
export interface CoreResolution {
  readonly value: bigint | undefined;
  /** Size in bytes of the local and the target field, for loads that must change their width. */
  readonly localBytes: number | undefined;
  readonly targetBytes: number | undefined;
  /** False when a load of another width would read something else: signed numbers, structs. */
  readonly canResize: boolean;
}

const ABSENT: CoreResolution = {
  value: undefined,
  localBytes: undefined,
  targetBytes: undefined,
  canResize: true,
};

function fieldBytes(btf: Btf, type: number): number | undefined {
  try {
    return btf.sizeOf(type);
  } catch {
    return undefined;
  }
}

// A pointer of the kernel may be narrower than ours, and zeros widen an unsigned number.
function canResize(local: Btf, a: number, target: Btf, b: number): boolean {
  const [idA, idB] = [local.resolve(a), target.resolve(b)];
  if (idA === 0 || idB === 0) return false;
  const [mine, theirs] = [local.type(idA), target.type(idB)];
  if (mine.kind === "ptr" && theirs.kind === "ptr") return true;
  const isUnsigned = (type: BtfType): boolean => type.kind === "int" && type.encoding !== "signed";
  return isUnsigned(mine) && isUnsigned(theirs);
}

/**
 * resolveRelocation answers one relocation of an object's BTF from targets, usually the kernel's: the first
 * one that has types of the name. Throws BpfError `relocation-failed` when several types of it fit and disagree.
 */
export function resolveRelocation(
  relocation: CoreRelocation,
  local: Btf,
  targets: Btf | Iterable<Btf>,
): CoreResolution {
  const { kind, type, access } = relocation;
  const mine = localAccess(local, type, access, kind);
  if (kind === CoreKind.TYPE_ID_LOCAL) return { ...ABSENT, value: relocationValue(kind, mine, mine) };
  for (const target of targets instanceof Btf ? [targets] : targets) {
    const ids = candidates(local, type, target);
    if (ids.length === 0) continue;
    const found = answerFrom(relocation, mine, target, ids);
    if (found !== undefined) return found;
    break;
  }
  return { ...ABSENT, value: answersAbsence(kind) ? 0n : undefined };
}

function answerFrom(
  relocation: CoreRelocation,
  mine: Access,
  target: Btf,
  ids: readonly number[],
): CoreResolution | undefined {
  const { kind } = relocation;
  let found: CoreResolution | undefined;
  for (const id of ids) {
    const theirs = matchAccess(mine, target, id, kind);
    if (theirs === undefined) continue;
    const value = relocationValue(kind, mine, theirs);
    // Types that appear more than once agree, or the answer would be a guess.
    if (found !== undefined && found.value !== value) {
      throw new BpfError(
        "relocation-failed",
        `the target has several types "${mine.btf.name(mine.root)}" that disagree on ${accessText(mine)}`,
      );
    }
    found ??= {
      value,
      localBytes: fieldBytes(mine.btf, mine.type),
      targetBytes: fieldBytes(target, theirs.type),
      canResize: canResize(mine.btf, mine.type, target, theirs.type),
    };
  }
  return found;
}

function reasonFor(relocation: CoreRelocation, local: Btf, targets: Iterable<Btf>): string {
  const { kind, type, access } = relocation;
  const [name, what] = [local.name(type), wordOf(local, type)];
  if ([...targets].every((target) => candidates(local, type, target).length === 0)) {
    return `${what} "${essentialName(name)}" does not exist in the target's BTF`;
  }
  const path = accessText(localAccess(local, type, access, kind));
  if (isEnumKind(kind)) return `${what} "${essentialName(name)}" has no value "${path}" in the target's BTF`;
  return `field "${path}" does not exist, or is another kind of thing, in the target's BTF`;
}

/**
 * applyRelocations answers a program's relocations in its code. An instruction whose field the target lacks
 * becomes an invalid call, which the verifier only minds when it can be reached; `poisons` keeps the reasons.
 * `known` keeps answers for the next program of the same object: they ask for the same fields again and again.
 */
export function applyRelocations(
  code: Uint8Array,
  relocations: readonly CoreRelocation[],
  local: Btf,
  targets: Btf | Iterable<Btf>,
  poisons: Poisons = [],
  known: Map<string, CoreResolution> = new Map(),
): void {
  const list = targets instanceof Btf ? [targets] : targets;
  for (const relocation of relocations) {
    const { offset, type, kind, access } = relocation;
    const key = `${type}/${kind}/${access}`;
    const resolution = known.get(key) ?? resolveRelocation(relocation, local, list);
    known.set(key, resolution);
    const { value, localBytes: from, targetBytes: to } = resolution;
    if (value === undefined) {
      poisonInstruction(code, offset, poisons, reasonFor(relocation, local, list));
      continue;
    }
    const isMoved = kind === CoreKind.FIELD_BYTE_OFFSET && from !== to;
    if (isMoved && !resolution.canResize && reachesMemory(code, offset)) {
      const path = accessText(localAccess(local, type, access, kind));
      const reason = `field "${path}" has ${to} bytes in the target, the object reads ${from}, and only unsigned numbers can be read in another width`;
      poisonInstruction(code, offset, poisons, reason);
      continue;
    }
    patchInstruction(code, relocation, value, { from, to });
  }
}
