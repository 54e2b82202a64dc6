import { resolve } from "node:path";
import type { Descriptor } from "../kernel/fd.js";
import { openPinnedAs } from "../pin/pin.js";
import { readLinkInfo } from "./info.js";
import { kindOfLinkType } from "./kinds.js";
import { type Link, linkOf } from "./link.js";

/**
 * linkOfDescriptor makes a Link of a descriptor of one, which passes into its ownership. A link of a type that
 * this package does not know is given as "tracing", the kind that can do the least. `pinned` are its pins.
 */
export function linkOfDescriptor(descriptor: Descriptor, pinned: readonly string[] = []): Link {
  try {
    const info = readLinkInfo(descriptor.number);
    const kind = kindOfLinkType(info.type) ?? "tracing";
    return linkOf(kind, `what ${descriptor.what} is attached to`, [descriptor], pinned);
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/**
 * openPinnedLink opens a link by its pin: replace its program, ask about it, or detach it. Closing it does not
 * detach as long as the pin is there. Throws BpfError `not-found`, `bad-pin-path`.
 */
export function openPinnedLink(path: string): Link {
  return linkOfDescriptor(openPinnedAs("link", path), [resolve(path)]);
}
