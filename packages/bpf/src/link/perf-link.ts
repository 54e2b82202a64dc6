import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import type { Descriptor } from "../kernel/fd.js";
import { enablePerfEvent, setPerfEventProgram } from "../kernel/perf.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { AttachType } from "../uapi/attach-types.js";
import { type Attachable, createLink } from "./link.js";

/**
 * attachToPerfEvent hangs a program on a perf event, takes over the event's descriptor and gives all the
 * descriptors that hold the attachment, in the order in which they are to be closed. The link form with a
 * cookie is 5.15; older kernels get the ioctl, without a cookie.
 */
export function attachToPerfEvent(
  program: Attachable,
  event: Descriptor,
  tried: string,
  cookie: bigint | undefined,
): Descriptor[] {
  const held = [event];
  try {
    if (kernelIsAtLeast(5, 15)) {
      const link = createLink(
        {
          prog_fd: program.fd,
          target_fd: event.number,
          attach_type: AttachType.BPF_PERF_EVENT,
          perf_event_bpf_cookie: cookie ?? 0,
        },
        { tried, since: "5.15", capabilities: ["CAP_PERFMON", "CAP_BPF"] },
      );
      held.unshift(link);
    } else {
      if (cookie !== undefined) {
        throw failure(Errno.EINVAL, {
          call: "BPF_LINK_CREATE",
          tried: `${tried} with a cookie`,
          since: "5.15",
        });
      }
      const result = setPerfEventProgram(event.number, program.fd);
      if (result < 0) throw failure(-result, { call: "PERF_EVENT_IOC_SET_BPF", tried });
    }
    const enabled = enablePerfEvent(event.number);
    if (enabled < 0) throw failure(-enabled, { call: "PERF_EVENT_IOC_ENABLE", tried });
    return held;
  } catch (error) {
    for (const descriptor of held) descriptor.close();
    throw error;
  }
}
