import type { Explanation } from "./explain/explanation.js";
import { renderExplanation } from "./explain/render.js";

/**
 * BPF_ERROR_CODES lists every code a BpfError can carry, with its one-line meaning.
 * Refusals of the kernel, bad input and our own mistakes have codes of their own.
 */
export const BPF_ERROR_CODES = {
  "bad-instruction": "an instruction value cannot be encoded, or bytes are not instructions",
  "bad-btf": "BTF bytes are broken or a BTF value cannot be encoded",
  "bad-object": "an object file is broken or uses something that is not understood",
  "bad-argument": "the caller passed a value that can never work",
  "relocation-failed": "a CO-RE relocation or a reference of an object could not be resolved",
  "verifier-rejected": "the kernel's verifier refused a program",
  "program-fault": "an interpreted program did what the verifier would have refused",
  "permission-denied": "the kernel refused for want of a capability or by policy",
  "not-supported": "this kernel does not have the feature",
  "not-found": "a tracepoint, type, symbol, file or process does not exist",
  "out-of-memory": "the kernel could not allocate what was asked for",
  "map-full": "a map has no room for another element",
  "already-exists": "the element or attachment exists already",
  "map-mismatch": "a pinned or given map is not the map that an object defines",
  "bad-pin-path": "a path for a pin is not on a BPF file system, or holds no pin of that kind",
  "tracefs-missing": "tracefs is not mounted or not readable",
  closed: "a resource was used after close()",
  "system-call-failed": "a system call failed in a way that has no code of its own",
} as const;

/** BpfErrorCode is one of the keys of BPF_ERROR_CODES. */
export type BpfErrorCode = keyof typeof BPF_ERROR_CODES;

/** BpfErrorDetails are the optional parts of a BpfError. */
export interface BpfErrorDetails {
  /** What to do about it, and the first kernel that has the feature. */
  readonly hint?: string | undefined;
  /** The system call or bpf(2) command that failed, for example `BPF_PROG_LOAD`. */
  readonly call?: string | undefined;
  /** The errno the kernel gave, as a positive number. */
  readonly errno?: number | undefined;
  /** The verifier's whole log, when there is one. */
  readonly log?: string | undefined;
  /** What the verifier refused and why, in words (renderExplanation() makes text of it). */
  readonly explanation?: Explanation | undefined;
  /** Byte offset in the input at which it was found to be broken. */
  readonly offset?: number | undefined;
  readonly cause?: unknown;
}

/**
 * BpfError is the only error this package throws on purpose. Its message says what was tried and why it
 * failed; `hint` says what to do.
 */
export class BpfError extends Error {
  readonly code: BpfErrorCode;
  readonly hint: string | undefined;
  readonly call: string | undefined;
  readonly errno: number | undefined;
  readonly log: string | undefined;
  readonly explanation: Explanation | undefined;
  readonly offset: number | undefined;

  constructor(code: BpfErrorCode, message: string, details: BpfErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "BpfError";
    this.code = code;
    this.hint = details.hint;
    this.call = details.call;
    this.errno = details.errno;
    this.log = details.log;
    this.explanation = details.explanation;
    this.offset = details.offset;
  }

  /** report is the explanation as text for a terminal, several lines of it; undefined without one. */
  get report(): string | undefined {
    return this.explanation === undefined ? undefined : renderExplanation(this.explanation);
  }
}
