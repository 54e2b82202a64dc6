import { lazily } from "../source/lazy.js";

/**
 * availability says which kinds of programs may call a helper; helpers without a row are everybody's. Kinds stand for the
 * program types of the kernel, `!` for all but these; "" is for kinds that have no row here (tp_btf, fentry, lsm, iter),
 * which may call anything as far as this table knows. Source: asked of the verifier of Linux 6.18, helper by helper
 * (bpf_func_proto of each bpf_verifier_ops).
 */
const availability: readonly (readonly [kinds: string, helpers: string])[] = [
  [
    "kprobe tracepoint perf_event raw_tp",
    "probe_read get_stackid probe_write_user probe_read_str get_stack get_func_ip get_attach_cookie",
  ],
  ["tc sk_skb lwt_xmit", "skb_store_bytes skb_change_tail skb_change_head"],
  [
    "tc lwt_xmit",
    "l3_csum_replace l4_csum_replace clone_redirect skb_get_tunnel_key skb_set_tunnel_key skb_get_tunnel_opt skb_set_tunnel_opt csum_update set_hash_invalid csum_level",
  ],
  [
    "tc",
    "skb_vlan_push skb_vlan_pop skb_change_proto skb_change_type set_hash skb_get_xfrm_state skb_cgroup_classid redirect_neigh redirect_peer skb_set_tstamp",
  ],
  ["tc xdp lwt_xmit", "redirect"],
  ["tc lwt_in lwt_out lwt_xmit lwt_seg6local", "get_route_realm skb_under_cgroup get_hash_recalc"],
  ["!flow_dissector sk_reuseport netfilter", "perf_event_output"],
  [
    "socket tc cgroup_skb sk_skb flow_dissector sk_reuseport lwt_in lwt_out lwt_xmit lwt_seg6local",
    "skb_load_bytes",
  ],
  ["tc xdp lwt_in lwt_out lwt_xmit lwt_seg6local", "csum_diff"],
  ["tc sk_skb lwt_in lwt_out lwt_xmit lwt_seg6local", "skb_pull_data"],
  [
    "xdp",
    "xdp_adjust_head redirect_map xdp_adjust_meta xdp_adjust_tail xdp_get_buff_len xdp_load_bytes xdp_store_bytes",
  ],
  ["socket tc cgroup_skb cgroup_sock sockops sk_skb cgroup_sock_addr sk_reuseport", "get_socket_cookie"],
  ["socket tc cgroup_skb sk_skb", "get_socket_uid"],
  ["sockops cgroup_sock_addr", "setsockopt getsockopt"],
  ["tc sk_skb", "skb_adjust_room"],
  ["sk_skb", "sk_redirect_map sk_redirect_hash"],
  [
    "sockops",
    "sock_map_update sock_ops_cb_flags_set sock_hash_update load_hdr_opt store_hdr_opt reserve_hdr_opt",
  ],
  ["perf_event", "perf_prog_read_value read_branch_records"],
  ["kprobe", "override_return"],
  [
    "sk_msg",
    "msg_redirect_map msg_apply_bytes msg_cork_bytes msg_pull_data msg_redirect_hash msg_push_data msg_pop_data",
  ],
  ["cgroup_sock_addr", "bind"],
  ["socket tc cgroup_skb sk_reuseport", "skb_load_bytes_relative"],
  [
    "tc xdp",
    "fib_lookup tcp_check_syncookie tcp_gen_syncookie check_mtu tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6",
  ],
  ["lwt_in lwt_xmit", "lwt_push_encap"],
  ["lwt_seg6local", "lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action"],
  [
    "",
    "rc_repeat rc_keydown rc_pointer_rel skb_output tcp_send_ack xdp_output seq_printf seq_write inode_storage_get inode_storage_delete d_path seq_printf_btf bprm_opts_set ima_inode_hash sock_from_file sys_bpf btf_find_by_name_kind sys_close kallsyms_lookup_name get_func_arg get_func_ret get_func_arg_cnt ima_file_hash",
  ],
  ["tc cgroup_skb", "skb_cgroup_id skb_ancestor_cgroup_id sk_fullsock skb_ecn_set_ce get_listener_sock"],
  [
    "cgroup_skb cgroup_sock sockops cgroup_sock_addr cgroup_device cgroup_sysctl cgroup_sockopt",
    "get_local_storage",
  ],
  ["sk_reuseport", "sk_select_reuseport"],
  ["tc xdp cgroup_skb sk_skb cgroup_sock_addr", "sk_lookup_tcp sk_lookup_udp skc_lookup_tcp"],
  ["tc xdp cgroup_skb sk_skb cgroup_sock_addr sk_lookup", "sk_release"],
  ["tc cgroup_skb sockops cgroup_sockopt", "tcp_sock"],
  ["cgroup_sysctl", "sysctl_get_name sysctl_get_current_value sysctl_get_new_value sysctl_set_new_value"],
  ["tc cgroup_skb cgroup_sock sockops sk_msg cgroup_sock_addr cgroup_sockopt", "sk_storage_get"],
  ["tc cgroup_skb sockops sk_msg cgroup_sock_addr cgroup_sockopt", "sk_storage_delete"],
  ["socket tc cgroup_skb cgroup_sock sockops sk_msg cgroup_sock_addr cgroup_sockopt", "get_netns_cookie"],
  ["tc sk_lookup", "sk_assign"],
  ["cgroup_skb", "sk_cgroup_id sk_ancestor_cgroup_id"],
  [
    "socket tc xdp cgroup_skb sockops sk_skb sk_msg cgroup_sock_addr flow_dissector sk_lookup lwt_in lwt_out lwt_xmit lwt_seg6local",
    "skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock skc_to_unix_sock skc_to_mptcp_sock",
  ],
  ["!kprobe tracepoint perf_event raw_tp cgroup_device cgroup_sockopt netfilter", "ktime_get_coarse_ns"],
  ["cgroup_sock cgroup_sock_addr cgroup_sockopt", "get_retval set_retval"],
];

