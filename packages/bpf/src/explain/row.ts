/**
 * RefusalRow is one kind of refusal: the kernel's words, what they mean and what to do. Texts have places in braces:
 * a named group of the pattern, or `reg` (the register in question with the variable's name), `state` (what is known
 * of it), `nil` (the language's word for a null pointer), `call` (the function called), `program` (the program's type),
 * `access` (what the instruction does), `end` (off + size).
 */
export interface RefusalRow {
  readonly kind: string;
  /** Tried on the kernel's objection, its lines joined. A group `reg` names the register that the story is about. */
  readonly pattern: RegExp;
  /** The register the story is about when the words do not name it: a name, or the instruction's own. */
  readonly focus?: "r0" | "source" | "destination" | "argument";
  readonly meaning: string;
  readonly fix: string;
  /** What ends the story. */
  readonly close?: string;
  /** True when it is the whole program that is refused, not its last instruction. */
  readonly whole?: boolean;
  /** Which branches were taken is a part of the story. */
  readonly branches?: boolean;
}
