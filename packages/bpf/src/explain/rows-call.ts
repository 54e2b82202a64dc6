import type { RefusalRow } from "./row.js";

/** Refusals of calls of helpers, kernel functions and subprograms. Source: kernel/bpf/verifier.c. */
export const callRows: readonly RefusalRow[] = [
  {
    kind: "argument-may-be-null",
    pattern:
      /(?<reg>R\d+) type=(?<have>\w*_or_null\w*) expected=(?<want>[^\n]+)|Possibly NULL pointer passed to trusted (?<arg>arg\d+)/,
    focus: "argument",
    meaning: "{reg} given to {call} may be {nil}: it is {state}",
    fix: "compare {name} with {nil} before the call",
    close: "{here} passes {reg} to {call}",
  },
  {
    kind: "argument-type",
    pattern: /(?<reg>R\d+) type=(?<have>\S+) expected=(?<want>[^\n]+)/,
    meaning: "{reg} given to {call} is {state}; it wants {want}",
    fix: "pass the kind of pointer that {call} wants: a variable on the stack, a map's value or a map; addresses read from the kernel or a process are copied with bpf_probe_read_kernel or bpf_probe_read_user first",
    close: "{here} passes {reg} to {call}",
  },
  {
    kind: "argument-type",
    pattern: /(?<reg>R\d+) is not a scalar/,
    meaning: "{reg} given to {call} must be a number, and it is {state}",
    fix: "pass a number",
    close: "{here} passes {reg} to {call}",
  },
  {
    kind: "map-for-helper",
    pattern: /cannot pass map_type (?<map>\d+) into func (?<func>[\w#]+)/,
    meaning: "{call} does not work on a map of type {mapType}",
    fix: "use a map of the type the helper is for, or the helper that is for the map",
    focus: "argument",
  },
  {
    kind: "map-for-helper",
    pattern: /expected prog array map for tail call/,
    meaning: "a tail call needs a map of type prog_array",
    fix: "give the tail call a map of type prog_array",
    focus: "argument",
  },
  {
    kind: "empty-argument",
    pattern: /invalid zero-sized read/,
    meaning: "{call} is given memory of size 0; keys and values of this map have no size",
    fix: "use a helper that is for this type of map (ring buffers: bpf_ringbuf_reserve, bpf_ringbuf_output), or pass a size above 0",
    focus: "argument",
  },
  {
    kind: "sleeping-helper",
    pattern:
      /helper call might sleep in a non-sleepable prog|program must be sleepable to call sleepable kfunc (?<func>\S+)|sleepable helper (?<func2>\S+)/,
    meaning: "{call} may sleep, and this program runs where sleeping is not allowed",
    fix: "make the program sleepable where its type can be (section names with `.s`, as `uprobe.s` or `fentry.s`), or use bpf_probe_read_user instead of bpf_copy_from_user",
  },
  {
    kind: "not-sleepable",
    pattern: /Only [\w/, -]+ programs can be sleepable|Sleepable programs can only use|is not sleepable/,
    whole: true,
    meaning: "{program} programs cannot be sleepable on this kernel",
    fix: "load it without the sleepable flag (a section without `.s`)",
  },
  {
    kind: "must-sleep",
    pattern: /programs can only be sleepable/,
    whole: true,
    meaning: "{program} programs must be sleepable",
    fix: "load it with the sleepable flag (BPF_F_SLEEPABLE; sections `syscall` and those with `.s` set it)",
  },
  {
    kind: "helper-not-allowed",
    pattern:
      /program of this type cannot use helper (?<func>[\w#]+)|unknown func (?<func2>[\w#]+)|invalid func (?<func3>[\w#]+)/,
    meaning: "{call} does not exist for {program} programs on this kernel",
    fix: "{helperFix}",
  },
  {
    kind: "gpl-only",
    pattern:
      /cannot call GPL-restricted function from non-GPL compatible program|cannot call kernel function from non-GPL compatible program|GPL[- ]compatible/,
    meaning: '{call} is for programs with a GPL-compatible license, and this one says "{license}"',
    fix: 'declare a license that is compatible: "GPL" or "Dual MIT/GPL"',
  },
  {
    kind: "kfunc-not-allowed",
    pattern: /calling kernel function (?<func>\S+) is not allowed/,
    meaning: "the kernel does not let {program} programs call its function {func}",
    fix: "use a helper instead, or a program type the function is registered for",
  },
  {
    kind: "kfunc-argument",
    pattern:
      /(?:kernel function (?<func>\S+) )?args?#(?<arg>\d+) (?<problem>(?:expected|pointer type|must|is neither|cannot)[^\n]*)|(?<reg>R\d+) must (?:be (?:referenced or )?trusted|be a known constant|have zero offset|be a rcu pointer)[^\n]*/,
    meaning: "{call} is given an argument of another kind than it wants",
    fix: "pass what the function is declared with: a pointer the kernel gave this program and vouches for, not one read through another",
    focus: "argument",
  },
  {
    kind: "reference-argument",
    pattern:
      /expects refcounted|must be referenced|arg (?<arg>\d+) is an unacquired reference|release function/,
    focus: "argument",
    meaning: "{call} gives something back, and what it is given was not taken",
    fix: "pass the pointer that the acquiring function gave, and give it back once",
  },
  {
    kind: "dynptr",
    pattern: /[Dd]ynptr|dynamic pointer/,
    meaning: "a dynptr is used before it was made, after it was given up, or not as a whole",
    fix: "make it by bpf_dynptr_from_mem, bpf_ringbuf_reserve_dynptr or bpf_dynptr_from_skb, check the answer, and touch it with dynptr functions only",
    branches: true,
  },
  {
    kind: "iterator",
    pattern: /expected (?:an )?(?:un)?initialized iter_(?<iterator>\w+)/,
    meaning: "an iterator is used before bpf_iter_{iterator}_new or made twice",
    fix: "call new once, next until it gives null, destroy once on every path",
    branches: true,
  },
  {
    kind: "packet-for-helper",
    pattern: /helper access to the packet is not allowed/,
    meaning: "{call} may not be given a pointer into the packet in {program} programs",
    fix: "copy what is needed to the stack first",
  },
  {
    kind: "not-constant",
    pattern: /(?<reg>R\d+) (?:is not a known constant|must be a known constant)/,
    meaning: "{reg} given to {call} must be a constant, and it is {state}",
    fix: "pass a constant; for records whose size is only known at run time use bpf_ringbuf_output or bpf_ringbuf_reserve_dynptr",
    close: "{here} passes {reg} to {call}",
  },
  {
    kind: "function-argument",
    pattern:
      /Caller passes invalid args into func#(?<func>\d+)|Global function \S+ doesn't return scalar|arg#\d+ reference type/,
    meaning: "a global function is called with arguments that do not fit its declaration",
    fix: "declare the function static, or pass scalars, the context, or pointers with a known size that are checked inside",
  },
];
