import { AttachType } from "../uapi/attach-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import type { SectionMeaning } from "./section-meaning.js";

interface Provider {
  readonly type: ProgramTypeId;
  readonly attachType: number;
}

const P = ProgramType;
const probe: Provider = { type: P.BPF_PROG_TYPE_KPROBE, attachType: 0 };
const event: Provider = { type: P.BPF_PROG_TYPE_PERF_EVENT, attachType: 0 };

/** bpftrace's providers; its own begin and end are uprobes on itself. Source: its manual, "Probe types". */
const PROVIDERS: ReadonlyMap<string, Provider> = new Map<string, Provider>([
  ["BEGIN", probe],
  ["END", probe],
  ["kprobe", probe],
  ["kretprobe", probe],
  ["uprobe", probe],
  ["uretprobe", probe],
  ["usdt", probe],
  ["tracepoint", { type: P.BPF_PROG_TYPE_TRACEPOINT, attachType: 0 }],
  ["rawtracepoint", { type: P.BPF_PROG_TYPE_RAW_TRACEPOINT, attachType: 0 }],
  ["profile", event],
  ["interval", event],
  ["software", event],
  ["hardware", event],
  ["watchpoint", event],
  ["asyncwatchpoint", event],
  ["kfunc", { type: P.BPF_PROG_TYPE_TRACING, attachType: AttachType.BPF_TRACE_FENTRY }],
  ["fentry", { type: P.BPF_PROG_TYPE_TRACING, attachType: AttachType.BPF_TRACE_FENTRY }],
  ["kretfunc", { type: P.BPF_PROG_TYPE_TRACING, attachType: AttachType.BPF_TRACE_FEXIT }],
  ["fexit", { type: P.BPF_PROG_TYPE_TRACING, attachType: AttachType.BPF_TRACE_FEXIT }],
  ["iter", { type: P.BPF_PROG_TYPE_TRACING, attachType: AttachType.BPF_TRACE_ITER }],
]);

/**
 * bpftraceSection reads a section's name as bpftrace writes it, `s_tracepoint:sched:sched_switch_1` with a number
 * per probe at the end; undefined for all other names. Targets are given as libbpf spells them.
 */
export function bpftraceSection(name: string): SectionMeaning | undefined {
  const found = /^s_([A-Za-z]+)(?::(.*))?_\d+$/.exec(name);
  const provider = PROVIDERS.get(found?.[1] ?? "");
  if (found === null || provider === undefined) return undefined;
  const text = found[2] ?? "";
  const isTracepoint = provider.type === ProgramType.BPF_PROG_TYPE_TRACEPOINT;
  // `kfunc:vmlinux:vfs_read` names the module before the function.
  const isTracing = provider.type === ProgramType.BPF_PROG_TYPE_TRACING;
  const target = isTracepoint ? text.replace(":", "/") : isTracing ? (text.split(":").at(-1) ?? "") : text;
  return { ...provider, flags: 0, target };
}
