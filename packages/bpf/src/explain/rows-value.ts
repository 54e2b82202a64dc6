import type { RefusalRow } from "./row.js";

/** usedAfterRelease is told from the path: the kernel only says that something is no pointer. */
export const usedAfterRelease: RefusalRow = {
  kind: "used-after-release",
  pattern: /(?!)/, // never by words
  meaning: "{reg} is no pointer any more: {releaseCall} took it back {releasePlace}",
  fix: "do not use a record after it was submitted or discarded, nor an object after its release; read packet pointers from the context again after a call that changes the packet",
  close: "{here} uses {reg}",
};

/** Refusals of values: unset registers, pointer arithmetic, results, references. Source: kernel/bpf/verifier.c. */
export const valueRows: readonly RefusalRow[] = [
  {
    kind: "unset-register",
    pattern: /(?<reg>R\d+) !read_ok/,
    meaning: "{reg} has no value here",
    fix: "give it a value on every path; a call leaves nothing in r1 to r5, so keep what is needed after it in r6 to r9 or on the stack; set r0 before exit",
    close: "{here} reads {reg}",
    branches: true,
  },
  usedAfterRelease,
  {
    kind: "pointer-null-arithmetic",
    pattern: /(?<reg>R\d+) pointer arithmetic on (?<kind>\w*_or_null\w*) prohibited/,
    meaning: "{reg} may be {nil} and is calculated with before that was checked: it is {state}",
    fix: "compare {name} with {nil} first, then add",
    close: "{here} adds to {reg}",
  },
  {
    kind: "pointer-arithmetic",
    pattern:
      /(?<reg>R\d+) (?:pointer arithmetic (?:with|on) (?<what>\S+)(?: operator)? prohibited|32-bit pointer arithmetic prohibited|pointer \S+ pointer prohibited|bitwise operator (?<op>\S+) on pointer prohibited|partial copy of pointer|subtraction from stack pointer prohibited|has pointer with unsupported alu operation)/,
    meaning:
      "{reg} is {state}, and this operation is not allowed on it: to pointers only 64-bit numbers may be added or subtracted",
    fix: "calculate the offset as a number first and add it to the pointer once, in 64 bits",
    close: "{here} calculates with {reg}",
  },
  {
    kind: "pointer-comparison",
    pattern: /(?<reg>R\d+) pointer comparison prohibited/,
    meaning:
      "{reg} is {state}: comparing an address would make it visible, which only processes with CAP_PERFMON may do",
    fix: "compare numbers, or run with CAP_PERFMON",
    close: "{here} compares {reg}",
  },
  {
    kind: "pointer-arithmetic",
    pattern:
      /tried to (?:subtract pointer from scalar|add from different maps, paths,? or (?:prohibited types|scalars))/,
    focus: "destination",
    meaning: "a pointer is used where only numbers may be subtracted or added",
    fix: "calculate the offset as a number first and add it to the pointer once, in 64 bits",
    close: "{here} calculates with {reg}",
  },
  {
    kind: "result-range",
    pattern:
      /At (?<where>program exit|async callback|subprogram exit|callback return)\w* the register R0 (?:has|is) (?<value>.+?) should have been in (?<range>[[(][^\])]*[\])])/,
    focus: "r0",
    meaning: "{program} programs must return a value in {range}, and this one can return {state}",
    fix: "return one of the values that are allowed, as a constant on every path",
    close: "{here} returns it",
  },
  {
    kind: "result-unknown",
    pattern: /At (?:program|subprogram|async callback)\s?\w* the register R0 is not a (?:known|scalar) value/,
    focus: "r0",
    meaning: "what is returned is {state}, not a number",
    fix: "return a number",
    close: "{here} returns it",
  },
  {
    kind: "address-leak",
    pattern: /(?<reg>R\d+) leaks addr (?:as return value|into (?<where>\w+))/,
    meaning:
      "{reg} is {state}: its address would become visible, which only processes with CAP_PERFMON may do",
    fix: "return or store a number, or run with CAP_PERFMON",
    close: "{here} gives the address away",
  },
  {
    kind: "needs-capability",
    pattern:
      /(?:is |are )?(?:allowed only to|only allowed (?:for|to)|requires) (?<capability>CAP_\w+|root|privileged)/,
    meaning: "this is only for processes with {capability}",
    fix: "run as root, or give the process {capability}",
  },
  {
    kind: "not-released",
    pattern: /Unreleased reference id=(?<id>\d+) alloc_insn=(?<alloc>\d+)/,
    meaning: "what {allocCall} gave {allocPlace} is not given back on this path",
    fix: "give it back exactly once on every path that ends the program: bpf_ringbuf_submit or bpf_ringbuf_discard for a record, bpf_sk_release for a socket, the release function for a kernel object",
    close: "{here} ends the program with it",
    branches: true,
  },
  {
    kind: "lock-held",
    pattern:
      /(?:bpf_spin_(?:un)?lock|bpf_rcu_read_(?:un)?lock|bpf_(?:local_irq|preempt)\w*)[ -](?:is missing|ed region)|cannot be used inside bpf_\w+-ed region|function calls are not allowed while holding a lock|unmatched (?:rcu|attempt)|nested rcu|unlock without a(?:ny)? lock/,
    meaning: "a lock is held where it may not be",
    fix: "unlock on every path, and call nothing between lock and unlock",
    branches: true,
  },
  {
    kind: "zero-division",
    pattern: /div by zero/,
    meaning: "it divides by the constant 0",
    fix: "divide by something else (a register that is 0 gives 0 at run time)",
  },
  {
    kind: "invalid-shift",
    pattern: /invalid shift (?<value>-?\d+)/,
    meaning: "it shifts by {value} bits, which is as much as the register has or more",
    fix: "shift by less than the width: 32 or 64",
  },
  {
    kind: "bad-instruction",
    pattern:
      /unknown opcode (?<opcode>\w+)|uses (?:reserved fields|invalid \w+ opcode)|R\d+ is invalid|invalid (?:BPF_\w+|atomic) (?:opcode|instruction|insn)|BPF_\w+ (?:uses|instruction)|unrecognized bpf_ld_imm64|invalid bpf_ld_imm64|unknown insn class/,
    meaning: "it is not an instruction this kernel knows",
    fix: "build for an older instruction set (`--cpu v3`, clang -mcpu=v3): v4 needs Linux 6.6",
  },
];
