import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import type { Program } from "../program/program.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { findType, type KernelTypes } from "./kernel-types.js";
import { programBtf } from "./program-btf.js";

interface TargetRow {
  readonly type: number;
  /** undefined stands for any. */
  readonly attachType: number | undefined;
  readonly prefix: string;
  readonly kind: number;
  readonly what: string;
}

/** What the kernel's BTF calls the thing a program attaches to. Source: kernel/bpf/verifier.c, bpf_check_attach_target. */
const ROWS: readonly TargetRow[] = [
  {
    type: ProgramType.BPF_PROG_TYPE_TRACING,
    attachType: AttachType.BPF_TRACE_RAW_TP,
    prefix: "btf_trace_",
    kind: BtfKind.TYPEDEF,
    what: "tracepoint",
  },
  {
    type: ProgramType.BPF_PROG_TYPE_TRACING,
    attachType: AttachType.BPF_TRACE_ITER,
    prefix: "bpf_iter_",
    kind: BtfKind.FUNC,
    what: "iterator",
  },
  {
    type: ProgramType.BPF_PROG_TYPE_LSM,
    attachType: undefined,
    prefix: "bpf_lsm_",
    kind: BtfKind.FUNC,
    what: "LSM hook",
  },
  {
    type: ProgramType.BPF_PROG_TYPE_TRACING,
    attachType: undefined,
    prefix: "",
    kind: BtfKind.FUNC,
    what: "function",
  },
];

/** AttachPoint is where a program will be attached, as the kernel wants to know it at load. */
export interface AttachPoint {
  /** BTF id of the function, tracepoint or struct; undefined for types that do not attach by BTF. */
  readonly btfId?: number | undefined;
  /** Descriptor of the module's BTF, or of the program whose function it is. */
  readonly fd?: number | undefined;
  /** For tables of functions: the member's number. */
  readonly attachType?: number | undefined;
}

// Attached to many functions, which the link names: nothing to be said at load.
const MULTIPLE: ReadonlySet<number> = new Set([
  AttachType.BPF_TRACE_FENTRY_MULTI,
  AttachType.BPF_TRACE_FEXIT_MULTI,
  AttachType.BPF_TRACE_FSESSION_MULTI,
]);

function inProgram(target: string, to: Program): AttachPoint {
  const btf = programBtf(to);
  const name = target === "" ? to.name : target;
  const id = btf?.findOne(name, BtfKind.FUNC);
  if (id !== undefined) return { btfId: id, fd: to.fd };
  throw new BpfError("not-found", `program "${to.name}" has no function "${name}" in its BTF`, {
    hint: "compile it with -g; a function must be global to be replaced",
  });
}

/**
 * attachPoint finds what a program attaches to in the kernel's BTF, in that of its modules, or in that of a
 * loaded program. `kernel` is only asked for its types when they are needed. Throws `not-found`.
 */
export function attachPoint(
  type: number,
  attachType: number,
  target: string,
  kernel: () => KernelTypes,
  to: Program | undefined,
): AttachPoint {
  if (to !== undefined) return inProgram(target, to);
  if (type === ProgramType.BPF_PROG_TYPE_EXT) {
    throw new BpfError("bad-argument", "a program that replaces a function needs the program that has it", {
      hint: "give the loaded program in options.targetPrograms",
    });
  }
  if (type === ProgramType.BPF_PROG_TYPE_TRACING && MULTIPLE.has(attachType)) return {};
  const row = ROWS.find(
    (one) => one.type === type && (one.attachType === undefined || one.attachType === attachType),
  );
  if (row === undefined) return {};
  if (target === "") {
    throw new BpfError("bad-argument", `a program must say which ${row.what} it is for`, {
      hint: "write it into the section's name, or give options.targets",
    });
  }
  const found = findType(kernel(), `${row.prefix}${target}`, row.kind);
  if (found !== undefined) return { btfId: found.id, fd: found.module?.fd };
  throw new BpfError("not-found", `this kernel has no ${row.what} "${target}" in its BTF`, {
    hint: `bpftool btf dump file /sys/kernel/btf/vmlinux | grep ${row.prefix}${target}`,
  });
}

/** attachBtfId gives the id of what a program attaches to in the kernel's own BTF. Throws `not-found`. */
export function attachBtfId(
  type: number,
  attachType: number,
  target: string,
  kernel: () => Btf,
): number | undefined {
  const types = (): KernelTypes => ({
    vmlinux: kernel(),
    modules: () => [],
    addresses: () => [],
    close: () => undefined,
  });
  return attachPoint(type, attachType, target, types, undefined).btfId;
}
