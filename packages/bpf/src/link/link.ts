import { BpfError, type BpfErrorCode } from "../errors.js";
import { LINK_CREATE_ATTR, LINK_DETACH_ATTR, LINK_UPDATE_ATTR } from "../kernel/attr.generated.js";
import type { AttrValues } from "../kernel/attr.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { type FailureContext, failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";
import { kindOfDescriptor, type PinOptions, pinObject } from "../pin/pin.js";
import { AttachFlag } from "../uapi/flags.js";
import { type LinkInfo, readLinkInfo } from "./info.js";
import type { LinkKind } from "./kinds.js";

/** Attachable is what can be attached: a loaded program. */
export interface Attachable {
  readonly name: string;
  readonly fd: number;
  /** How it was loaded; some hooks have several ways, and take the one it was loaded for. */
  readonly image?: { readonly attachType?: number | undefined };
}

/** UpdateOptions say when a link's program may be replaced. */
export interface UpdateOptions {
  /** Only when this program is attached now; otherwise nothing changes and EPERM is told. */
  readonly replaces?: Attachable;
}

/**
 * Link owns an attachment: the program runs as long as it is open. The kernel itself detaches when the process
 * ends, however it ends, unless the link is pinned. The few hooks without a link of the kernel (tc filters, old
 * kernels' ways) say so at their functions: there close() is what detaches.
 */
export interface Link {
  readonly kind: LinkKind;
  /** What the program is attached to, in words. */
  readonly target: string;
  /** Descriptors that hold the attachment. */
  readonly fds: readonly number[];
  /**
   * update puts another program in the place of the attached one, in one step: no event is missed and none is
   * seen twice (5.7). XDP, tcx, netkit, cgroup, netns, sockmap and iterator links have it, tc filters and socket
   * filters by their own way. Throws BpfError `not-supported` for the rest, and what the kernel says; the
   * attached program stays in place then.
   */
  update(program: Attachable, options?: UpdateOptions): void;
  /** pin keeps the attachment by a path of the BPF file system, whoever ends. Gives the whole path. */
  pin(path: string, options?: PinOptions): string;
  /** info asks the kernel what it knows of the link (5.8). */
  info(): LinkInfo;
  /**
   * detach takes the program off its hook at once, even when pins or other processes hold the link (5.9). Where
   * the kernel cannot (tracing, perf events, uprobes), the link is closed. Throws BpfError `not-supported` when
   * that would not be enough, because this value has pinned it.
   */
  detach(): void;
  /** close lets go of the attachment, which detaches unless somebody else holds it; closing twice is harmless. */
  close(): void;
  [Symbol.dispose](): void;
}

/** What the kernel answers for links that cannot do a thing: an old one EINVAL, a newer one EOPNOTSUPP. */
function cannot(result: number): boolean {
  return result === -Errno.EINVAL || result === -Errno.EOPNOTSUPP || result === -Errno.ENOTSUPP;
}

function linkFd(target: string, descriptors: readonly Descriptor[], tried: string): number {
  const held = descriptors.filter(({ isOpen, number }) => isOpen && kindOfDescriptor(number) === "link");
  const [first, second] = held;
  if (descriptors.every(({ isOpen }) => !isOpen)) {
    throw new BpfError("closed", `the link to ${target} was used after close()`);
  }
  if (first === undefined) {
    throw new BpfError("not-supported", `cannot ${tried}: it hangs on a perf event without a link`, {
      hint: "perf events have links from Linux 5.15 on",
    });
  }
  if (second !== undefined && tried.startsWith("pin")) {
    throw new BpfError(
      "not-supported",
      `cannot ${tried}: it is made of ${held.length} links, one a processor`,
      {
        hint: "attach to one process or one processor, and pin that",
      },
    );
  }
  return first.number;
}

