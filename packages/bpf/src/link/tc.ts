import { Errno } from "../kernel/errno.js";
import { interfaceIndex } from "../kernel/interface.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { AttachType } from "../uapi/attach-types.js";
import { anchorOf, type Place } from "./anchor.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";
import { attachTcFilter } from "./tc-filter.js";

/** TcOptions say at which interface, and on which way. */
export interface TcOptions {
  /** Name or number, in the network namespace of this thread. */
  readonly interface: string | number;
  readonly direction: "ingress" | "egress";
  /** Where among the programs that are there; links only. By default behind them. */
  readonly place?: Place;
  /** Refuse when the list of programs is not at this revision, 0 for any; links only. */
  readonly expectedRevision?: bigint;
  /**
   * By default a tcx link (6.6), on older kernels a filter of a clsact queueing discipline (4.5), which outlives
   * a process that is killed.
   */
  readonly way?: "link" | "filter";
  /** Of a filter: lower ones run first; by default the kernel puts it before those that are there. */
  readonly priority?: number;
}

/**
 * attachTc attaches a BPF_PROG_TYPE_SCHED_CLS program to the packets that come into or go out of an interface.
 * What it returns decides: TCX_NEXT (-1) asks the next program, TC_ACT_OK (0) passes, TC_ACT_SHOT (2) drops.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("tc") int count(struct __sk_buff *skb)
 *     using first = attachTc(object.program("count"), { interface: "eth0", direction: "ingress" });
 *     const place = { before: first };
 *     using guard = attachTc(object.program("guard"), { interface: "eth0", direction: "ingress", place });
 *     guard.update(object.program("stricter"));
 */
export function attachTc(program: Attachable, options: TcOptions): Link {
  const index = interfaceIndex(options.interface);
  const target = `interface ${options.interface} ${options.direction}`;
  const isIngress = options.direction === "ingress";
  const way = options.way ?? (kernelIsAtLeast(6, 6) ? "link" : "filter");
  if (way === "filter") return attachTcFilter(program, index, isIngress, options.priority ?? 0, target);
  const { flags, relativeFd } = anchorOf(options.place);
  const link = createLink(
    {
      prog_fd: program.fd,
      target_ifindex: index,
      attach_type: isIngress ? AttachType.BPF_TCX_INGRESS : AttachType.BPF_TCX_EGRESS,
      flags,
      tcx_relative_fd: relativeFd,
      tcx_expected_revision: options.expectedRevision ?? 0,
    },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: "6.6",
      capabilities: ["CAP_NET_ADMIN", "CAP_BPF"],
      hint: (errno) => {
        if (errno === Errno.EEXIST)
          return "the same program is there already: load it a second time, or update that link";
        if (errno === Errno.ERANGE) return "an interface has room for 64 programs each way";
        if (errno === Errno.ESTALE)
          return "the list has changed since expectedRevision was read: bpftool net shows it";
        return undefined;
      },
    },
  );
  return linkOf("tcx", target, [link]);
}

/** NetkitOptions say at which end of a netkit pair. */
export interface NetkitOptions {
  /** The primary interface's name or number, for both ends. */
  readonly interface: string | number;
  readonly end: "primary" | "peer";
  readonly place?: Place;
}

/**
 * attachNetkit attaches a BPF_PROG_TYPE_SCHED_CLS program to a netkit pair (6.7, CONFIG_NETKIT), the device made
 * for containers. Throws BpfError `not-supported` where the kernel has no such devices.
 *
 *     using link = attachNetkit(object.program("policy"), { interface: "nk0", end: "peer" });
 */
export function attachNetkit(program: Attachable, options: NetkitOptions): Link {
  const target = `interface ${options.interface} netkit ${options.end}`;
  const { flags, relativeFd } = anchorOf(options.place);
  const isPrimary = options.end === "primary";
  const link = createLink(
    {
      prog_fd: program.fd,
      target_ifindex: interfaceIndex(options.interface),
      attach_type: isPrimary ? AttachType.BPF_NETKIT_PRIMARY : AttachType.BPF_NETKIT_PEER,
      flags,
      netkit_relative_fd: relativeFd,
    },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: "6.7",
      capabilities: ["CAP_NET_ADMIN", "CAP_BPF"],
      code: "not-supported",
      hint: "the interface must be a netkit device, which a kernel from 6.7 on has with CONFIG_NETKIT=y; take attachTc on others",
    },
  );
  return linkOf("netkit", target, [link]);
}
