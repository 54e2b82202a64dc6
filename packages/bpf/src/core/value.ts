import { CoreKind, type CoreKindId } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { type Access, isTypeKind } from "./access.js";
import { typesMatch } from "./match-types.js";

function isSigned(btf: Btf, id: number): boolean {
  const type = btf.type(btf.resolve(id));
  if (type.kind === "int") return type.encoding === "signed";
  return "values" in type && (type.signed ?? false);
}

interface Load {
  readonly byteOffset: number;
  readonly byteSize: number;
}

// A bit field is read by a load of its type's size, widened until the field lies within.
function bitFieldLoad(access: Access): Load {
  let byteSize = access.btf.sizeOf(access.type);
  if (byteSize === 0) throw new BpfError("relocation-failed", "a bit field of a type without a size");
  let byteOffset = Math.floor(access.bitOffset / 8 / byteSize) * byteSize;
  while (access.bitOffset + access.bitSize - byteOffset * 8 > byteSize * 8) {
    if (byteSize >= 8) throw new BpfError("relocation-failed", "a bit field spans more than eight bytes");
    byteSize *= 2;
    byteOffset = Math.floor(access.bitOffset / 8 / byteSize) * byteSize;
  }
  return { byteOffset, byteSize };
}

function loadOf(access: Access): Load {
  if (access.bitSize > 0) return bitFieldLoad(access);
  if (access.bitOffset % 8 !== 0) {
    throw new BpfError("relocation-failed", `a field begins at bit ${access.bitOffset}, between bytes`);
  }
  return { byteOffset: access.bitOffset / 8, byteSize: access.btf.sizeOf(access.type) };
}

/** fieldBits gives the width of a field in bits. */
function fieldBits(access: Access): number {
  return access.bitSize > 0 ? access.bitSize : access.btf.sizeOf(access.type) * 8;
}

/**
 * relocationValue computes what a relocation asks for in the target it was matched with; `local` and
 * `target` are the same for facts about the object itself. Throws BpfError `relocation-failed`.
 */
export function relocationValue(kind: CoreKindId, local: Access, target: Access): bigint {
  switch (kind) {
    case CoreKind.FIELD_BYTE_OFFSET:
      return BigInt(loadOf(target).byteOffset);
    case CoreKind.FIELD_BYTE_SIZE:
      return BigInt(loadOf(target).byteSize);
    case CoreKind.FIELD_SIGNED:
      return isSigned(target.btf, target.type) ? 1n : 0n;
    case CoreKind.FIELD_LSHIFT_U64:
      return BigInt(64 - (target.bitOffset + fieldBits(target) - loadOf(target).byteOffset * 8));
    case CoreKind.FIELD_RSHIFT_U64:
      return BigInt(64 - fieldBits(target));
    case CoreKind.FIELD_EXISTS:
    case CoreKind.TYPE_EXISTS:
    case CoreKind.ENUMVAL_EXISTS:
      return 1n;
    case CoreKind.TYPE_ID_LOCAL:
      return BigInt(local.root);
    case CoreKind.TYPE_ID_TARGET:
      return BigInt(target.root);
    case CoreKind.TYPE_SIZE:
      return BigInt(target.btf.sizeOf(target.root));
    case CoreKind.TYPE_MATCHES:
      return typesMatch(local.btf, local.root, target.btf, target.root) ? 1n : 0n;
    case CoreKind.ENUMVAL_VALUE:
      return target.value ?? 0n;
  }
}

/** answersAbsence tells whether a relocation has an answer when the target lacks what it is about: 0. */
export function answersAbsence(kind: CoreKindId): boolean {
  return (
    kind === CoreKind.FIELD_EXISTS ||
    kind === CoreKind.TYPE_EXISTS ||
    kind === CoreKind.TYPE_MATCHES ||
    kind === CoreKind.ENUMVAL_EXISTS ||
    (isTypeKind(kind) && kind !== CoreKind.TYPE_ID_LOCAL)
  );
}
