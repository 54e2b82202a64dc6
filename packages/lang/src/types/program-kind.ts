/** ProgramKind is one kind of program: how it is asked for, where it goes, what it gets. */
export interface ProgramKind {
  /** name is the attribute (`// @tracepoint:…`) and the value of `//go:ebpf program=…`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** target says what stands behind the colon. */
  readonly target: "category:name" | "name" | "pattern" | "optional" | "none";
  /** family is the kernel's type of program, where several kinds are of one; the kind's own name when left out. */
  readonly family?: string;
  /** returns is what the verifier lets the program return. */
  readonly returns?: { readonly low: number; readonly high: number };
  /** section gives the ELF section's name as libbpf's table of section names has it. */
  readonly section: (target: string) => string;
  /** context is the row of contexts.ts this program gets. */
  readonly context: string;
  /**
   * nests is false where no second run starts on a CPU before the first ends: the kernel counts runs
   * (bpf_prog_active in kernel/trace and kernel/events) or they belong to one softirq.
   */
  readonly nests?: false;
  /** pass is what a program returns that could not do its work; 0 when left out. */
  readonly pass?: number;
}
