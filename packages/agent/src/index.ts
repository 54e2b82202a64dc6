export { startAgent } from "./agent.js";
export type {
  Agent,
  AgentOptions,
  AgentReport,
  AttachedProcess,
  ReportedProcess,
} from "./agent-types.js";
export type { BudgetLimits } from "./budget/budget.js";
export {
  type DeclaredExport,
  type DeclaredOptions,
  type DeclaredReport,
  exportDeclared,
} from "./declared/export-declared.js";
export { partMarker } from "./discovery/registry.js";
export type { Selection } from "./discovery/selection.js";
export { AGENT_ERROR_CODES } from "./errors.js";
export { type Exporter, type ExporterOptions, type ExporterStats, openExporter } from "./export/exporter.js";
export { fuseRequests } from "./export/fused-exporter.js";
export type { FunctionOptions } from "./functions/observe-functions.js";
export type { LogOptions } from "./logs/process-logs.js";
export type { SamplingOptions, SamplingReport } from "./sampling/sampler.js";
