// The answer of GET diagnosis as the page and the command read it: types only, as api/types.ts.
import type { NanoText, Range } from "../api/types.js";

/** DiagnosisConfidence says in words how sure a cause is: by how much of the change it explains and on how many requests that rests. */
export type DiagnosisConfidence = "very likely" | "likely" | "possible";

/** DiagnosisFigure is what got worse: durations, the share that fails, or how many requests come. */
export type DiagnosisFigure = "latency" | "errors" | "traffic";

/**
 * DiagnosisKind is what a cause is: time in a service's own code ("self"), on the way between two ("network"), in a call to something
 * that is not watched ("dependency"), before a call ("waiting"), in more calls than before ("calls"), in attempts that failed
 * ("retries"), where failures begin ("failure"), what the slow or failing requests share ("attribute"), other requests than before
 * ("mix"), more or fewer of them ("traffic").
 */
export type DiagnosisKind =
  | "self"
  | "network"
  | "dependency"
  | "waiting"
  | "calls"
  | "retries"
  | "failure"
  | "attribute"
  | "mix"
  | "traffic";

/** DiagnosisEvidence is a statement whose result shows a claim; a time and figures, so that the page draws it. */
export interface DiagnosisEvidence {
  readonly title: string;
  readonly sql: string;
  /** What the figures are: nanoseconds, a share of 1, or plain numbers. */
  readonly unit: "ns" | "share" | "number";
}

/** DiagnosisExample is a request to look at. */
export interface DiagnosisExample {
  readonly trace_id: string;
  readonly span_id: string;
  readonly timestamp_ns: NanoText;
  readonly duration_ns: number;
}

/** DiagnosisCause is one claim. */
export interface DiagnosisCause {
  readonly kind: DiagnosisKind;
  readonly service_name: string;
  readonly operation: string;
  readonly sentence: string;
  readonly confidence: DiagnosisConfidence;
  /** How much of the change it explains, 0…1. */
  readonly share: number;
  /** Of a slow request's added time, what it explains; 0 for what is not about time. */
  readonly explained_ns: number;
  /** What else was seen that fits, a sentence each. */
  readonly notes: readonly string[];
  readonly evidence: readonly DiagnosisEvidence[];
  readonly examples: readonly DiagnosisExample[];
}

/** DiagnosisAnswer is GET diagnosis. */
export interface DiagnosisAnswer {
  readonly service_name: string;
  /** "" for all operations. */
  readonly operation: string;
  /** The whole time that was looked at. */
  readonly range: Range;
  /** What is held against what; null when no part of the range stands out. */
  readonly affected: Range | null;
  readonly baseline: Range | null;
  /**
   * "cause": at least one cause; "none": something changed and no cause was found; "quiet": nothing changed; "little": too few
   * requests to tell.
   */
  readonly verdict: "cause" | "none" | "quiet" | "little";
  readonly figure: DiagnosisFigure | null;
  /** What happened, in a sentence. */
  readonly headline: string;
  readonly symptom: DiagnosisEvidence;
  readonly causes: readonly DiagnosisCause[];
  /** What was looked at and is not it, with the figures that say so. */
  readonly ruled_out: readonly string[];
  /** What was looked at, with amounts. */
  readonly looked_at: readonly string[];
}
