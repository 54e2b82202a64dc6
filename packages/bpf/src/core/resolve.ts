import type { CoreRelocation } from "../btf/ext-encoder.js";
import { CoreKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { localAccess, type Step } from "./access.js";
import { candidates, matchAccess } from "./match.js";
import { patchInstruction, poisonInstruction } from "./patch.js";
import { answersAbsence, relocationValue } from "./value.js";

function pathText(btf: Btf, root: number, steps: readonly Step[]): string {
  const parts = steps.slice(1).map((step) => ("member" in step ? `.${step.member}` : `[${step.index}]`));
  return `${btf.name(root)}${parts.join("")}`;
}

/** CoreResolution is a relocation's answer; undefined when the target lacks what the code wants to read. */
export interface CoreResolution {
  readonly value: bigint | undefined;
  /** Size in bytes of the local and the target field, for loads that must change their width. */
  readonly localBytes: number | undefined;
  readonly targetBytes: number | undefined;
}

function fieldBytes(btf: Btf, type: number): number | undefined {
  try {
    return btf.sizeOf(type);
  } catch {
    return undefined;
  }
}

/**
 * resolveRelocation answers one relocation of an object's BTF from a target's, usually the kernel's. Throws
 * BpfError `relocation-failed` when several types of the target fit and disagree.
 */
export function resolveRelocation(relocation: CoreRelocation, local: Btf, target: Btf): CoreResolution {
  const { kind, type, access } = relocation;
  const mine = localAccess(local, type, access, kind);
  if (kind === CoreKind.TYPE_ID_LOCAL) {
    return { value: relocationValue(kind, mine, mine), localBytes: undefined, targetBytes: undefined };
  }
  let found: CoreResolution | undefined;
  for (const id of candidates(local, type, target)) {
    const theirs = matchAccess(mine, target, id, kind);
    if (theirs === undefined) continue;
    const value = relocationValue(kind, mine, theirs);
    // Types that appear more than once agree, or the answer would be a guess. Their ids differ by nature.
    if (found !== undefined && found.value !== value && kind !== CoreKind.TYPE_ID_TARGET) {
      throw new BpfError(
        "relocation-failed",
        `the target has several types "${local.name(type)}" that disagree on ${pathText(local, type, mine.steps)}`,
      );
    }
    found ??= {
      value,
      localBytes: fieldBytes(local, mine.type),
      targetBytes: fieldBytes(target, theirs.type),
    };
  }
  return (
    found ?? { value: answersAbsence(kind) ? 0n : undefined, localBytes: undefined, targetBytes: undefined }
  );
}

/**
 * applyRelocations answers a program's relocations in its code. An instruction whose field the target lacks
 * becomes an invalid call, which the verifier only minds when it can be reached.
 */
export function applyRelocations(
  code: Uint8Array,
  relocations: readonly CoreRelocation[],
  local: Btf,
  target: Btf,
): void {
  const known = new Map<string, CoreResolution>();
  for (const relocation of relocations) {
    const key = `${relocation.type}/${relocation.kind}/${relocation.access}`;
    const resolution = known.get(key) ?? resolveRelocation(relocation, local, target);
    known.set(key, resolution);
    if (resolution.value === undefined) poisonInstruction(code, relocation.offset);
    else patchInstruction(code, relocation, resolution.value, resolution.localBytes, resolution.targetBytes);
  }
}
