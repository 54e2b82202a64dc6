import type { RefusalRow } from "./row.js";

/** Refusals of what surrounds the instructions: maps, BTF, attach targets. Source: kernel/bpf/verifier.c and btf.c. */
export const setupRows: readonly RefusalRow[] = [
  {
    kind: "no-map",
    pattern: /fd (?<fd>-?\d+) is not pointing to valid bpf_map/,
    whole: true,
    meaning: "the program uses descriptor {fd} as a map, and it is none",
    fix: "create the map first and keep it open until the program is loaded",
  },
  {
    kind: "map-not-allowed",
    pattern:
      /trace type programs|tracing (?:progs|programs) cannot use|cannot use (?:map|bpf_\w+)|perf_event programs can only use/,
    whole: true,
    meaning: "this program type may not use a map of that kind",
    fix: "use a preallocated map (no BPF_F_NO_PREALLOC), without spin locks or timers in its values",
  },
  {
    kind: "needs-types",
    pattern: /not allowed in subprogs without BTF|requires? (?:prog )?BTF|without BTF/,
    meaning: "this needs the program's types, and it is loaded without BTF",
    fix: "compile with -g and load the object with its BTF",
  },
  {
    kind: "bad-function-info",
    pattern: /func_info|missing btf|BTF section|btf func/i,
    whole: true,
    meaning: "the function information does not fit the program's BTF or functions",
    fix: "give one record for each function, in order, with the type id of its FUNC; or load without BTF",
  },
  {
    kind: "bad-line-info",
    pattern: /line_info/,
    whole: true,
    meaning: "the line information does not fit the program",
    fix: "line records must be in order, inside the program, and one must stand at every function's first instruction; or load without BTF",
  },
  {
    kind: "bad-attach-target",
    pattern:
      /attach_btf_id (?<id>\d+) is (?<what>not a \w+|invalid|not \w+)|Tracing programs must provide btf_id|attach to (?:unsupported|invalid)|FUNC \S+ is not|cannot find (?:address|ksym)|address of the function \S+ cannot be found|\S+\(\) is not modifiable|func '\S+' doesn't have \d+-th argument/,
    whole: true,
    meaning:
      "what the program is to be attached to does not exist on this kernel, or is of another kind than its type wants",
    fix: "name a function, a tracepoint (btf_trace_NAME) or a hook that this kernel's BTF has: `bpftool btf dump file /sys/kernel/btf/vmlinux`",
  },
  {
    kind: "refused-after",
    // No words at all: bpf_prog_select_runtime() in kernel/bpf/core.c has no log.
    pattern: /^$/,
    whole: true,
    meaning: "the verifier found nothing wrong, and the kernel refused the program after it",
    fix: "use each program array (tail calls) with programs of one type and license only: the first that was loaded with it decides; or raise bpf_jit_limit (/proc/sys/net/core)",
  },
];
