import type {
  AgentReport,
  BudgetLimits,
  DeclaredReport,
  FunctionOptions,
  LogOptions,
  SamplingOptions,
  Selection,
} from "@go3s/agent";
import type { MissingRights } from "./rights.js";

/** AgentWanted is what the agent of `go3s up` is asked to tell beside requests, and how much it may take. */
export interface AgentWanted {
  /** functions are observed in every process that has them. */
  readonly functions?: FunctionOptions;
  /** logs: what processes write to their logs is told, too. */
  readonly logs?: LogOptions;
  /** goroutines: spans say what their goroutines waited for. */
  readonly goroutines?: boolean;
  /** allocations: profiles say which places of Go services allocate. */
  readonly allocations?: boolean;
  /** apiSpans: Go services without an SDK make the spans that they ask OpenTelemetry's API for. */
  readonly apiSpans?: boolean;
  /** propagate: services' outgoing requests get a traceparent. */
  readonly propagate?: boolean;
  /** sampling says which requests are told; all when it is absent. */
  readonly sampling?: SamplingOptions;
  /** not says which processes are left alone. */
  readonly not?: Selection["not"];
  /** kubeconfig leads to Kubernetes' API; what the environment says when absent. */
  readonly kubeconfig?: string;
  /** budget is what the agent may take. */
  readonly budget?: BudgetLimits;
}

/** AgentStart is what `go3s up` tells its agent process first. */
export interface AgentStart extends AgentWanted {
  readonly type: "start";
  readonly otlpUrl: string;
  /** exclude lists processes that are never watched, with their children: Go3s itself. */
  readonly exclude: readonly number[];
  /** probes are compiled programs that are run beside the built-in ones, their objects in base64. */
  readonly probes: readonly { readonly name: string; readonly object: string }[];
}

/** AgentSampleOrder changes live which requests are told. */
export interface AgentSampleOrder {
  readonly type: "sample";
  readonly sampling: SamplingOptions;
}

/** AgentStop asks the agent process to send what it has and end; a parent that is gone without it was killed. */
export interface AgentStop {
  readonly type: "stop";
}

/** AgentTold is what the agent process says: its report once a second, or why it cannot work. */
export type AgentTold =
  | { readonly type: "report"; readonly report: AgentReport; readonly probes: readonly DeclaredReport[] }
  | {
      readonly type: "failed";
      readonly message: string;
      readonly hint: string;
      readonly missing: readonly MissingRights[];
    };

/** isAgentTold checks a message of the other process by its shape's name. */
export function isAgentTold(value: unknown): value is AgentTold {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    (value.type === "report" || value.type === "failed")
  );
}

/** isAgentOrder checks the same on the other side. */
export function isAgentOrder(value: unknown): value is AgentStart | AgentStop | AgentSampleOrder {
  return (
    typeof value === "object" &&
    value !== null &&
    "type" in value &&
    (value.type === "start" || value.type === "stop" || value.type === "sample")
  );
}
