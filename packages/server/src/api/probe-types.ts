// What GET and POST probes… answer: the rules of types.ts hold here too.

/** ProbeLanguage: `script` is bpftrace's language, `go3s` our own. */
export type ProbeLanguage = "script" | "go3s";

/** ProbeText is a program. */
export interface ProbeText {
  readonly language: ProbeLanguage;
  readonly text: string;
}

/** ProbeExample is a program of the gallery. */
export interface ProbeExample extends ProbeText {
  readonly id: string;
  /** `one-liner` and `cookbook` are run as they are; `agent` is part of what the agent runs already, to be read. */
  readonly group: "one-liner" | "cookbook" | "agent";
  readonly title: string;
  readonly about: string;
}

/** ProbeMistake is what the compiler or the verifier says about a place; UTF-16 units from 0, line and column from 1. */
export interface ProbeMistake {
  readonly severity: "error" | "warning";
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly column: number;
  /** More of it, oldest first: what led there. */
  readonly story: readonly string[];
}

/** CompiledProgram is one program of a compiled probe. */
export interface CompiledProgram {
  readonly name: string;
  /** What it is attached to. */
  readonly places: readonly string[];
  readonly instructions: number;
  readonly stack_bytes: number;
  /** What one event costs about: the hook's own cost, and every instruction and call once. Measured while it runs. */
  readonly estimate_ns: number;
}

/** ProbeCheck is POST probes/check: the program compiled for this machine and not loaded. */
export interface ProbeCheck {
  readonly ok: boolean;
  readonly mistakes: readonly ProbeMistake[];
  readonly programs: readonly CompiledProgram[];
  readonly took_ms: number;
}

/** ProbeOrder is POST probes/runs. */
export interface ProbeOrder extends ProbeText {
  /** What to call it. */
  readonly title: string;
  /** The process to look at; left out: every process. */
  readonly pid?: number;
  readonly duration_ms: number;
}

/** ProbeFailure is why a run could not begin, or broke off. */
export interface ProbeFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The verifier's or the compiler's words at their places. */
  readonly mistakes: readonly ProbeMistake[];
}

/** ProbeCost is what the kernel counted for one program of a run. */
export interface ProbeCost {
  readonly name: string;
  readonly runs: number;
  readonly ns: number;
}

/** ProbeRun is a probe that runs or ran. */
export interface ProbeRun {
  readonly id: string;
  readonly title: string;
  readonly language: ProbeLanguage;
  readonly text: string;
  readonly pid: number | null;
  readonly state: "starting" | "running" | "ended" | "failed";
  readonly started_ms: number;
  readonly ends_ms: number;
  readonly ended_ms: number | null;
  /** How it ended: "time", "stopped", "page" (nobody looked any more), "itself". */
  readonly ended_by: string;
  readonly attached: number;
  readonly costs: readonly ProbeCost[];
  /** Of one CPU over the last second; null before it is known. */
  readonly cpu_share: number | null;
  /** Lines that were told, and those left out because there were too many. */
  readonly told: number;
  readonly left_out: number;
  readonly failure: ProbeFailure | null;
}

/** ProbeBucket is a row of a histogram: from `min` to below `max`; null for what is below or above all. */
export interface ProbeBucket {
  readonly min: number | null;
  readonly max: number | null;
  readonly count: number;
}

/** ProbeRow is an entry of a map: numbers and texts, or a histogram. */
export interface ProbeRow {
  readonly key: string;
  readonly value: string | number;
  readonly buckets?: readonly ProbeBucket[];
}

/** ProbeOutput is one thing a run tells. A map takes the place of what it told before under the same name. */
export type ProbeOutput =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "event";
      readonly type: string;
      readonly fields: Readonly<Record<string, string | number | boolean | null>>;
    }
  | {
      readonly kind: "map";
      readonly name: string;
      readonly shape: "values" | "histogram";
      readonly rows: readonly ProbeRow[];
      /** Entries that are not among the rows. */
      readonly more: number;
    };

/** ProbesAnswer is GET probes. */
export interface ProbesAnswer {
  /** Why none may be run by who asks; "" when it may. */
  readonly refused: string;
  readonly examples: readonly ProbeExample[];
  readonly runs: readonly ProbeRun[];
}
