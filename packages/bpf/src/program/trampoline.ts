import { Errno } from "../kernel/errno.js";
import { effectiveCapabilities } from "../kernel/failure.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";

const HOOKS: ReadonlyMap<number, string> = new Map<number, string>([
  [AttachType.BPF_TRACE_FENTRY, "entries of kernel functions (fentry)"],
  [AttachType.BPF_TRACE_FEXIT, "returns of kernel functions (fexit)"],
  [AttachType.BPF_MODIFY_RETURN, "changing results of kernel functions (fmod_ret)"],
]);

/** What a program patches into the kernel's or a program's code, undefined for types that patch nothing. */
function patches(type: number, attachType: number): string | undefined {
  if (type === ProgramType.BPF_PROG_TYPE_EXT) return "replacing functions of programs (freplace)";
  if (type === ProgramType.BPF_PROG_TYPE_LSM) return "LSM hooks";
  return type === ProgramType.BPF_PROG_TYPE_TRACING ? HOOKS.get(attachType) : undefined;
}

/**
 * trampolineHint says what to do when a kernel refuses, to someone who has the rights, what would patch its code:
 * some builds do so for all programs of these types. Undefined for other refusals.
 */
export function trampolineHint(errno: number, type: number, attachType: number): string | undefined {
  const what = patches(type, attachType);
  if (what === undefined || errno !== Errno.EPERM) return undefined;
  const held = effectiveCapabilities();
  const hasRights = held?.has("CAP_SYS_ADMIN") || (held?.has("CAP_BPF") && held.has("CAP_PERFMON"));
  if (!hasRights) return undefined;
  return `the capabilities are there, so a policy of this kernel refuses ${what}: take a tracepoint (tp_btf, raw_tp) or a uprobe where one tells the same, or a kernel without that policy; go3s doctor shows what there is`;
}
