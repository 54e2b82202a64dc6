import { Errno } from "../kernel/errno.js";
import { interfaceIndex } from "../kernel/interface.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";
import { attachXdpByNetlink } from "./xdp-netlink.js";

/** XdpMode says where packets meet the program. Source: XDP_FLAGS_* of include/uapi/linux/if_link.h. */
export const XdpMode = {
  /** In the kernel's receive path, on any interface, after the driver has made its buffers. */
  generic: 1 << 1,
  /** In the driver, before anything else; refused where the driver has no XDP. */
  native: 1 << 2,
  /** In the network card; the program must have been loaded for that card. */
  offload: 1 << 3,
} as const;

/** XdpModeName is one of the names of XdpMode. */
export type XdpModeName = keyof typeof XdpMode;

/** XdpOptions say on which interface packets are to be met, and where. */
export interface XdpOptions {
  /** Name or number, in the network namespace of this thread. */
  readonly interface: string | number;
  /** By default the kernel takes the driver's where it has it, else the generic one. */
  readonly mode?: XdpModeName;
  /** By default a link (5.9), on older kernels rtnetlink (4.8), which outlives a process that is killed. */
  readonly way?: "link" | "netlink";
}

function hintOf(errno: number, mode: XdpModeName | undefined): string | undefined {
  if (errno === Errno.EBUSY || errno === Errno.EEXIST) {
    return "another XDP program is there: detach it (ip link set dev NAME xdp off), or use a dispatcher";
  }
  if (mode === "offload") return "load the program for a card that runs XDP itself, or take mode native";
  if (mode === "native" && (errno === Errno.EOPNOTSUPP || errno === Errno.EINVAL)) {
    return "this driver has no XDP, or not with these settings (MTU, LRO): take mode generic";
  }
  return undefined;
}

/**
 * attachXdp attaches a BPF_PROG_TYPE_XDP program to a network interface, which meets each packet that comes in
 * before the network stack does. Throws BpfError `not-found`, `not-supported`, `permission-denied`.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("xdp") int drop(struct xdp_md *ctx)
 *     using link = attachXdp(object.program("drop"), { interface: "eth0", mode: "generic" });
 *     link.update(object.program("pass")); // no packet is missed
 *     link.info(); // { kind: "xdp", interfaceIndex: 2, programId: 77, ... }
 *     link.pin("/sys/fs/bpf/drop"); // stays when this process ends
 */
export function attachXdp(program: Attachable, options: XdpOptions): Link {
  const index = interfaceIndex(options.interface);
  const target = `interface ${options.interface} xdp${options.mode === undefined ? "" : ` ${options.mode}`}`;
  const flags = options.mode === undefined ? 0 : XdpMode[options.mode];
  const way = options.way ?? (kernelIsAtLeast(5, 9) ? "link" : "netlink");
  if (way === "netlink") return attachXdpByNetlink(program, index, flags, target);
  const values = { prog_fd: program.fd, target_ifindex: index, attach_type: AttachType.BPF_XDP, flags };
  const link = createLink(values, {
    tried: `attach program "${program.name}" to ${target}`,
    since: "5.9",
    capabilities: ["CAP_NET_ADMIN", "CAP_BPF"],
    hint: (errno) => hintOf(errno, options.mode),
  });
  return linkOf("xdp", target, [link]);
}
