/**
 * KfuncTraits are what the kernel knows of its functions and BTF does not tell: KF_ACQUIRE, KF_RELEASE and KF_RET_NULL
 * are flags of tables inside the kernel.
 */
export interface KfuncTraits {
  /** acquires: the result is owned, and given back by the function named here. */
  readonly acquires?: string;
  /** releases: the first argument is given back. */
  readonly releases?: true;
  /** never: the result is never nil. */
  readonly never?: true;
}

const acquire = (release: string): KfuncTraits => ({ acquires: release });
const release: KfuncTraits = { releases: true };
const never: KfuncTraits = { never: true };

/** traits by name. Source: the BTF_ID_FLAGS tables of kernel/bpf/helpers.c, cpumask.c, crypto.c, net/netfilter, fs/bpf_fs_kfuncs.c. */
const traits: Readonly<Record<string, KfuncTraits>> = {
  bpf_task_acquire: acquire("bpf_task_release"),
  bpf_task_from_pid: acquire("bpf_task_release"),
  bpf_task_from_vpid: acquire("bpf_task_release"),
  bpf_task_release: release,
  bpf_cgroup_acquire: acquire("bpf_cgroup_release"),
  bpf_cgroup_ancestor: acquire("bpf_cgroup_release"),
  bpf_cgroup_from_id: acquire("bpf_cgroup_release"),
  bpf_task_get_cgroup1: acquire("bpf_cgroup_release"),
  bpf_cgroup_release: release,
  bpf_cpumask_create: acquire("bpf_cpumask_release"),
  bpf_cpumask_acquire: { acquires: "bpf_cpumask_release", never: true },
  bpf_cpumask_release: release,
  bpf_crypto_ctx_create: acquire("bpf_crypto_ctx_release"),
  bpf_crypto_ctx_acquire: acquire("bpf_crypto_ctx_release"),
  bpf_crypto_ctx_release: release,
  bpf_skb_ct_lookup: acquire("bpf_ct_release"),
  bpf_xdp_ct_lookup: acquire("bpf_ct_release"),
  bpf_skb_ct_alloc: acquire("bpf_ct_release"),
  bpf_xdp_ct_alloc: acquire("bpf_ct_release"),
  bpf_ct_insert_entry: { acquires: "bpf_ct_release", releases: true },
  bpf_ct_release: release,
  bpf_lookup_user_key: acquire("bpf_key_put"),
  bpf_lookup_system_key: acquire("bpf_key_put"),
  bpf_key_put: release,
  bpf_get_task_exe_file: acquire("bpf_put_file"),
  bpf_put_file: release,
  bpf_xdp_get_xfrm_state: acquire("bpf_xdp_xfrm_state_release"),
  bpf_xdp_xfrm_state_release: release,
  bpf_cast_to_kern_ctx: never,
  bpf_rdonly_cast: never,
};

/** kfuncTraits gives what is known of a function; one that is not listed neither acquires nor releases. */
export function kfuncTraits(name: string): KfuncTraits {
  return Object.hasOwn(traits, name) ? (traits[name] ?? {}) : {};
}

/** ParameterRole is what the end of a parameter's name means, as the verifier reads it (Documentation/bpf/kfuncs.rst). */
export type ParameterRole = "plain" | "any" | "text" | "size" | "map" | "constant" | "nullable" | "hidden";

/** parameterRole reads a parameter's name. */
export function parameterRole(name: string): ParameterRole {
  if (name === "meta__ign" || name.endsWith("__prog")) return "hidden";
  if (name.endsWith("__ign") || name.endsWith("__opt")) return "any";
  if (name.endsWith("__str")) return "text";
  if (name.endsWith("__sz") || name.endsWith("__szk")) return "size";
  if (name.endsWith("__map")) return "map";
  if (name.endsWith("__k")) return "constant";
  return name.endsWith("__nullable") ? "nullable" : "plain";
}
