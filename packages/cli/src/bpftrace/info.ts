import { arch, version as kernelVersion, release, type } from "node:os";
import { kernelBtf, probeFeature } from "@go3s/bpf";
import { version } from "./usage.js";

const yes = (answer: boolean): string => (answer ? "yes" : "no");
const has = (feature: string): boolean => probeFeature(feature)?.outcome === "yes";

/** helpers are the functions that the kernel has for programs, from its own list of their numbers. */
function helpers(): ReadonlySet<string> {
  try {
    const btf = kernelBtf();
    const [id] = btf.find("bpf_func_id");
    const type = id === undefined ? undefined : btf.type(id);
    return new Set(
      type?.kind === "enum" || type?.kind === "enum64" ? type.values.map(({ name }) => name) : [],
    );
  } catch {
    return new Set();
  }
}

/** info is what --info prints: each line NAME: yes or no, found out by asking the kernel. */
export function info(): string {
  const known = helpers();
  const helper = (name: string): string => yes(known.has(`BPF_FUNC_${name}`));
  const btf = has("btf");
  const fentry = has("fentry");
  const lines: readonly (readonly [string, string] | string)[] = [
    "System",
    ["OS", `${type()} ${release()} ${kernelVersion()}`],
    ["Arch", arch() === "x64" ? "x86_64" : arch()],
    "",
    "Build",
    ["version", version],
    ["compiler", "go3s (no LLVM)"],
    ["bfd", "no"],
    ["libdw (DWARF support)", "yes"],
    ["bcc library path resolution", "yes"],
    ["blazesym (advanced symbolization)", "no"],
    ["dwunwind (DWARF stack unwinding)", "no"],
    "",
    "Kernel helpers",
    ...["probe_read", "probe_read_str", "probe_read_user", "probe_read_user_str"].map(
      (name) => [name, helper(name)] as const,
    ),
    ["probe_read_kernel", helper("probe_read_kernel")],
    ["probe_read_kernel_str", helper("probe_read_kernel_str")],
    ["get_current_cgroup_id", helper("get_current_cgroup_id")],
    ["send_signal", helper("send_signal")],
    ["override_return", yes(has("kprobe") && known.has("BPF_FUNC_override_return"))],
    ["get_boot_ns", helper("ktime_get_boot_ns")],
    ["get_tai_ns", helper("ktime_get_tai_ns")],
    ["get_ktime_ns", helper("ktime_get_tai_ns")],
    ["get_func_ip", helper("get_func_ip")],
    ["jiffies64", helper("jiffies64")],
    ["lookup_percpu_elem", helper("map_lookup_percpu_elem")],
    ["for_each_map_elem", helper("for_each_map_elem")],
    ["loop", helper("loop")],
    // Both may only be called from functions that fentry attaches to, and from few of those.
    ["dpath", yes(fentry && known.has("BPF_FUNC_d_path"))],
    ["skboutput", yes(fentry && known.has("BPF_FUNC_skb_output"))],
    "",
    "Kernel features",
    // BPF_COMPLEXITY_LIMIT_INSNS since 5.2, include/linux/bpf.h.
    ["Instruction limit", "1000000"],
    ["Loop support", "yes"],
    ["btf", yes(btf)],
    ["module btf", yes(btf)],
    ["map batch", "yes"],
    ["uprobe refcount", yes(has("uprobe"))],
    "",
    "Map types",
    ...["hash", "percpu-hash", "array", "percpu-array", "stack-trace", "perf-event-array", "ringbuf"].map(
      (name) => [name.replaceAll("-", "_"), yes(has(`map-${name}`))] as const,
    ),
    "",
    "Probe types",
    ["kprobe", yes(has("kprobe"))],
    ["tracepoint", yes(has("tracepoint"))],
    ["perf_event", yes(has("perf-event"))],
    ["fentry", yes(fentry)],
    ["kfunc", yes(fentry)],
    ["kprobe_multi", yes(has("kprobe-multi"))],
    ["kprobe_session", yes(has("kprobe-session"))],
    ["uprobe_multi", yes(has("uprobe-multi"))],
    ["raw_tp_special", yes(has("raw-tracepoint"))],
    ["iter", yes(has("iterator"))],
    ["iter:task", yes(has("iterator"))],
    ["iter:task_file", yes(has("iterator"))],
  ];
  return lines.map((line) => (typeof line === "string" ? line : `  ${line[0]}: ${line[1]}`)).join("\n");
}
