/** Which programs may call a helper, for those people ask for most. Source: the get_func_proto functions of 6.18. */
const HOMES: readonly (readonly [pattern: RegExp, fix: string])[] = [
  [
    /^bpf_probe_write_user/,
    "this kernel may be built or booted so that programs cannot write to processes; it needs CAP_SYS_ADMIN and a tracing program",
  ],
  [
    /^bpf_probe_read|^bpf_get_stack|^bpf_get_stackid|^bpf_send_signal/,
    "use it in a tracing program: kprobe, uprobe, tracepoint, raw_tracepoint, tp_btf, perf_event, iterator",
  ],
  [/^bpf_xdp_/, "use it in an XDP program; socket and TC programs have bpf_skb_load_bytes instead"],
  [/^bpf_skb_/, "use it in a TC, socket or cgroup_skb program; XDP programs read data to data_end directly"],
  [
    /^bpf_get_func_|^bpf_get_attach_cookie/,
    "use it in a tracing program that is attached by a link with a cookie",
  ],
  [/^bpf_sys_bpf|^bpf_btf_find/, "use it in a syscall program"],
  [
    /^bpf_copy_from_user/,
    "use it in a sleepable program (`uprobe.s`, `fentry.s`, `iter.s`), or bpf_probe_read_user elsewhere",
  ],
  [/^bpf_redirect_map/, "use it in an XDP program"],
  [/^bpf_sk_assign|^bpf_sk_lookup/, "use it in a TC, XDP or sk_lookup program"],
];

/** helperFix says what to do about a helper that a program type does not have. */
export function helperFix(call: string): string {
  const row = HOMES.find(([pattern]) => pattern.test(call));
  return (
    row?.[1] ??
    `use a program type that has it: \`go3s doctor\` and \`bpftool feature probe\` list what this kernel gives to each`
  );
}
