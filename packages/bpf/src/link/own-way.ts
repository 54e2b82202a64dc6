import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { type Descriptor, duplicateDescriptor } from "../kernel/fd.js";
import { LinkType } from "../uapi/link-types.js";
import type { LinkInfo } from "./info.js";
import type { LinkKind } from "./kinds.js";
import type { Attachable, Link } from "./link.js";

/** HeldProgram is a program that can be named to the kernel also after its owner has closed it. */
export interface HeldProgram {
  readonly name: string;
  readonly descriptor: Descriptor;
}

/** holdProgram duplicates a program's descriptor: an attachment must be able to take back what it attached. */
export function holdProgram({ name, fd }: Attachable): HeldProgram {
  return { name, descriptor: duplicateDescriptor(fd, `program "${name}"`) };
}

/** OwnWay is an attachment for which the kernel has no link: it is made, changed and taken back by other calls. */
export interface OwnWay {
  readonly kind: LinkKind;
  readonly target: string;
  /** Descriptors that hold the attachment or are needed to take it back. */
  readonly fds: () => readonly number[];
  readonly replace: (program: Attachable, replaces: Attachable | undefined) => void;
  /** Takes the program off and lets go of what was held; called once. */
  readonly remove: () => void;
  readonly info: () => { readonly programId: number };
}

/**
 * unlessGone takes an attachment back; that what it hung on is gone meanwhile, and the attachment with it, is as
 * good.
 */
export function unlessGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    const errno = error instanceof BpfError ? error.errno : undefined;
    if (errno !== Errno.ENODEV && errno !== Errno.ENOENT) throw error;
  }
}

/**
 * ownWayLink makes a Link of an attachment without a link of the kernel. It cannot be pinned, and it outlives a
 * process that is killed: only close() takes it back.
 */
export function ownWayLink(way: OwnWay): Link {
  let isOpen = true;
  const open = (tried: string): void => {
    if (!isOpen) throw new BpfError("closed", `cannot ${tried}: the link to ${way.target} was closed`);
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    way.remove();
  };
  return {
    kind: way.kind,
    target: way.target,
    get fds() {
      return isOpen ? way.fds() : [];
    },
    update(program, options = {}) {
      open(`replace the program of ${way.target}`);
      way.replace(program, options.replaces);
    },
    pin(path) {
      open(`pin ${way.target}`);
      throw new BpfError(
        "not-supported",
        `cannot pin ${way.target} at ${path}: the kernel has no link for it`,
        {
          hint: "the attachment stays by itself until it is taken away; pin the program instead",
        },
      );
    },
    info(): LinkInfo {
      open(`ask about ${way.target}`);
      return { id: 0, type: LinkType.BPF_LINK_TYPE_UNSPEC, ...way.info(), kind: "other" };
    },
    detach: close,
    close,
    [Symbol.dispose]: close,
  };
}
