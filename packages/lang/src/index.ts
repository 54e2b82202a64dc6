export {
  type CompileOptions,
  type CompileResult,
  compile,
  type ProgramInfo,
  type RingEvents,
  renderDiagnostics,
  type SourceText,
} from "./compile.js";
export type { InstructionSet } from "./emit/select.js";
export { type DiagnosticId, diagnosticCodes } from "./source/codes.js";
export type { Diagnostic, Note } from "./source/diagnostics.js";
export type { KernelBtf } from "./types/kernel.js";
export type { Architecture } from "./types/registers.js";
