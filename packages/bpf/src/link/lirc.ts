import { openPath } from "../kernel/open.js";
import { AttachType } from "../uapi/attach-types.js";
import type { Attachable, Link } from "./link.js";
import { attachByCall } from "./prog-attach.js";

/**
 * attachLirc attaches a BPF_PROG_TYPE_LIRC_MODE2 program to an infrared receiver, `/dev/lirc0` (4.18,
 * CONFIG_BPF_LIRC_MODE2). The kernel has no link for it: close() takes it off. Throws BpfError `not-found`.
 *
 *     using link = attachLirc(object.program("decode"), { device: "/dev/lirc0" });
 */
export function attachLirc(program: Attachable, options: { readonly device: string }): Link {
  const { device } = options;
  return attachByCall(program, {
    kind: "lirc",
    target: `infrared receiver ${device}`,
    attachType: AttachType.BPF_LIRC_MODE2,
    holder: openPath(device, "infrared receiver"),
    flags: 0,
    capabilities: ["CAP_NET_ADMIN", "CAP_BPF"],
    hasMany: true,
  });
}
