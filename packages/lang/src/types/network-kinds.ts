import type { ProgramKind } from "./program-kind.js";

/** named is a kind whose section is its name: libbpf's section_defs. */
const named = (
  name: string,
  family: string,
  context: string,
  more: Partial<ProgramKind> = {},
): ProgramKind => ({
  name,
  aliases: [],
  family,
  target: "none",
  section: () => name,
  context,
  ...more,
});

// What programs may return: check_return_code in kernel/bpf/verifier.c.
const yesNo = { low: 0, high: 1 } as const;
const always = { low: 1, high: 1 } as const;
/** passing kinds let things pass with 1. */
const passing = { returns: yesNo, pass: 1 } as const;

const sockAddr = (hook: string, returns: ProgramKind["returns"] = yesNo): ProgramKind =>
  named(`cgroup/${hook}`, "cgroup_sock_addr", "SockAddr", { returns, pass: 1 });

const each = <T>(names: string, make: (name: string) => T): T[] => names.split(" ").map(make);

/** networkKinds are the programs of sockets, packets and control groups. */
export const networkKinds: readonly ProgramKind[] = [
  named("cgroup_skb/ingress", "cgroup_skb", "SKB", passing),
  named("cgroup_skb/egress", "cgroup_skb", "SKB", { returns: { low: 0, high: 3 }, pass: 1 }),
  ...each("bind4 bind6", (hook) => sockAddr(hook, { low: 0, high: 3 })),
  ...each("connect4 connect6 connect_unix sendmsg4 sendmsg6 sendmsg_unix", (hook) => sockAddr(hook)),
  ...each(
    "recvmsg4 recvmsg6 recvmsg_unix getpeername4 getpeername6 getpeername_unix getsockname4 getsockname6 getsockname_unix",
    (hook) => sockAddr(hook, always),
  ),
  ...each("sock sock_create sock_release post_bind4 post_bind6", (hook) =>
    named(`cgroup/${hook}`, "cgroup_sock", "Sock", passing),
  ),
  ...each("getsockopt setsockopt", (hook) => named(`cgroup/${hook}`, "cgroup_sockopt", "SockOpt", passing)),
  named("cgroup/sysctl", "cgroup_sysctl", "Sysctl", passing),
  named("cgroup/dev", "cgroup_device", "Device", { ...passing, aliases: ["cgroup/device"] }),
  named("sockops", "sockops", "SockOps", { ...passing, aliases: ["sock_ops"] }),
  named("sk_msg", "sk_msg", "SkMsg", { pass: 1 }),
  named("sk_skb", "sk_skb", "SKB", { pass: 1 }),
  named("sk_skb/stream_parser", "sk_skb", "SKB"),
  named("sk_skb/stream_verdict", "sk_skb", "SKB", { pass: 1 }),
  named("sk_skb/verdict", "sk_skb", "SKB", { pass: 1 }),
  named("sk_lookup", "sk_lookup", "SkLookup", passing),
  named("sk_reuseport", "sk_reuseport", "SkReuseport", { pass: 1 }),
  named("sk_reuseport/migrate", "sk_reuseport", "SkReuseport", { pass: 1 }),
  named("flow_dissector", "flow_dissector", "SKB"),
  ...each("tc/ingress tc/egress tcx/ingress tcx/egress netkit/primary netkit/peer", (name) =>
    named(name, "tc", "SKB"),
  ),
  named("action", "tc", "SKB"),
  ...each("xdp.frags xdp/devmap xdp/cpumap xdp.frags/devmap xdp.frags/cpumap", (name) =>
    named(name, "xdp", "XDP", { nests: false, pass: 2 }),
  ),
  ...each("lwt_in lwt_out lwt_xmit", (name) => named(name, name, "SKB")),
  named("netfilter", "netfilter", "Netfilter", passing),
];
