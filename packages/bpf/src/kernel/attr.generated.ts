/**
 * The fields of union bpf_attr by command: byte offset and size, generated with pahole from the BTF of
 * Linux 6.18 (include/uapi/linux/bpf.h). `bytes` is what is passed to bpf(2): older kernels take a longer
 * attr as long as what they do not know is zero.
 */
export const MAP_CREATE_ATTR = {
  bytes: 80,
  fields: {
    map_type: [0, 4],
    key_size: [4, 4],
    value_size: [8, 4],
    max_entries: [12, 4],
    map_flags: [16, 4],
    inner_map_fd: [20, 4],
    numa_node: [24, 4],
    map_name: [28, 16],
    map_ifindex: [44, 4],
    btf_fd: [48, 4],
    btf_key_type_id: [52, 4],
    btf_value_type_id: [56, 4],
    btf_vmlinux_value_type_id: [60, 4],
    map_extra: [64, 8],
    value_type_btf_obj_fd: [72, 4],
    map_token_fd: [76, 4],
  },
} as const;

export const MAP_ELEM_ATTR = {
  bytes: 32,
  fields: {
    map_fd: [0, 4],
    key: [8, 8],
    value: [16, 8],
    next_key: [16, 8],
    flags: [24, 8],
  },
} as const;

export const BATCH_ATTR = {
  bytes: 56,
  fields: {
    in_batch: [0, 8],
    out_batch: [8, 8],
    keys: [16, 8],
    values: [24, 8],
    count: [32, 4],
    map_fd: [36, 4],
    elem_flags: [40, 8],
    flags: [48, 8],
  },
} as const;

export const PROG_LOAD_ATTR = {
  bytes: 152,
  fields: {
    prog_type: [0, 4],
    insn_cnt: [4, 4],
    insns: [8, 8],
    license: [16, 8],
    log_level: [24, 4],
    log_size: [28, 4],
    log_buf: [32, 8],
    kern_version: [40, 4],
    prog_flags: [44, 4],
    prog_name: [48, 16],
    prog_ifindex: [64, 4],
    expected_attach_type: [68, 4],
    prog_btf_fd: [72, 4],
    func_info_rec_size: [76, 4],
    func_info: [80, 8],
    func_info_cnt: [88, 4],
    line_info_rec_size: [92, 4],
    line_info: [96, 8],
    line_info_cnt: [104, 4],
    attach_btf_id: [108, 4],
    attach_prog_fd: [112, 4],
    attach_btf_obj_fd: [112, 4],
    core_relo_cnt: [116, 4],
    fd_array: [120, 8],
    core_relos: [128, 8],
    core_relo_rec_size: [136, 4],
    log_true_size: [140, 4],
    prog_token_fd: [144, 4],
    fd_array_cnt: [148, 4],
  },
} as const;

export const OBJ_ATTR = {
  bytes: 24,
  fields: {
    pathname: [0, 8],
    bpf_fd: [8, 4],
    file_flags: [12, 4],
    path_fd: [16, 4],
  },
} as const;

export const PROG_ATTACH_ATTR = {
  bytes: 32,
  fields: {
    target_fd: [0, 4],
    target_ifindex: [0, 4],
    attach_bpf_fd: [4, 4],
    attach_type: [8, 4],
    attach_flags: [12, 4],
    replace_bpf_fd: [16, 4],
    relative_fd: [20, 4],
    relative_id: [20, 4],
    expected_revision: [24, 8],
  },
} as const;

export const TEST_ATTR = {
  bytes: 80,
  fields: {
    prog_fd: [0, 4],
    retval: [4, 4],
    data_size_in: [8, 4],
    data_size_out: [12, 4],
    data_in: [16, 8],
    data_out: [24, 8],
    repeat: [32, 4],
    duration: [36, 4],
    ctx_size_in: [40, 4],
    ctx_size_out: [44, 4],
    ctx_in: [48, 8],
    ctx_out: [56, 8],
    flags: [64, 4],
    cpu: [68, 4],
    batch_size: [72, 4],
  },
} as const;

export const GET_ID_ATTR = {
  bytes: 16,
  fields: {
    start_id: [0, 4],
    prog_id: [0, 4],
    map_id: [0, 4],
    btf_id: [0, 4],
    link_id: [0, 4],
    next_id: [4, 4],
    open_flags: [8, 4],
    fd_by_id_token_fd: [12, 4],
  },
} as const;

export const INFO_ATTR = {
  bytes: 16,
  fields: {
    bpf_fd: [0, 4],
    info_len: [4, 4],
    info: [8, 8],
  },
} as const;

