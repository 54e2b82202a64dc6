// Numbers of the DWARF 5 standard, section 7.5 "Format of Debugging Information"; those below 0x20 are DWARF 4's too.

/** tag is DW_TAG_*. */
export const tag = { STRUCTURE: 0x13, POINTER: 0x0f, MEMBER: 0x0d } as const;

/** aliasTags are types that only rename or qualify another: typedef, const, volatile, restrict, atomic. */
export const aliasTags: ReadonlySet<number> = new Set([0x16, 0x26, 0x35, 0x37, 0x47]);

/** attribute is DW_AT_*. */
export const attribute = {
  NAME: 0x03,
  BYTE_SIZE: 0x0b,
  MEMBER_LOCATION: 0x38,
  DECLARATION: 0x3c,
  TYPE: 0x49,
  STR_OFFSETS_BASE: 0x72,
} as const;

/** form is DW_FORM_*: how an attribute's value is written. */
export const form = {
  ADDR: 0x01,
  BLOCK2: 0x03,
  BLOCK4: 0x04,
  DATA2: 0x05,
  DATA4: 0x06,
  DATA8: 0x07,
  STRING: 0x08,
  BLOCK: 0x09,
  BLOCK1: 0x0a,
  DATA1: 0x0b,
  FLAG: 0x0c,
  SDATA: 0x0d,
  STRP: 0x0e,
  UDATA: 0x0f,
  REF_ADDR: 0x10,
  REF1: 0x11,
  REF2: 0x12,
  REF4: 0x13,
  REF8: 0x14,
  REF_UDATA: 0x15,
  INDIRECT: 0x16,
  SEC_OFFSET: 0x17,
  EXPRLOC: 0x18,
  FLAG_PRESENT: 0x19,
  STRX: 0x1a,
  ADDRX: 0x1b,
  REF_SUP4: 0x1c,
  STRP_SUP: 0x1d,
  DATA16: 0x1e,
  LINE_STRP: 0x1f,
  REF_SIG8: 0x20,
  IMPLICIT_CONST: 0x21,
  LOCLISTX: 0x22,
  RNGLISTX: 0x23,
  REF_SUP8: 0x24,
  STRX1: 0x25,
  STRX2: 0x26,
  STRX3: 0x27,
  STRX4: 0x28,
  ADDRX1: 0x29,
  ADDRX2: 0x2a,
  ADDRX3: 0x2b,
  ADDRX4: 0x2c,
  GNU_ADDR_INDEX: 0x1f01,
  GNU_STR_INDEX: 0x1f02,
  GNU_REF_ALT: 0x1f20,
  GNU_STRP_ALT: 0x1f21,
} as const;

/** fixedSizes gives the bytes of forms that always have the same; the others depend on the unit or the value. */
export const fixedSizes: ReadonlyMap<number, number> = new Map<number, number>([
  [form.DATA1, 1],
  [form.DATA2, 2],
  [form.DATA4, 4],
  [form.DATA8, 8],
  [form.DATA16, 16],
  [form.FLAG, 1],
  [form.FLAG_PRESENT, 0],
  [form.IMPLICIT_CONST, 0],
  [form.REF1, 1],
  [form.REF2, 2],
  [form.REF4, 4],
  [form.REF8, 8],
  [form.REF_SUP4, 4],
  [form.REF_SUP8, 8],
  [form.REF_SIG8, 8],
  [form.STRX1, 1],
  [form.STRX2, 2],
  [form.STRX3, 3],
  [form.STRX4, 4],
  [form.ADDRX1, 1],
  [form.ADDRX2, 2],
  [form.ADDRX3, 3],
  [form.ADDRX4, 4],
]);

/** numberForms hold a LEB128 number. */
export const numberForms: ReadonlySet<number> = new Set<number>([
  form.SDATA,
  form.UDATA,
  form.REF_UDATA,
  form.STRX,
  form.ADDRX,
  form.LOCLISTX,
  form.RNGLISTX,
  form.GNU_ADDR_INDEX,
  form.GNU_STR_INDEX,
]);

/** offsetForms hold an offset into a section: 4 bytes, or 8 in 64-bit DWARF. */
export const offsetForms: ReadonlySet<number> = new Set<number>([
  form.STRP,
  form.LINE_STRP,
  form.STRP_SUP,
  form.SEC_OFFSET,
  form.REF_ADDR,
  form.GNU_REF_ALT,
  form.GNU_STRP_ALT,
]);
