export { compileScript, type ScriptOptions, type ScriptResult } from "./bpftrace/compile-script.js";
export {
  configure,
  defaultConfig,
  fromEnvironment,
  type ScriptConfig,
  type StackMode,
} from "./bpftrace/config.js";
export type {
  Comparison,
  PredicateProvider,
  ProbeExpansion,
  ProbeProvider,
  ScriptExtension,
} from "./bpftrace/extension.js";
export type { ScriptFacts, UserSymbol } from "./bpftrace/facts.js";
export type { ImportedFile, ReadImport } from "./bpftrace/imports.js";
export type { LateKind, LateShape } from "./bpftrace/late.js";
export { pointPlaces, scriptPlaces } from "./bpftrace/list-places.js";
export { renderScriptMessages, scriptContext, scriptPlace } from "./bpftrace/messages.js";
export { fits as fitsOption } from "./bpftrace/option-calls.js";
export { glob, isGlob } from "./bpftrace/pattern.js";
export { placeName } from "./bpftrace/place-name.js";
export { probeKindOf, probeKinds } from "./bpftrace/probes.js";
export {
  type Aggregation,
  type Clock,
  type FormatPiece,
  type LinearBuckets,
  type ProbePlace,
  type Script,
  type ScriptEvent,
  type ScriptMap,
  type ScriptOption,
  type ScriptProbe,
  type Series,
  type Shape,
  shapeBytes,
} from "./bpftrace/script.js";
export type {
  FoundAddress,
  FoundFile,
  FoundFunction,
  FunctionArgument,
  ScriptMachine,
  UsdtSite,
} from "./bpftrace/script-machine.js";
export { hardwareEvents, softwareEvents } from "./bpftrace/timed-places.js";
export {
  type CompileOptions,
  type CompileResult,
  compile,
  type ProgramInfo,
  type RingEvents,
  renderDiagnostics,
} from "./compile.js";
export type { InstructionSet } from "./emit/selection.js";
export { type Formatted, formatSource } from "./format/format.js";
export type { ImportedPackage, ReadPackage, SourceText } from "./packages.js";
export { type Analysis, analyse, type FileRange, fileRange, type Spot } from "./service/analysis.js";
export {
  type Completion,
  type CompletionKind,
  completionsAt,
  type MachineNames,
} from "./service/complete.js";
export { definitionAt } from "./service/definition.js";
export { type Hover, hoverAt } from "./service/hover.js";
export { type CodeHelp, codeHelp } from "./source/code-help.js";
export { type DiagnosticId, diagnosticCodes } from "./source/codes.js";
export type { Diagnostic, Note } from "./source/diagnostics.js";
export type { KernelBtf } from "./types/kernel.js";
export type { Architecture } from "./types/registers.js";
export {
  type LogDeclaration,
  type MetricDeclaration,
  type TelemetryDeclaration,
  type TelemetryField,
  type TraceDeclaration,
  telemetryTag,
} from "./types/telemetry.js";
export type { FindUserType } from "./types/user-types.js";
