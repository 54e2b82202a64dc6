import type { ProgramCost } from "./attach/observer-types.js";
import type { BudgetLimits } from "./budget/budget.js";
import type { Selection } from "./discovery/selection.js";
import type { Exporter } from "./export/exporter.js";
import type { FunctionOptions } from "./functions/observe-functions.js";
import type { LogOptions } from "./logs/process-logs.js";
import type { SamplingOptions, SamplingReport } from "./sampling/sampler.js";

/** AttachedProcess is told when an observed process's probes are in place. */
export interface AttachedProcess {
  readonly pid: number;
  /** runtime as "go1.26.8", "nodejs", or "" when it is unknown. */
  readonly runtime: string;
  /** probes counts what is attached for this process alone. */
  readonly probes: number;
  /** lost names the fields that this program's version or file costs. */
  readonly lost: readonly string[];
}

/** AgentOptions are what an agent is started with. */
export interface AgentOptions {
  readonly selection: Selection;
  /** exclude lists processes that are never watched, besides those that carry partMarker in their environment. */
  readonly exclude: readonly number[];
  readonly exporter: Exporter;
  /**
   * kubeconfig leads to the Kubernetes API, which knows pods' labels and what they belong to. When absent: the service account of the
   * pod that this runs in; and where labels are asked for $KUBECONFIG, ~/.kube/config.
   */
  readonly kubeconfig?: string;
  /** onMissing hears what turns out to be missing after the start, or what is missing for another reason (Kubernetes' API). */
  readonly onMissing?: (part: AgentReport["missing"][number]) => void;
  /** fused sends spans in the shorter form of docs/fused-otlp.md; only to a receiver that is known to take it. */
  readonly fused?: boolean;
  /** sampling says which requests are told; all are when it is absent. Agent.setSampling changes it. */
  readonly sampling?: SamplingOptions;
  /** budget is what the agent may take: it does without its dearest parts first (budget/budget.ts), and says so in `missing`. */
  readonly budget?: BudgetLimits;
  /** onShed hears what is done without for the budget's sake, whenever that changes. */
  readonly onShed?: (shed: AgentReport["missing"]) => void;
  /** measured asks the kernel to count what each program costs, which itself costs 30-80 ns a run. */
  readonly measured?: boolean;
  readonly onAttached?: (process: AttachedProcess) => void;
  /** functions are observed in the selected processes beside everything else. */
  readonly functions?: FunctionOptions;
  /** logs tells what the selected processes write to their logs; nothing of it is read when absent. */
  readonly logs?: LogOptions;
  /** metrics sends the processes' metrics (runtime/metric-rows.ts) every second; they are sent when absent. */
  readonly metrics?: boolean;
  /**
   * goroutines tells on server spans of Go services what their goroutines did and waited for: several probe hits a request,
   * within a budget (runtime/waits). Not told when absent.
   */
  readonly goroutines?: boolean;
  /**
   * propagate puts a traceparent into requests without TLS that selected processes send without one (docs/propagation.md): it
   * changes what goes over the wire. Off when absent.
   */
  readonly propagate?: boolean;
  /**
   * apiSpans has Go programs without an SDK make the spans that their code asks OpenTelemetry's API for: it writes one byte, the API's
   * switch for agents, into their memory (made/). Programs that hand them to go.opentelemetry.io/auto/sdk themselves need no switch.
   */
  readonly apiSpans?: boolean;
  /** allocations tells which places of Go services allocate, as profiles (allocations/). Not told when absent. */
  readonly allocations?: boolean;
  /** signal gives up the start while the probes are compiled, which takes seconds on a kernel that they were never loaded on. */
  readonly signal?: AbortSignal;
  /** onLost hears, once for a process, which of its metrics its program does not give, and why. */
  readonly onLost?: (pid: number, lost: readonly string[]) => void;
}

/** AgentReport is what the agent tells about itself. */
export interface AgentReport {
  readonly probes: number;
  readonly spans: number;
  /** cpuShare is the share of one CPU over the last second or so. */
  readonly cpuShare: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly maxRssBytes: number;
  readonly processes: readonly ReportedProcess[];
  /** dropped counts what was lost, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** programs tells each program in the kernel; its runs are 0 unless kernel.bpf_stats_enabled is set, or somebody measures. */
  readonly programs: readonly ProgramCost[];
  readonly sampling: SamplingReport;
  /** inserted counts outgoing requests by what became of their traceparent (propagate/reasons.ts); absent unless asked to propagate. */
  readonly inserted?: Readonly<Record<string, number>>;
  /** missing names the parts that the kernel or our rights do not allow. */
  readonly missing: readonly { readonly what: string; readonly why: string; readonly hint: string }[];
}

/** ReportedProcess is one process in a report. */
export interface ReportedProcess {
  readonly pid: number;
  readonly serviceName: string;
  readonly executable: string;
  readonly runtime: string;
  readonly watched: boolean;
  readonly reason: string;
  readonly probes: number;
  readonly spans: number;
}

/** Agent owns the probes: close() detaches everything and sends what is left. */
export interface Agent {
  report(): AgentReport;
  /** setSampling changes live which requests are told. Throws AgentError "bad-sampling". */
  setSampling(options: SamplingOptions): void;
  close(): Promise<void>;
}
