import { LinkType } from "../uapi/link-types.js";

/** LinkKind says by which way a program hangs on its hook. */
export type LinkKind =
  | "tracepoint"
  | "raw-tracepoint"
  | "tracing"
  | "perf-event"
  | "uprobe"
  | "uprobe-multi"
  | "usdt"
  | "kprobe"
  | "kprobe-multi"
  | "iterator"
  | "xdp"
  | "tcx"
  | "tc"
  | "netkit"
  | "cgroup"
  | "sockmap"
  | "netns"
  | "netfilter"
  | "socket"
  | "struct-ops"
  | "lirc";

const KINDS: ReadonlyMap<number, LinkKind> = new Map<number, LinkKind>([
  [LinkType.BPF_LINK_TYPE_RAW_TRACEPOINT, "raw-tracepoint"],
  [LinkType.BPF_LINK_TYPE_TRACING, "tracing"],
  [LinkType.BPF_LINK_TYPE_CGROUP, "cgroup"],
  [LinkType.BPF_LINK_TYPE_ITER, "iterator"],
  [LinkType.BPF_LINK_TYPE_NETNS, "netns"],
  [LinkType.BPF_LINK_TYPE_XDP, "xdp"],
  [LinkType.BPF_LINK_TYPE_PERF_EVENT, "perf-event"],
  [LinkType.BPF_LINK_TYPE_KPROBE_MULTI, "kprobe-multi"],
  [LinkType.BPF_LINK_TYPE_STRUCT_OPS, "struct-ops"],
  [LinkType.BPF_LINK_TYPE_NETFILTER, "netfilter"],
  [LinkType.BPF_LINK_TYPE_TCX, "tcx"],
  [LinkType.BPF_LINK_TYPE_UPROBE_MULTI, "uprobe-multi"],
  [LinkType.BPF_LINK_TYPE_NETKIT, "netkit"],
  [LinkType.BPF_LINK_TYPE_SOCKMAP, "sockmap"],
]);

/** kindOfLinkType gives the kind of a link that somebody else made, by the kernel's type of it. */
export function kindOfLinkType(type: number): LinkKind | undefined {
  return KINDS.get(type);
}
