import type { Buckets, Range, SpanKind } from "../api/types.js";
import type { BucketFigures } from "./window.js";

/** Question is what is asked: a service, perhaps one operation of it, in a range; `since` when the change is known already. */
export interface Question {
  readonly service: string;
  readonly operation: string;
  readonly range: Range;
  readonly since_ms: number | undefined;
  readonly figure: "latency" | "errors" | "traffic" | undefined;
}

/** Windows are the two times that are held against each other. */
export interface Windows {
  readonly affected: Range;
  readonly baseline: Range;
}

/** RequestRow is one request of the service; times are milliseconds. */
export interface RequestRow {
  readonly trace: string;
  readonly span: string;
  readonly operation: string;
  readonly failed: boolean;
  readonly atMs: number;
  readonly ns: number;
  readonly startNs: string;
}

/** Requests are a sample of each window and how many there were. */
export interface Requests {
  readonly affected: readonly RequestRow[];
  readonly baseline: readonly RequestRow[];
}

/** SpanRow is one span of a sampled trace; startNs counts from the time that is looked at, so that it fits a number. */
export interface SpanRow {
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly service: string;
  readonly operation: string;
  readonly kind: SpanKind;
  readonly failed: boolean;
  /** message is the status' text, else the error's type. */
  readonly message: string;
  readonly startNs: number;
  readonly ns: number;
  /** peer is what a client span calls by its attributes: `postgresql db:5432`. */
  readonly peer: string;
  /** waits are nanoseconds by the goroutine's state, in the order of waitClasses; empty when not known. */
  readonly waits: readonly number[];
}

/** waitClasses are the states the agent tells of a request's goroutine, as attributes go3s.goroutine.CLASS_ns. */
export const waitClasses = [
  "running",
  "runnable",
  "syscall",
  "lock",
  "channel",
  "network",
  "gc",
  "sleep",
] as const;

/** ValueRow counts traces in which some span of a service has an attribute's value, by the group the trace is in. */
export interface ValueRow {
  readonly service: string;
  readonly key: string;
  readonly value: string;
  readonly bad: number;
  readonly rest: number;
  readonly baseline: number;
}

/** TemplateRow counts log records of one form, numbers and ids taken out, in each window. */
export interface TemplateRow {
  readonly service: string;
  readonly level: string;
  readonly template: string;
  readonly example: string;
  readonly affected: number;
  readonly baseline: number;
  readonly firstMs: number;
}

/** MetricRow is one metric of one service as values per bucket; null where none came. */
export interface MetricRow {
  readonly service: string;
  readonly name: string;
  /** labels tells series of one name apart, "" for none. */
  readonly labels: string;
  readonly unit: string;
  readonly isCounter: boolean;
  readonly values: readonly (number | null)[];
}

/** VersionRow is when a version of a service was seen first and last. */
export interface VersionRow {
  readonly service: string;
  readonly key: string;
  readonly value: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** TrafficRow counts requests of the windows by one value of what they are told apart by. */
export interface TrafficRow {
  readonly key: "operation" | "caller";
  readonly value: string;
  readonly affected: number;
  readonly baseline: number;
}

/** Chosen are the traces that are looked into, by group. */
export interface Chosen {
  readonly bad: readonly RequestRow[];
  readonly rest: readonly RequestRow[];
  readonly baseline: readonly RequestRow[];
}

/** Source answers what a diagnosis asks: the store by SQL, or made data in tests. Times of `within` are those of the requests asked for. */
export interface Source {
  series(range: Range, buckets: Buckets): Promise<readonly BucketFigures[]>;
  requests(windows: Windows): Promise<Requests>;
  spans(chosen: Chosen, within: Range): Promise<readonly SpanRow[]>;
  values(chosen: Chosen, within: Range): Promise<readonly ValueRow[]>;
  logs(services: readonly string[], windows: Windows): Promise<readonly TemplateRow[]>;
  metrics(services: readonly string[], range: Range, buckets: Buckets): Promise<readonly MetricRow[]>;
  versions(services: readonly string[], range: Range): Promise<readonly VersionRow[]>;
  traffic(windows: Windows): Promise<readonly TrafficRow[]>;
}