/** kindsOf are the kinds of the table, by what the name of a kind of program begins with. */
const kindsOf: readonly (readonly [RegExp, string])[] = [
  [/^(k|u)(ret)?probe|^usdt|^k(ret)?syscall/, "kprobe"],
  [/^raw_tp/, "raw_tp"],
  [/^(tcx?|netkit|action)(\/|$)/, "tc"],
  [/^cgroup\/(bind|connect|sendmsg|recvmsg|getpeername|getsockname)/, "cgroup_sock_addr"],
  [/^cgroup\/(sock|post_bind)/, "cgroup_sock"],
  [/^cgroup\/[gs]etsockopt/, "cgroup_sockopt"],
  [/^cgroup\/sysctl/, "cgroup_sysctl"],
  [/^cgroup\/dev/, "cgroup_device"],
];

const kindOf = (name: string): string =>
  kindsOf.find(([pattern]) => pattern.test(name))?.[1] ?? name.split(/[./]/)[0] ?? name;

const known = lazily(
  (): ReadonlySet<string> =>
    new Set(
      availability.flatMap(([kinds]) => kinds.replace("!", "").split(" ")).filter((each) => each !== ""),
    ),
);

const rowOf = lazily(
  () => new Map(availability.flatMap(([kinds, helpers]) => helpers.split(" ").map((name) => [name, kinds]))),
);

/**
 * helperRefusal says for which kinds of programs a helper is, when a kind may not call it; undefined when it may, or
 * when nothing is known of the kind.
 */
export function helperRefusal(helper: string, kind: string): string | undefined {
  const row = rowOf().get(helper);
  const own = kindOf(kind);
  if (row === undefined || !known().has(own)) return undefined;
  if (row === "") return "it is for BTF programs such as @tp_btf and @fentry";
  const kinds = row.replace("!", "").split(" ");
  const excluded = row.startsWith("!");
  if (kinds.includes(own) !== excluded) return undefined;
  // What control groups' programs may call differs from hook to hook; the verifier was asked for one of each type.
  const ofGroups = (each: string): boolean => each.startsWith("cgroup_") && each !== "cgroup_skb";
  if (ofGroups(own) && kinds.some(ofGroups) && !excluded) return undefined;
  const names = kinds.map((each) => (each === "kprobe" ? "@kprobe, @uprobe" : `@${each}`)).join(", ");
  return excluded ? `it is for all programs but ${names}` : `it is for ${names} programs`;
}
