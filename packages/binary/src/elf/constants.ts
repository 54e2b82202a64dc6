// Values of the ELF format; names and numbers of the System V ABI (gabi 4.1, "Object Files") and /usr/include/elf.h.

/** elfType is e_type. */
export const elfType = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;

/** elfMachine is e_machine, of the machines this project meets. */
export const elfMachine = { X86_64: 62, AARCH64: 183, BPF: 247 } as const;

/** sectionType is sh_type. */
export const sectionType = {
  NULL: 0,
  PROGBITS: 1,
  SYMTAB: 2,
  STRTAB: 3,
  RELA: 4,
  NOTE: 7,
  NOBITS: 8,
  REL: 9,
  DYNSYM: 11,
} as const;

/** sectionFlag is sh_flags, to be or-ed. */
export const sectionFlag = {
  WRITE: 1,
  ALLOC: 2,
  EXECINSTR: 4,
  MERGE: 0x10,
  STRINGS: 0x20,
  INFO_LINK: 0x40,
  COMPRESSED: 0x800,
} as const;

/** segmentType is p_type. */
export const segmentType = { LOAD: 1, DYNAMIC: 2, INTERP: 3, NOTE: 4 } as const;

/** segmentFlag is p_flags, to be or-ed. */
export const segmentFlag = { EXEC: 1, WRITE: 2, READ: 4 } as const;

/** symbolBinding is the high half of st_info. */
export const symbolBinding = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const;

/** symbolType is the low half of st_info. */
export const symbolType = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4, TLS: 6 } as const;

/** symbolVisibility is st_other. */
export const symbolVisibility = { DEFAULT: 0, INTERNAL: 1, HIDDEN: 2, PROTECTED: 3 } as const;

/** sectionIndex names the section numbers that are no sections. */
export const sectionIndex = {
  UNDEF: 0,
  LORESERVE: 0xff00,
  ABS: 0xfff1,
  COMMON: 0xfff2,
  XINDEX: 0xffff,
} as const;

/** bpfRelocation is r_info's type for machine BPF (LLVM, llvm/include/llvm/BinaryFormat/ELFRelocs/BPF.def). */
export const bpfRelocation = {
  NONE: 0,
  R64_64: 1,
  R64_ABS64: 2,
  R64_ABS32: 3,
  R64_NODYLD32: 4,
  R64_32: 10,
} as const;

/** entrySize gives the sizes in bytes of the fixed structures of a 64-bit file. */
export const entrySize = {
  HEADER: 64,
  SECTION: 64,
  SEGMENT: 56,
  SYMBOL: 24,
  REL: 16,
  RELA: 24,
  COMPRESSION: 24,
} as const;
