import { HelperFunction } from "@go3s/bpf";
import { lazily } from "../source/lazy.js";
import type { KernelTypes } from "./kernel.js";
import { int64, type Type, uint64, voidType } from "./type.js";

const byName = lazily(
  () => new Map(Object.entries(HelperFunction).map(([name, id]) => [name.replaceAll("_", ""), { name, id }])),
);

/** helperId finds a helper by its name in Go's casing: ProbeReadKernel is bpf_probe_read_kernel. */
export function helperId(name: string): { name: string; id: number } | undefined {
  const plain = name.replaceAll("_", "").toLowerCase();
  return byName().get(plain) ?? byName().get(plain.replace(/^bpf/, ""));
}

/** helperNames are all helpers in Go's casing. */
export function helperNames(): string[] {
  return Object.keys(HelperFunction).map((name) =>
    name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  );
}

/** helperNumber is the id of a helper the compiler itself calls. */
export function helperNumber(name: keyof typeof HelperFunction): number {
  return HelperFunction[name];
}

/** unsignedResults are helpers whose result is an unsigned word rather than an error code. */
const unsignedResults: ReadonlySet<string> = new Set([
  "ktime_get_ns",
  "ktime_get_boot_ns",
  "ktime_get_coarse_ns",
  "ktime_get_tai_ns",
  "get_current_pid_tgid",
  "get_current_uid_gid",
  "get_prandom_u32",
  "get_smp_processor_id",
  "get_current_cgroup_id",
  "get_current_task",
  "jiffies64",
  "get_func_ip",
  "get_attach_cookie",
  "ringbuf_query",
  "get_socket_cookie",
]);

/** helperResult is what a raw helper call gives: a word, or a pointer for helpers that give kernel objects. */
export function helperResult(kernel: KernelTypes, name: string): Type {
  const struct = {
    get_current_task_btf: "task_struct",
    task_pt_regs: "pt_regs",
    skc_to_tcp_sock: "tcp_sock",
    sock_from_file: "socket",
  }[name];
  if (struct !== undefined) {
    const target = kernel.named(struct);
    return target === undefined ? uint64 : { kind: "pointer", target };
  }
  if (name === "ringbuf_submit" || name === "ringbuf_discard") return voidType;
  return unsignedResults.has(name) ? uint64 : int64;
}

/** SizedHelper says which argument of a helper is memory and which its size, so that the size can be bounded. */
export interface SizedHelper {
  readonly memory: number;
  readonly size: number;
  /** writes helpers fill the memory, so it need not be initialised. */
  readonly writes: boolean;
  /** insertSize helpers may be called without the size argument, as published: ProbeReadKernel(&x, address). */
  readonly insertSize: boolean;
}

const into = (memory: number, size: number, insertSize = false): SizedHelper => ({
  memory,
  size,
  writes: true,
  insertSize,
});
const from = (memory: number, size: number): SizedHelper => ({
  memory,
  size,
  writes: false,
  insertSize: false,
});

/** sizedHelpers by kernel name. Source: the bpf_func_proto tables of kernel/trace/bpf_trace.c and kernel/bpf/helpers.c. */
export const sizedHelpers: Readonly<Record<string, SizedHelper>> = {
  probe_read: into(0, 1, true),
  probe_read_kernel: into(0, 1, true),
  probe_read_user: into(0, 1, true),
  probe_read_str: into(0, 1, true),
  probe_read_kernel_str: into(0, 1, true),
  probe_read_user_str: into(0, 1, true),
  copy_from_user: into(0, 1, true),
  get_current_comm: into(0, 1),
  copy_from_user_task: into(0, 1),
  get_stack: into(1, 2),
  get_task_stack: into(1, 2),
  d_path: into(1, 2),
  seq_write: from(1, 2),
  skb_load_bytes: into(2, 3),
  skb_load_bytes_relative: into(2, 3),
  skb_store_bytes: from(2, 3),
  xdp_load_bytes: into(2, 3),
  xdp_store_bytes: from(2, 3),
  ringbuf_output: from(1, 2),
  perf_event_output: from(3, 4),
};
