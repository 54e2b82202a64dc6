export { type ByteSource, fileSource, memorySource } from "./bytes/source.js";
export {
  bpfRelocation,
  elfMachine,
  elfType,
  sectionFlag,
  sectionIndex,
  sectionType,
  segmentFlag,
  segmentType,
  symbolBinding,
  symbolType,
  symbolVisibility,
} from "./elf/constants.js";
export type { ElfNote } from "./elf/notes.js";
export {
  type ElfFile,
  type ElfSection,
  type ElfSegment,
  openElf,
  type Relocation,
  readElf,
} from "./elf/read.js";
export type { ElfSymbol, SymbolTable } from "./elf/symbols.js";
export {
  type ElfSpec,
  type RelocationSpec,
  type SectionSpec,
  type SymbolSpec,
  writeElf,
} from "./elf/write.js";
export { BinaryError, type BinaryErrorCode, type BinaryErrorDetails, binaryErrorCodes } from "./errors.js";
