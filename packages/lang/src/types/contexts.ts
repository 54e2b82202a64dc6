import type { ContextField, ContextRow } from "./context-row.js";
import { fieldsOf, networkContexts } from "./network-contexts.js";

// struct __sk_buff, include/uapi/linux/bpf.h
const skb =
  fieldsOf(`len:4 pkt_type:4 mark:4= queue_mapping:4= protocol:4 vlan_present:4 vlan_tci:4 vlan_proto:4
  priority:4= ingress_ifindex:4 ifindex:4 tc_index:4= cb:4x5= hash:4 tc_classid:4= @84 napi_id:4 family:4 remote_ip4:4
  local_ip4:4 remote_ip6:4x4 local_ip6:4x4 remote_port:4 local_port:4 @152 tstamp:8= wire_len:4 gso_segs:4
  sk:*bpf_sock gso_size:4 @184 hwtstamp:8`);

// struct xdp_md, include/uapi/linux/bpf.h
const xdp = fieldsOf("@12 ingress_ifindex:4 rx_queue_index:4 egress_ifindex:4");

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
  { name: "FModRet", aliases: [], access: "typed", fields: [] },
  { name: "LSM", aliases: [], access: "typed", fields: [] },
  { name: "Netfilter", aliases: [], access: "typed", fields: [] },
  { name: "FReplace", aliases: [], access: "words", fields: [] },
  { name: "Syscall", aliases: [], access: "words", fields: [] },
  { name: "USDT", aliases: [], access: "registers", fields: [] },
  ...networkContexts,
  { name: "Context", aliases: [], access: "any", fields: [] },
];

const byName = new Map(
  contextRows.flatMap((row) => [row.name, ...row.aliases].map((name) => [name, row] as const)),
);

/** contextRow finds a context by its name or an alias. */
export function contextRow(name: string): ContextRow | undefined {
  return byName.get(name);
}
