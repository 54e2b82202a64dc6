import { Errno } from "../kernel/errno.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";

/** NetfilterHook are the places where netfilter looks at packets. Source: enum nf_inet_hooks. */
export const NetfilterHook = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** NFPROTO_IPV4 and NFPROTO_IPV6 of include/uapi/linux/netfilter.h. */
const FAMILIES = { ipv4: 2, ipv6: 10 } as const;

/** BPF_NETFILTER_F_IP_DEFRAG of include/uapi/linux/bpf.h. */
const DEFRAGMENT = 1;

/** NetfilterOptions say for which packets, and when among the other users of netfilter. */
export interface NetfilterOptions {
  readonly family: keyof typeof FAMILIES;
  readonly hook: keyof typeof NetfilterHook;
  /** Lower runs first: iptables' filter tables are at 0, connection tracking at -200. No two may be the same. */
  readonly priority: number;
  /** Put fragments together first (6.6); the priority must be above -400 then. */
  readonly defragment?: boolean;
}

/**
 * attachNetfilter attaches a BPF_PROG_TYPE_NETFILTER program (6.4, CONFIG_NETFILTER_BPF_LINK) in the network
 * namespace of this thread. It returns NF_ACCEPT (1) or NF_DROP (0). Throws BpfError.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("netfilter") int guard(struct bpf_nf_ctx *ctx)
 *     const where = { family: "ipv4", hook: "input", priority: -10 } as const;
 *     using link = attachNetfilter(object.program("guard"), where);
 */
export function attachNetfilter(program: Attachable, options: NetfilterOptions): Link {
  const { family, hook, priority, defragment } = options;
  const target = `netfilter ${family} ${hook} at priority ${priority}`;
  const link = createLink(
    {
      prog_fd: program.fd,
      attach_type: AttachType.BPF_NETFILTER,
      netfilter_pf: FAMILIES[family],
      netfilter_hooknum: NetfilterHook[hook],
      netfilter_priority: priority,
      netfilter_flags: defragment ? DEFRAGMENT : 0,
    },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: defragment ? "6.6" : "6.4",
      capabilities: ["CAP_NET_ADMIN", "CAP_BPF"],
      hint: (errno) => {
        if (errno === Errno.EBUSY) return "another program has this priority here: take another one";
        if (errno === Errno.ERANGE) return "the very first and the very last priority are the kernel's own";
        if (errno === Errno.ENOENT || errno === Errno.EAFNOSUPPORT) {
          return "the kernel lacks CONFIG_NF_DEFRAG_IPV4 or _IPV6, or the protocol";
        }
        return undefined;
      },
    },
  );
  return linkOf("netfilter", target, [link]);
}
