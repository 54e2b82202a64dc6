import { Errno } from "../kernel/errno.js";
import { openNetworkNamespace } from "../kernel/namespace.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";

/** NetnsOptions say for which network namespace, and at which of its hooks. */
export interface NetnsOptions {
  /** `/proc/PID/ns/net` or `/run/netns/NAME`; by default the namespace of this thread. */
  readonly path?: string;
  /** sk_lookup: which socket a packet goes to (5.9); flow_dissector: how packets are taken apart (5.8). */
  readonly hook: "sk_lookup" | "flow_dissector";
}

/**
 * attachNetns attaches a BPF_PROG_TYPE_SK_LOOKUP or BPF_PROG_TYPE_FLOW_DISSECTOR program to a network namespace.
 * A namespace has one flow dissector and many sk_lookup programs. Throws BpfError.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("sk_lookup") int choose(struct bpf_sk_lookup *ctx)
 *     using link = attachNetns(object.program("choose"), { hook: "sk_lookup" });
 *     link.info(); // { kind: "netns", namespaceInode: 4026531840, attachType: 36, ... }
 */
export function attachNetns(program: Attachable, options: NetnsOptions): Link {
  const isLookup = options.hook === "sk_lookup";
  using namespace = openNetworkNamespace(options.path);
  const target = `${namespace.what} ${options.hook}`;
  const link = createLink(
    {
      prog_fd: program.fd,
      target_fd: namespace.number,
      attach_type: isLookup ? AttachType.BPF_SK_LOOKUP : AttachType.BPF_FLOW_DISSECTOR,
    },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: isLookup ? "5.9" : "5.8",
      capabilities: ["CAP_NET_ADMIN", "CAP_BPF"],
      // E2BIG says that there is no more room: for 64 sk_lookup programs, for one flow dissector.
      code: (errno) => (errno === Errno.E2BIG || errno === Errno.EEXIST ? "already-exists" : undefined),
      hint: (errno) => {
        if (errno !== Errno.EEXIST && errno !== Errno.E2BIG) return undefined;
        if (isLookup) return "a namespace has room for 64 sk_lookup programs: bpftool net shows them";
        return "there is a flow dissector in this or in the first namespace: bpftool net shows it";
      },
    },
  );
  return linkOf("netns", target, [link]);
}
