import { BpfError } from "../errors.js";
import { AttachFlag } from "../uapi/flags.js";
import type { Attachable, Link } from "./link.js";

/**
 * Place says where among the programs of a hook a program is to run: as the first, the last, or next to one that
 * is there, given by its link or as the program itself.
 */
export type Place =
  | "first"
  | "last"
  | { readonly before: Link | Attachable }
  | { readonly after: Link | Attachable };

/** Anchor is a place as the kernel takes it. */
export interface Anchor {
  readonly flags: number;
  readonly relativeFd: number;
}

function besides(flag: number, other: Link | Attachable): Anchor {
  if ("fd" in other) return { flags: flag, relativeFd: other.fd };
  const [fd] = other.fds;
  if (fd === undefined) throw new BpfError("closed", `the link to ${other.target} was used after close()`);
  return { flags: flag | AttachFlag.BPF_F_LINK, relativeFd: fd };
}

/** anchorOf gives a place as the kernel takes it; without one the kernel appends. */
export function anchorOf(place: Place | undefined): Anchor {
  if (place === undefined) return { flags: 0, relativeFd: 0 };
  if (place === "first") return { flags: AttachFlag.BPF_F_BEFORE, relativeFd: 0 };
  if (place === "last") return { flags: AttachFlag.BPF_F_AFTER, relativeFd: 0 };
  if ("before" in place) return besides(AttachFlag.BPF_F_BEFORE, place.before);
  return besides(AttachFlag.BPF_F_AFTER, place.after);
}
