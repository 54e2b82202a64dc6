/** ContextField is a field of a context as the program sees it. */
export interface ContextField {
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly signed?: boolean;
  readonly writable?: boolean;
}

/** ContextRow is what a kind of program gets as its parameter. */
export interface ContextRow {
  readonly name: string;
  readonly aliases: readonly string[];
  /**
   * access says where fields come from: `format` a tracepoint's format, `words` unsigned 64-bit words (`Arg`),
   * `typed` words whose types are in the kernel's BTF, `registers` struct pt_regs, `fields` the rows here,
   * `any` whatever the hook gives.
   */
  readonly access: "format" | "words" | "typed" | "registers" | "fields" | "any";
  /** registersAt is the offset of struct pt_regs, for contexts that begin with it. */
  readonly fields: readonly ContextField[];
  /** packet names the fields with the packet's bounds, when there are any. */
  readonly packet?: { readonly data: number; readonly end: number };
}

const u32 = (name: string, offset: number, writable = false): ContextField => ({
  name,
  offset,
  size: 4,
  writable,
});

// struct __sk_buff, include/uapi/linux/bpf.h
const skb: readonly ContextField[] = [
  u32("len", 0),
  u32("pkt_type", 4),
  u32("mark", 8, true),
  u32("queue_mapping", 12),
  u32("protocol", 16),
  u32("vlan_present", 20),
  u32("vlan_tci", 24),
  u32("vlan_proto", 28),
  u32("priority", 32, true),
  u32("ingress_ifindex", 36),
  u32("ifindex", 40),
  u32("tc_index", 44),
  u32("hash", 68),
  u32("tc_classid", 72),
  u32("napi_id", 84),
  u32("family", 88),
  u32("remote_ip4", 92),
  u32("local_ip4", 96),
  u32("remote_port", 132),
  u32("local_port", 136),
];

// struct xdp_md, include/uapi/linux/bpf.h
const xdp: readonly ContextField[] = [
  u32("ingress_ifindex", 12),
  u32("rx_queue_index", 16),
  u32("egress_ifindex", 20),
];

// struct bpf_perf_event_data: pt_regs, then sample_period and addr (x86-64: pt_regs is 168 bytes)
const perf: readonly ContextField[] = [
  { name: "sample_period", offset: 168, size: 8 },
  { name: "addr", offset: 176, size: 8 },
];

/** contextRows are all contexts. */
export const contextRows: readonly ContextRow[] = [
  { name: "Tracepoint", aliases: [], access: "format", fields: [] },
  { name: "RawTracepoint", aliases: [], access: "words", fields: [] },
  { name: "TracepointBTF", aliases: [], access: "typed", fields: [] },
  { name: "FEntry", aliases: [], access: "typed", fields: [] },
  { name: "FExit", aliases: [], access: "typed", fields: [] },
  { name: "Iter", aliases: [], access: "typed", fields: [] },
  { name: "KProbe", aliases: ["KProbeContext"], access: "registers", fields: [] },
  { name: "UProbe", aliases: ["UProbeContext"], access: "registers", fields: [] },
  { name: "PerfEvent", aliases: [], access: "registers", fields: perf },
  { name: "XDP", aliases: [], access: "fields", fields: xdp, packet: { data: 0, end: 4 } },
  { name: "SKB", aliases: [], access: "fields", fields: skb, packet: { data: 76, end: 80 } },
  { name: "Context", aliases: [], access: "any", fields: [] },
];

const byName = new Map(
  contextRows.flatMap((row) => [row.name, ...row.aliases].map((name) => [name, row] as const)),
);

/** contextRow finds a context by its name or an alias. */
export function contextRow(name: string): ContextRow | undefined {
  return byName.get(name);
}
