import { LINK_CREATE_ATTR } from "../kernel/attr.generated.js";
import type { AttrValues } from "../kernel/attr.js";
import { bpf } from "../kernel/bpf.js";
import { type FailureContext, failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";

/** LinkKind says by which way a program hangs on its hook. */
export type LinkKind =
  | "tracepoint"
  | "raw-tracepoint"
  | "perf-event"
  | "uprobe"
  | "uprobe-multi"
  | "kprobe"
  | "iterator";

/**
 * Link owns an attachment: the program runs as long as it is open. Nothing is pinned, so the kernel itself
 * detaches when the process ends, however it ends.
 */
export interface Link {
  readonly kind: LinkKind;
  /** What the program is attached to, in words. */
  readonly target: string;
  /** Descriptors that hold the attachment. */
  readonly fds: readonly number[];
  /** close detaches the program; closing twice is harmless. */
  close(): void;
  [Symbol.dispose](): void;
}

/** linkOf makes a Link that owns descriptors, which are closed in the given order. */
export function linkOf(kind: LinkKind, target: string, descriptors: readonly Descriptor[]): Link {
  const close = (): void => {
    for (const descriptor of descriptors) descriptor.close();
  };
  return {
    kind,
    target,
    get fds() {
      return descriptors.filter((descriptor) => descriptor.isOpen).map((descriptor) => descriptor.number);
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
    throw failure(-fd, { since: "5.7", ...context, call: "BPF_LINK_CREATE" });
  }
  return new Descriptor(fd, context.tried);
}
