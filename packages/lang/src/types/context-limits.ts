import type { ProgramKind } from "./program-kind.js";

const addresses = "family remote_ip4 local_ip4 remote_ip6 local_ip6 remote_port local_port";

/** Limits are the fields of a shared context that a kind of program may not read, and those it may write. */
interface Limits {
  readonly hidden: string;
  readonly written: string;
}

/**
 * skb by family: one context, looked at by is_valid_access functions of their own in net/core/filter.c.
 * Written fields are a part of those that any family may write.
 */
const skb: Readonly<Record<string, Limits>> = {
  tc: { hidden: addresses, written: "mark tc_index priority cb tc_classid tstamp queue_mapping" },
  socket: { hidden: `tc_classid tstamp wire_len hwtstamp ${addresses}`, written: "cb" },
  cgroup_skb: { hidden: "tc_classid wire_len", written: "mark priority cb tstamp" },
  sk_skb: { hidden: "tc_classid tstamp wire_len hwtstamp", written: "tc_index priority" },
  flow_dissector: {
    hidden: `len pkt_type mark queue_mapping protocol vlan_present vlan_tci vlan_proto priority ingress_ifindex ifindex
      tc_index cb hash tc_classid napi_id tstamp wire_len gso_segs gso_size hwtstamp sk ${addresses}`,
    written: "",
  },
};
const tunnel: Limits = {
  hidden: `tc_classid tstamp wire_len hwtstamp ${addresses}`,
  written: "mark priority cb",
};

/** sockAddr: each hook has the addresses of its own family. */
function sockAddrHidden(kind: string): string {
  const other = kind.endsWith("4")
    ? "user_ip6"
    : kind.endsWith("6")
      ? "user_ip4"
      : "user_ip4 user_ip6 user_port";
  const source =
    kind === "cgroup/sendmsg4"
      ? "msg_src_ip6"
      : kind === "cgroup/sendmsg6"
        ? "msg_src_ip4"
        : "msg_src_ip4 msg_src_ip6";
  return `${other} ${source}`;
}

/** sockHidden: what a socket is bound to is known behind bind, what it is marked with may be set when it is made. */
function sockHidden(kind: string): string {
  if (kind === "cgroup/post_bind4") return "bound_dev_if mark priority src_ip6";
  if (kind === "cgroup/post_bind6") return "bound_dev_if mark priority src_ip4";
  return "src_ip4 src_ip6 src_port";
}

function limitsOf(kind: ProgramKind): Limits | undefined {
  const family = kind.family ?? kind.name;
  if (kind.context === "SKB") return skb[family] ?? (family.startsWith("lwt_") ? tunnel : undefined);
  if (kind.context === "SockAddr") return { hidden: sockAddrHidden(kind.name), written: "*" };
  if (kind.context === "Sock") return { hidden: sockHidden(kind.name), written: "*" };
  // The device a packet leaves by is known behind a redirect only.
  if (kind.context === "XDP" && !kind.name.endsWith("/devmap"))
    return { hidden: "egress_ifindex", written: "*" };
  return undefined;
}

const has = (words: string, name: string): boolean => words.split(/\s+/).includes(name);

/** isHidden tells whether a kind of program may not look at a field of its context. */
export function isHidden(kind: ProgramKind | undefined, field: string): boolean {
  const limits = kind === undefined ? undefined : limitsOf(kind);
  return limits !== undefined && has(limits.hidden, field);
}

/** mayWrite tells whether a kind of program may write a field that some may. */
export function mayWrite(kind: ProgramKind | undefined, field: string): boolean {
  const limits = kind === undefined ? undefined : limitsOf(kind);
  return limits === undefined || limits.written === "*" || has(limits.written, field);
}