function updateLink(target: string, fd: number, program: Attachable, options: UpdateOptions): void {
  const call = "BPF_LINK_UPDATE";
  const result = bpf(call, LINK_UPDATE_ATTR, {
    link_fd: fd,
    new_prog_fd: program.fd,
    flags: options.replaces === undefined ? 0 : AttachFlag.BPF_F_REPLACE,
    old_prog_fd: options.replaces?.fd ?? 0,
  });
  if (result >= 0) return;
  const tried = `put program "${program.name}" in the place of what is attached to ${target}`;
  const kind = cannot(result) ? readLinkInfo(fd).kind : undefined;
  if (kind !== undefined && !REPLACEABLE.has(kind)) {
    throw failure(-result, {
      call,
      tried: `${tried}: links of kind ${kind} keep their program`,
      code: "not-supported",
      hint: "attach the new program beside it and close this link, or attach a slot, whose program can be changed: createSlot()",
    });
  }
  const isOther = result === -Errno.EPERM && options.replaces !== undefined;
  throw failure(-result, {
    call,
    tried,
    since: "5.7",
    ...(isOther && {
      code: "bad-argument",
      hint: `program "${options.replaces?.name}" is not what is attached now`,
    }),
    ...(result === -Errno.ENOLINK && { hint: "the link was detached or what it hung on is gone" }),
    ...(result === -Errno.EINVAL && {
      code: "bad-argument",
      hint: "the new program must be of the type and the attach type that the old one was loaded with",
    }),
  });
}

/** The links whose program can be replaced. Source: the update_prog operations of kernel 6.18. */
const REPLACEABLE: ReadonlySet<string> = new Set([
  "xdp",
  "tcx",
  "netkit",
  "cgroup",
  "netns",
  "sockmap",
  "iterator",
]);

/**
 * linkOf makes a Link that owns descriptors, which are closed in the given order; a link of the kernel's first.
 * `pinned` are the pins that are known to hold it.
 */
export function linkOf(
  kind: LinkKind,
  target: string,
  descriptors: readonly Descriptor[],
  pinned: readonly string[] = [],
): Link {
  const pins: string[] = [...pinned];
  const close = (): void => {
    for (const descriptor of descriptors) descriptor.close();
  };
  return {
    kind,
    target,
    get fds() {
      return descriptors.filter((descriptor) => descriptor.isOpen).map((descriptor) => descriptor.number);
    },
    update(program, options = {}) {
      updateLink(target, linkFd(target, descriptors, `replace the program of ${target}`), program, options);
    },
    pin(path, options) {
      const fd = linkFd(target, descriptors, `pin the link to ${target}`);
      const whole = pinObject({ fd }, path, options);
      pins.push(whole);
      return whole;
    },
    info: () => readLinkInfo(linkFd(target, descriptors, `ask about the link to ${target}`)),
    detach() {
      const fd = linkFd(target, descriptors, `detach ${target}`);
      const result = bpf("BPF_LINK_DETACH", LINK_DETACH_ATTR, { link_fd: fd });
      if (result >= 0) return;
      const tried = `detach ${target}`;
      if (!cannot(result)) throw failure(-result, { call: "BPF_LINK_DETACH", tried, since: "5.9" });
      if (pins.length > 0) {
        throw failure(-result, {
          call: "BPF_LINK_DETACH",
          tried: `${tried}: links of this kind cannot be detached while they are pinned`,
          code: "not-supported",
          hint: `unpin ${pins.join(" and ")}, and close the link`,
        });
      }
      close();
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** createLink makes a BPF link. Throws BpfError as the context says. */
export function createLink(
  values: AttrValues<typeof LINK_CREATE_ATTR>,
  context: Omit<FailureContext, "call">,
): Descriptor {
  const fd = bpf("BPF_LINK_CREATE", LINK_CREATE_ATTR, values);
  if (fd < 0) {
    const code = (errno: number): BpfErrorCode | undefined =>
      errno === Errno.EBUSY ? "already-exists" : undefined;
    throw failure(-fd, { since: "5.7", code, ...context, call: "BPF_LINK_CREATE" });
  }
  return new Descriptor(fd, context.tried);
}
