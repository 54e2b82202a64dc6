/** BtfKind is the kind field of a BTF type. Source: include/uapi/linux/btf.h, BTF_KIND_*. */
export const BtfKind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** BTF_MAGIC starts a .BTF and a .BTF.ext section. */
export const BTF_MAGIC = 0xeb9f;

/** BTF_HEADER_BYTES is the size of struct btf_header. */
export const BTF_HEADER_BYTES = 24;

/** BTF_TYPE_BYTES is the size of struct btf_type, which every type starts with. */
export const BTF_TYPE_BYTES = 12;

/** BtfLinkage is the linkage of functions and variables (BTF_FUNC_*, BTF_VAR_*). */
export const BtfLinkage = { STATIC: 0, GLOBAL: 1, EXTERN: 2 } as const;

/** BtfIntEncoding holds the encoding bits of an int (BTF_INT_*). */
export const BtfIntEncoding = { NONE: 0, SIGNED: 1, CHAR: 2, BOOL: 4 } as const;

/** CoreKind is what a CO-RE relocation asks for. Source: enum bpf_core_relo_kind, include/uapi/linux/bpf.h. */
export const CoreKind = {
  FIELD_BYTE_OFFSET: 0,
  FIELD_BYTE_SIZE: 1,
  FIELD_EXISTS: 2,
  FIELD_SIGNED: 3,
  FIELD_LSHIFT_U64: 4,
  FIELD_RSHIFT_U64: 5,
  TYPE_ID_LOCAL: 6,
  TYPE_ID_TARGET: 7,
  TYPE_EXISTS: 8,
  TYPE_SIZE: 9,
  ENUMVAL_EXISTS: 10,
  ENUMVAL_VALUE: 11,
  TYPE_MATCHES: 12,
} as const;

/** CoreKindId is one of the numbers of CoreKind. */
export type CoreKindId = (typeof CoreKind)[keyof typeof CoreKind];
