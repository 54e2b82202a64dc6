import { Errno } from "../kernel/errno.js";
import { duplicateDescriptor } from "../kernel/fd.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";
import { attachByCall } from "./prog-attach.js";

/** SOCKMAP_HOOKS are what can be attached to a map of sockets, with the attach type. */
export const SOCKMAP_HOOKS = {
  /** sk_msg programs: what a socket of the map is about to send (4.17). */
  msg_verdict: AttachType.BPF_SK_MSG_VERDICT,
  /** sk_skb programs: where a message ends in what was received (4.14), and where it goes. */
  stream_parser: AttachType.BPF_SK_SKB_STREAM_PARSER,
  stream_verdict: AttachType.BPF_SK_SKB_STREAM_VERDICT,
  /** sk_skb programs: where received data goes, without a parser, also for UDP and Unix sockets (5.13). */
  verdict: AttachType.BPF_SK_SKB_VERDICT,
} as const;

/** SockmapHook is a name of SOCKMAP_HOOKS. */
export type SockmapHook = keyof typeof SOCKMAP_HOOKS;

function isHook(name: string): name is SockmapHook {
  return Object.hasOwn(SOCKMAP_HOOKS, name);
}

/** sockmapHookOf gives the hook of an attach type, undefined for those of no map of sockets. */
export function sockmapHookOf(attachType: number): SockmapHook | undefined {
  return Object.keys(SOCKMAP_HOOKS)
    .filter(isHook)
    .find((name) => SOCKMAP_HOOKS[name] === attachType);
}

/** SockmapOptions say to which map of sockets, and at which hook. */
export interface SockmapOptions {
  /** A map of type SOCKMAP or SOCKHASH; the program runs for the sockets that are put into it afterwards. */
  readonly map: { readonly fd: number };
  readonly hook: SockmapHook;
  /** By default a link (6.10), on older kernels BPF_PROG_ATTACH, which lasts as long as the map. */
  readonly way?: "link" | "call";
}

/**
 * attachSockmap attaches an sk_msg or sk_skb program to a map of sockets. Attach the program first, then put
 * sockets into the map: the key, and the socket's descriptor as 4 bytes. Throws BpfError.
 *
 *     using object = loadObject(readObject(bytes)); // SEC("sk_msg") int verdict(struct sk_msg_md *msg)
 *     const map = object.map("sockets"); // BPF_MAP_TYPE_SOCKMAP
 *     using link = attachSockmap(object.program("verdict"), { map, hook: "msg_verdict" });
 *     map.update(u32Bytes(0), u32Bytes(socketFd));
 */
export function attachSockmap(program: Attachable, options: SockmapOptions): Link {
  const { map, hook } = options;
  const attachType = SOCKMAP_HOOKS[hook];
  const target = `the ${hook} of a map of sockets`;
  const capabilities = ["CAP_NET_ADMIN", "CAP_BPF"] as const;
  const way = options.way ?? (kernelIsAtLeast(6, 10) ? "link" : "call");
  if (way === "call") {
    const holder = duplicateDescriptor(map.fd, "map of sockets");
    return attachByCall(program, {
      kind: "sockmap",
      target,
      attachType,
      holder,
      flags: 0,
      capabilities,
      hasMany: false,
    });
  }
  const link = createLink(
    { prog_fd: program.fd, target_fd: map.fd, attach_type: attachType },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: "6.10",
      capabilities,
      hint: (errno) => {
        if (errno === Errno.EBUSY)
          return "this map has a program at that hook, or a verdict with and one without a parser";
        if (errno === Errno.EINVAL)
          return "the map must be a SOCKMAP or SOCKHASH, the program loaded for this hook";
        return undefined;
      },
    },
  );
  return linkOf("sockmap", target, [link]);
}
