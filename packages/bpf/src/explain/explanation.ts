import type { SourceLine } from "../program/spec.js";

/** Explanation is a refusal of the verifier in words, as plain data. */
export interface Explanation {
  /** The kind of refusal, one of those refusalRows() lists; "unknown" when the kernel's words are not among them. */
  readonly kind: string;
  /** The kernel's own words. */
  readonly said: string;
  /** What they mean for this program, in one sentence. */
  readonly meaning: string;
  /** The instruction that was refused; undefined when the whole program was. */
  readonly instruction: { readonly slot: number; readonly text: string } | undefined;
  /** The source line of the instruction, when the program has line information. */
  readonly source: SourceLine | undefined;
  /** What the verifier knew of the registers and stack slots before the instruction, by name (`r1`, `fp-8`). */
  readonly registers: Readonly<Record<string, string>>;
  /** How the value in question came to be what it is, oldest first. */
  readonly story: readonly string[];
  /** What to do about it. */
  readonly fix: string;
}
