import { BpfError } from "../errors.js";
import type { Place } from "../link/anchor.js";
import type { NetfilterOptions } from "../link/netfilter.js";
import type { PerfEventOptions } from "../link/perf-event.js";
import type { XdpModeName } from "../link/xdp.js";
import type { ProgramSpec } from "./spec.js";

/** SectionOptions add what a section's name cannot say; each is for the hooks that need it. */
export interface SectionOptions {
  /** XDP, tc, netkit: the network interface's name or number. */
  readonly interface?: string | number;
  /** tc and cgroup_skb programs whose section names no direction. */
  readonly direction?: "ingress" | "egress";
  readonly xdpMode?: XdpModeName;
  /** tc and cgroup programs: where among those that are there. */
  readonly place?: Place;
  /** cgroup programs and sockops: the cgroup's folder. */
  readonly cgroup?: string;
  /** sk_lookup, flow_dissector: the network namespace's path; by default this thread's. */
  readonly networkNamespace?: string;
  /** sk_msg, sk_skb: the map of sockets. Iterators over a map's elements: the map. */
  readonly map?: { readonly fd: number };
  /** Socket filters and sk_reuseport: the socket's descriptor. */
  readonly socket?: number;
  readonly netfilter?: NetfilterOptions;
  /** Perf events; by default the processors' clock, 99 times a second. */
  readonly perfEvent?: PerfEventOptions;
  /** uprobes and USDT: only this process. Perf events, task iterators: only this one. */
  readonly pid?: number;
  /** uprobes and USDT whose section names no file: the file, and the function or `provider:name`. */
  readonly path?: string;
  readonly symbol?: string;
  /** What bpf_get_attach_cookie() gives, where the hook has it. */
  readonly cookie?: bigint;
  /** lirc: the receiver's device file. */
  readonly device?: string;
}

/** incomplete says that a section's name does not say all, and what else is needed. */
export function incomplete(spec: ProgramSpec, hint: string): never {
  throw new BpfError(
    "bad-argument",
    `section "${spec.section}" does not say all that attaching "${spec.name}" needs`,
    { hint },
  );
}

/** needed gives an option, or says that it is needed. */
export function needed<K extends keyof SectionOptions>(
  spec: ProgramSpec,
  options: SectionOptions,
  key: K,
): NonNullable<SectionOptions[K]> {
  const value = options[key];
  if (value !== undefined) return value;
  return incomplete(spec, `give options.${key}`);
}
