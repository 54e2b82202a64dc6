import { BpfError } from "../errors.js";
import { attachKprobe } from "../link/kprobe.js";
import type { Link } from "../link/link.js";
import { attachRawTracepoint, attachTracing } from "../link/raw-tracepoint.js";
import { attachTracepoint } from "../link/tracepoint.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import type { LoadedObject } from "./loaded.js";
import type { ProgramSpec } from "./spec.js";

function refuse(spec: ProgramSpec): never {
  throw new BpfError(
    "bad-argument",
    `section "${spec.section}" does not say all that attaching "${spec.name}" needs`,
    {
      hint: "attach it by the function of its hook: attachUprobe, attachUprobeMulti, attachPerfEvent",
    },
  );
}

/**
 * attachBySection attaches a program where its section's name says: tracepoints, raw tracepoints, tp_btf,
 * fentry and fexit, LSM, kprobes. Throws BpfError `bad-argument` for hooks that need more than a name.
 */
export function attachBySection(object: LoadedObject, name: string): Link {
  const program = object.program(name);
  const spec = object.spec.programs.get(name);
  if (spec === undefined) throw new BpfError("not-found", `the object has no program "${name}"`);
  switch (spec.type) {
    case ProgramType.BPF_PROG_TYPE_TRACEPOINT: {
      const [group = "", event = ""] = spec.target.split("/");
      return group === "" || event === "" ? refuse(spec) : attachTracepoint(program, { group, name: event });
    }
    case ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT:
    case ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
      return spec.target === "" ? refuse(spec) : attachRawTracepoint(program, { name: spec.target });
    case ProgramType.BPF_PROG_TYPE_TRACING:
    case ProgramType.BPF_PROG_TYPE_LSM:
      return spec.attachType === AttachType.BPF_TRACE_ITER ? refuse(spec) : attachTracing(program);
    case ProgramType.BPF_PROG_TYPE_KPROBE: {
      const isKernel = /^kprobe\/|^kretprobe\//.test(spec.section);
      if (!isKernel || spec.target === "") return refuse(spec);
      return attachKprobe(program, { symbol: spec.target, atReturn: spec.section.startsWith("kret") });
    }
    default:
      return refuse(spec);
  }
}
