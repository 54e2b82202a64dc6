import { BtfKind } from "../btf/kinds.js";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";

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

/**
 * attachBtfId gives the id of what a program attaches to in the kernel's BTF, undefined for program types
 * that do not attach by BTF. `kernel` is only asked for its types when they are needed. Throws `not-found`.
 */
export function attachBtfId(
  type: number,
  attachType: number,
  target: string,
  kernel: () => Btf,
): number | undefined {
  const found = ROWS.find(
    (row) => row.type === type && (row.attachType === undefined || row.attachType === attachType),
  );
  if (found === undefined) return undefined;
  if (target === "") {
    throw new BpfError("bad-argument", `a program must say which ${found.what} it is for`, {
      hint: "write it into the section's name, or give options.targets",
    });
  }
  const id = kernel().findOne(`${found.prefix}${target}`, found.kind);
  if (id !== undefined) return id;
  throw new BpfError("not-found", `this kernel has no ${found.what} "${target}" in its BTF`, {
    hint: `bpftool btf dump file /sys/kernel/btf/vmlinux | grep ${found.prefix}${target}`,
  });
}