export const QUERY_ATTR = {
  bytes: 64,
  fields: {
    target_fd: [0, 4],
    target_ifindex: [0, 4],
    attach_type: [4, 4],
    query_flags: [8, 4],
    attach_flags: [12, 4],
    prog_ids: [16, 8],
    prog_cnt: [24, 4],
    count: [24, 4],
    prog_attach_flags: [32, 8],
    link_ids: [40, 8],
    link_attach_flags: [48, 8],
    revision: [56, 8],
  },
} as const;

export const RAW_TRACEPOINT_ATTR = {
  bytes: 24,
  fields: {
    name: [0, 8],
    prog_fd: [8, 4],
    cookie: [16, 8],
  },
} as const;

export const BTF_LOAD_ATTR = {
  bytes: 40,
  fields: {
    btf: [0, 8],
    btf_log_buf: [8, 8],
    btf_size: [16, 4],
    btf_log_size: [20, 4],
    btf_log_level: [24, 4],
    btf_log_true_size: [28, 4],
    btf_flags: [32, 4],
    btf_token_fd: [36, 4],
  },
} as const;

export const TASK_FD_QUERY_ATTR = {
  bytes: 48,
  fields: {
    pid: [0, 4],
    fd: [4, 4],
    flags: [8, 4],
    buf_len: [12, 4],
    buf: [16, 8],
    prog_id: [24, 4],
    fd_type: [28, 4],
    probe_offset: [32, 8],
    probe_addr: [40, 8],
  },
} as const;

export const LINK_CREATE_ATTR = {
  bytes: 64,
  fields: {
    prog_fd: [0, 4],
    map_fd: [0, 4],
    target_fd: [4, 4],
    target_ifindex: [4, 4],
    attach_type: [8, 4],
    flags: [12, 4],
    target_btf_id: [16, 4],
    iter_info: [16, 8],
    iter_info_len: [24, 4],
    perf_event_bpf_cookie: [16, 8],
    kprobe_multi_flags: [16, 4],
    kprobe_multi_cnt: [20, 4],
    kprobe_multi_syms: [24, 8],
    kprobe_multi_addrs: [32, 8],
    kprobe_multi_cookies: [40, 8],
    tracing_target_btf_id: [16, 4],
    tracing_cookie: [24, 8],
    netfilter_pf: [16, 4],
    netfilter_hooknum: [20, 4],
    netfilter_priority: [24, 4],
    netfilter_flags: [28, 4],
    tcx_relative_fd: [16, 4],
    tcx_relative_id: [16, 4],
    tcx_expected_revision: [24, 8],
    uprobe_multi_path: [16, 8],
    uprobe_multi_offsets: [24, 8],
    uprobe_multi_ref_ctr_offsets: [32, 8],
    uprobe_multi_cookies: [40, 8],
    uprobe_multi_cnt: [48, 4],
    uprobe_multi_flags: [52, 4],
    uprobe_multi_pid: [56, 4],
    netkit_relative_fd: [16, 4],
    netkit_relative_id: [16, 4],
    netkit_expected_revision: [24, 8],
    cgroup_relative_fd: [16, 4],
    cgroup_relative_id: [16, 4],
    cgroup_expected_revision: [24, 8],
  },
} as const;

export const LINK_UPDATE_ATTR = {
  bytes: 16,
  fields: {
    link_fd: [0, 4],
    new_prog_fd: [4, 4],
    new_map_fd: [4, 4],
    flags: [8, 4],
    old_prog_fd: [12, 4],
    old_map_fd: [12, 4],
  },
} as const;

export const LINK_DETACH_ATTR = {
  bytes: 8,
  fields: {
    link_fd: [0, 4],
  },
} as const;

export const ENABLE_STATS_ATTR = {
  bytes: 8,
  fields: {
    type: [0, 4],
  },
} as const;

export const ITER_CREATE_ATTR = {
  bytes: 8,
  fields: {
    link_fd: [0, 4],
    flags: [4, 4],
  },
} as const;

export const PROG_BIND_MAP_ATTR = {
  bytes: 16,
  fields: {
    prog_fd: [0, 4],
    map_fd: [4, 4],
    flags: [8, 4],
  },
} as const;

export const TOKEN_CREATE_ATTR = {
  bytes: 8,
  fields: {
    flags: [0, 4],
    bpffs_fd: [4, 4],
  },
} as const;

export const PROG_STREAM_READ_ATTR = {
  bytes: 24,
  fields: {
    stream_buf: [0, 8],
    stream_buf_len: [8, 4],
    stream_id: [12, 4],
    prog_fd: [16, 4],
  },
} as const;
