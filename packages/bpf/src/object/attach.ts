import { BpfError } from "../errors.js";
import { attachCgroup } from "../link/cgroup.js";
import { attachIterator } from "../link/iterator.js";
import type { Link } from "../link/link.js";
import { attachRawTracepoint, attachTracing } from "../link/raw-tracepoint.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { NETWORK_WAYS } from "./attach-network.js";
import { incomplete, needed, type SectionOptions } from "./attach-options.js";
import { attachPerfSection, attachProbeSection, attachTracepointSection } from "./attach-probes.js";
import type { LoadedObject } from "./loaded.js";
import type { ProgramSpec } from "./spec.js";

function iterator(object: LoadedObject, spec: ProgramSpec, options: SectionOptions): Link {
  const program = object.program(spec.name);
  if (options.map !== undefined) return attachIterator(program, { map: options.map });
  if (options.pid !== undefined) return attachIterator(program, { processId: options.pid });
  if (options.cgroup !== undefined) return attachIterator(program, { cgroup: options.cgroup });
  return attachIterator(program);
}

/**
 * attachBySection attaches a program where its section's name says, in libbpf's names, with what the name cannot
 * say taken from the options. Throws BpfError `bad-argument` that names the option which is missing,
 * `not-supported` for programs that are not attached, and what the hook's own function throws.
 *
 *     using object = loadObject(readObject(bytes));
 *     using exec = attachBySection(object, "on_exec"); // SEC("tp_btf/sched_process_exec")
 *     using drop = attachBySection(object, "drop", { interface: "eth0" }); // SEC("xdp")
 *     using guard = attachBySection(object, "guard", { cgroup: "/sys/fs/cgroup/web" }); // SEC("cgroup/connect4")
 */
export function attachBySection(object: LoadedObject, name: string, options: SectionOptions = {}): Link {
  const spec = object.spec.programs.get(name);
  if (spec === undefined) throw new BpfError("not-found", `the object has no program "${name}"`);
  switch (spec.type) {
    case ProgramType.BPF_PROG_TYPE_TRACEPOINT:
      return attachTracepointSection(object, spec, options);
    case ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT:
    case ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE: {
      if (spec.target === "") return incomplete(spec, "write the section as raw_tp/NAME");
      const cookie = options.cookie === undefined ? {} : { cookie: options.cookie };
      return attachRawTracepoint(object.program(name), { name: spec.target, ...cookie });
    }
    case ProgramType.BPF_PROG_TYPE_TRACING:
      if (spec.attachType === AttachType.BPF_TRACE_ITER) return iterator(object, spec, options);
      return attachTracing(object.program(name), options.cookie);
    case ProgramType.BPF_PROG_TYPE_LSM:
      if (spec.attachType !== AttachType.BPF_LSM_CGROUP)
        return attachTracing(object.program(name), options.cookie);
      return attachCgroup(object.program(name), { path: needed(spec, options, "cgroup"), hook: "lsm" });
    case ProgramType.BPF_PROG_TYPE_EXT:
      return attachTracing(object.program(name));
    case ProgramType.BPF_PROG_TYPE_KPROBE:
      return attachProbeSection(object, spec, options);
    case ProgramType.BPF_PROG_TYPE_PERF_EVENT:
      return attachPerfSection(object, spec, options);
    case ProgramType.BPF_PROG_TYPE_SYSCALL:
      throw new BpfError("not-supported", `"${name}" is attached nowhere: it runs when it is called`, {
        hint: "Program.testRun() calls it",
      });
    case ProgramType.BPF_PROG_TYPE_STRUCT_OPS:
      throw new BpfError("not-supported", `"${name}" is a function of a table, and is attached with it`, {
        hint: `attachStructOps(object.structOps.get(NAME)); the object has ${[...object.structOps.keys()].join(", ") || "none"}`,
      });
    default: {
      const way = NETWORK_WAYS.get(spec.type);
      return way === undefined
        ? incomplete(spec, "the section's name says nothing")
        : way(object, spec, options);
    }
  }
}
