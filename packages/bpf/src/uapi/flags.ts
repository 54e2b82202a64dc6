/** MapFlag holds the flags of BPF_MAP_CREATE. Source: include/uapi/linux/bpf.h. */
export const MapFlag = {
  BPF_F_NO_PREALLOC: 1 << 0,
  BPF_F_NO_COMMON_LRU: 1 << 1,
  BPF_F_NUMA_NODE: 1 << 2,
  BPF_F_RDONLY: 1 << 3,
  BPF_F_WRONLY: 1 << 4,
  BPF_F_STACK_BUILD_ID: 1 << 5,
  BPF_F_ZERO_SEED: 1 << 6,
  BPF_F_RDONLY_PROG: 1 << 7,
  BPF_F_WRONLY_PROG: 1 << 8,
  BPF_F_CLONE: 1 << 9,
  /** Array maps, 5.5. */
  BPF_F_MMAPABLE: 1 << 10,
  BPF_F_PRESERVE_ELEMS: 1 << 11,
  BPF_F_INNER_MAP: 1 << 12,
  /** Tables of functions that are attached by a link, 6.4. */
  BPF_F_LINK: 1 << 13,
  /** The value's type is a module's, 6.9. */
  BPF_F_VTYPE_BTF_OBJ_FD: 1 << 15,
} as const;

/** UpdateFlag says when an update is allowed. Source: include/uapi/linux/bpf.h. */
export const UpdateFlag = {
  BPF_ANY: 0,
  BPF_NOEXIST: 1,
  BPF_EXIST: 2,
  /** 5.1, for values with a bpf_spin_lock. */
  BPF_F_LOCK: 4,
  /** 7.0: one processor's value, whose number stands in the upper 32 bits. */
  BPF_F_CPU: 8,
  /** 7.0: the same value for all processors. */
  BPF_F_ALL_CPUS: 16,
} as const;

/** UpdateFlags is a combination of UpdateFlag bits. */
export type UpdateFlags = number;

/** ProgramFlag holds the flags of BPF_PROG_LOAD. Source: include/uapi/linux/bpf.h. */
export const ProgramFlag = {
  BPF_F_STRICT_ALIGNMENT: 1 << 0,
  BPF_F_ANY_ALIGNMENT: 1 << 1,
  BPF_F_TEST_RND_HI32: 1 << 2,
  BPF_F_TEST_STATE_FREQ: 1 << 3,
  BPF_F_SLEEPABLE: 1 << 4,
  BPF_F_XDP_HAS_FRAGS: 1 << 5,
} as const;

/** RingBufferFlag holds the flags of ring-buffer submit and discard. Source: include/uapi/linux/bpf.h. */
export const RingBufferFlag = { BPF_RB_NO_WAKEUP: 1, BPF_RB_FORCE_WAKEUP: 2 } as const;

/** AttachFlag holds the flags of attaching and of links. Source: include/uapi/linux/bpf.h. */
export const AttachFlag = {
  BPF_F_ALLOW_OVERRIDE: 1 << 0,
  /** Several programs in one cgroup, 4.15; links imply it. */
  BPF_F_ALLOW_MULTI: 1 << 1,
  /** Replace what is named instead of adding, 5.6; of BPF_LINK_UPDATE: only when the old program is this. */
  BPF_F_REPLACE: 1 << 2,
  /** Run before or after what is named, 6.6 for tcx, 6.17 for cgroups. */
  BPF_F_BEFORE: 1 << 3,
  BPF_F_AFTER: 1 << 4,
  /** What is named is given by id. */
  BPF_F_ID: 1 << 5,
  /** What is named is a link, not a program. Of a struct_ops map: it is registered by a link, 6.4. */
  BPF_F_LINK: 1 << 13,
} as const;
