export { type ByteSource, fileSource, memorySource } from "./bytes/source.js";
export type { ProbeCost } from "./code/cost.js";
export { dataReferences } from "./code/data-references.js";
export { decodeInstruction, type Instruction, returnOffsets } from "./code/instruction.js";
export { type CallAbi, type ProbeSite, probeSite } from "./code/probe-site.js";
export { type ResultSite, resultSite } from "./code/result-site.js";
export {
  type DebugInfo,
  type LineAddress,
  openDebugInfo,
  type SourceFrame,
  type SourcePosition,
} from "./dwarf/debug-info.js";
export type { FrameRule } from "./dwarf/frames.js";
export {
  type Location,
  type LocationPiece,
  locationText,
  registerName,
  type Term,
  type TermBase,
} from "./dwarf/location.js";
export { readStructs, type StructField, type StructLayout } from "./dwarf/structs.js";
export type { Enumerator, TypeDescription, TypeKind, TypeMember } from "./dwarf/types.js";
export type { Variable } from "./dwarf/variables.js";
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
export { type GoBinary, type GoProbeSite, openGoBinary, readGoBinary } from "./go/binary.js";
export { type GoBuildInfo, type GoModule, readGoBuildInfo } from "./go/build-info.js";
export { type GoFunction, type GoFunctions, type GoPosition, readGoFunctions } from "./go/functions.js";
export { type GoStructFields, goStructFields } from "./go/offset-fields.js";
export { type GoOffsets, goOffsets } from "./go/offsets.js";
export { type GoVersion, isSince, parseGoVersion } from "./go/version.js";
export { inRoot, openMapped } from "./process/mapped-file.js";
export { type MemoryMapping, mappingAt, parseMaps, readMaps } from "./process/maps.js";
export type { ModuleFrame } from "./process/module.js";
export { type ModuleCache, type ModuleCacheOptions, openModuleCache } from "./process/module-cache.js";
export { openProcessSymbolizer, type ProcessFrame, type ProcessSymbolizer } from "./process/symbolizer.js";
export { type DebugFileOptions, type DebugLink, debugLink, openDebugFile } from "./symbols/debug-link.js";
export { displayName, goName } from "./symbols/display-name.js";
export { type ElfSymbolOptions, elfSymbols } from "./symbols/elf-symbols.js";
export { type KernelSymbols, parseKernelSymbols, readKernelSymbols } from "./symbols/kernel-symbols.js";
export type { SymbolAt, SymbolMap } from "./symbols/symbol-map.js";
export { parseUsdtArguments, type UsdtArgument, type UsdtPlace } from "./usdt/arguments.js";
export { type UsdtFilter, type UsdtNote, usdtNotes } from "./usdt/notes.js";
