import { CoreKind, type CoreKindId } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";

/** Steps of a path; libbpf's BPF_CORE_SPEC_MAX_LEN is the same. */
const MAX_STEPS = 64;

/** Step is one step of an access path: into a member by name, or to an element by index. */
export type Step = { readonly member: string } | { readonly index: number };

/** Access is a field of a type, found in one BTF: where it is and what it is. */
export interface Access {
  readonly btf: Btf;
  readonly root: number;
  /** The steps by name, anonymous members left out; for an enumerator its name alone. */
  readonly steps: readonly Step[];
  readonly bitOffset: number;
  /** Size in bits of a bit field, 0 for all others. */
  readonly bitSize: number;
  /** BTF id of the field's type; the root's for relocations of whole types. */
  readonly type: number;
  /** The enumerator's value, for relocations of enumerators. */
  readonly value: bigint | undefined;
}

/**
 * essentialName gives a name without its flavour: `task_struct___old` is `task_struct`. A flavour stands
 * behind exactly three underscores, the last such three count (libbpf, bpf_core_essential_name_len).
 */
export function essentialName(name: string): string {
  for (let at = name.lastIndexOf("___"); at > 0; at = name.lastIndexOf("___", at - 1)) {
    const [before, behind] = [name[at - 1], name[at + 3]];
    if (before !== "_" && behind !== undefined && behind !== "_") return name.slice(0, at);
  }
  return name;
}

/** isTypeKind tells whether a relocation is about a type as a whole. */
export function isTypeKind(kind: CoreKindId): boolean {
  return (
    kind === CoreKind.TYPE_ID_LOCAL ||
    kind === CoreKind.TYPE_ID_TARGET ||
    kind === CoreKind.TYPE_EXISTS ||
    kind === CoreKind.TYPE_SIZE ||
    kind === CoreKind.TYPE_MATCHES
  );
}

/** isEnumKind tells whether a relocation is about an enumerator. */
export function isEnumKind(kind: CoreKindId): boolean {
  return kind === CoreKind.ENUMVAL_EXISTS || kind === CoreKind.ENUMVAL_VALUE;
}

function refuse(access: string, why: string): never {
  throw new BpfError("bad-object", `CO-RE access "${access}": ${why}`);
}

/**
 * localAccess reads a relocation's access path in the object's own BTF, from which the compiler wrote it.
 * Throws BpfError `bad-object` when it does not fit.
 */
export function localAccess(btf: Btf, root: number, access: string, kind: CoreKindId): Access {
  const base = { btf, root, bitOffset: 0, bitSize: 0, type: root, value: undefined };
  if (isTypeKind(kind)) return { ...base, steps: [] };
  if (!/^\d+(:\d+)*$/.test(access)) refuse(access, "it is not a path of numbers");
  const indices = access.split(":").map(Number);
  if (indices.length > MAX_STEPS) refuse(access.slice(0, 80), `it has more than ${MAX_STEPS} steps`);
  const first = indices[0] ?? 0;
  let type = btf.resolve(root);

  if (type === 0) return refuse(access, "its root is void");
  if (isEnumKind(kind)) {
    const declared = btf.type(type);
    const enumerator = "values" in declared ? declared.values[first] : undefined;
    if (enumerator === undefined) return refuse(access, "the root has no such enumerator");
    return { ...base, steps: [{ member: enumerator.name }], value: BigInt(enumerator.value) };
  }

  const steps: Step[] = [{ index: first }];
  let bitOffset = first * (first === 0 ? 0 : btf.sizeOf(type) * 8);
  let bitSize = 0;
  for (const index of indices.slice(1)) {
    if (type === 0) return refuse(access, "void has no parts");
    const declared = btf.type(type);
    if (declared.kind === "struct" || declared.kind === "union") {
      const member = declared.members[index];
      if (member === undefined) return refuse(access, `"${declared.name}" has no member ${index}`);
      if (member.name !== "") steps.push({ member: member.name });
      bitOffset += member.bitOffset;
      bitSize = member.bitSize ?? 0;
      type = btf.resolve(member.type);
    } else if (declared.kind === "array") {
      steps.push({ index });
      type = btf.resolve(declared.type);
      bitOffset += index * btf.sizeOf(type) * 8;
      bitSize = 0;
    } else {
      return refuse(access, `a ${declared.kind} has no parts`);
    }
  }
  return { ...base, steps, bitOffset, bitSize, type };
}
