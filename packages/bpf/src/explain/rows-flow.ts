import type { RefusalRow } from "./row.js";

/** Refusals of control flow and size. Source: kernel/bpf/verifier.c. */
export const flowRows: readonly RefusalRow[] = [
  {
    kind: "endless-loop",
    pattern: /infinite loop detected(?: at insn (?<at>\d+))?/,
    meaning: "the loop comes back to the same place with nothing changed, so it would never end",
    fix: "count with a variable that the loop's condition compares with a constant",
    branches: true,
  },
  {
    kind: "back-edge",
    pattern: /back-edge from insn (?<from>\d+) to (?<to>\d+)/,
    whole: true,
    meaning:
      "the program has a loop (instruction {from} jumps back to {to}), which this kernel or this user may not load",
    fix: "unroll the loop, or run on Linux 5.3 or newer with CAP_BPF",
  },
  {
    kind: "too-many-instructions",
    pattern: /BPF program is too large\. Processed (?<count>\d+) insn/,
    meaning:
      "the verifier gave up after {count} instructions: it walks through every turn of a loop and every combination of branches",
    fix: "bound loops by a small constant, move their body to a function called by bpf_loop (5.17), or split the program with tail calls",
  },
  {
    kind: "too-many-branches",
    pattern: /The sequence of (?<count>\d+) jumps is too complex/,
    meaning: "{count} branches are open at the same time; 8192 is the limit",
    fix: "look values up in a map instead of comparing them one by one, or split the function",
  },
  {
    kind: "unreachable",
    pattern: /unreachable insn (?<at>\d+)/,
    meaning: "no path leads to instruction {at}",
    fix: "remove the code behind exit or goto (compilers do), or jump to it",
  },
  {
    kind: "jump-out-of-range",
    pattern:
      /jump out of range from insn (?<at>\d+) to (?<to>-?\d+)|jump into the middle of ldimm64 insn (?<at2>\d+)|jump\/call to invalid (?:insn|address)|call to invalid destination/,
    meaning: "a jump goes to a place that is not the start of an instruction of its function",
    fix: "let the assembler write distances: give it labels",
  },
  {
    kind: "no-exit",
    pattern: /last insn is not an exit or jmp/,
    whole: true,
    meaning: "the program or one of its functions runs on past its last instruction",
    fix: "end every function with exit (return)",
  },
  {
    kind: "stack-too-deep",
    pattern: /tail_calls are not allowed when (?:call depth|stack size)[^\n]*?(?<size>\d+)/,
    whole: true,
    meaning: "a tail call from a subprogram allows 256 bytes of stack, and {size} are used before it",
    fix: "make local variables smaller, or tail-call from the main function",
  },
  {
    kind: "calls-too-deep",
    pattern: /the call stack of (?<calls>\d+) frames is too deep|recursive call from/,
    meaning: "functions call each other more than 8 deep, or call themselves",
    fix: "turn the recursion into a loop, or inline functions",
  },
];
