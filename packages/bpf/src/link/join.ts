import { BpfError } from "../errors.js";
import type { LinkKind } from "./kinds.js";
import type { Link } from "./link.js";

/**
 * joinLinks makes one Link of several, for a probe that stands at several places: what is done to it is done to
 * all. It can be pinned and asked only when it is one. `after` runs once, when all are closed.
 */
export function joinLinks(kind: LinkKind, target: string, links: readonly Link[], after: () => void): Link {
  const [first, second] = links;
  let isOpen = true;
  const only = (tried: string): Link => {
    if (first !== undefined && second === undefined) return first;
    throw new BpfError("not-supported", `cannot ${tried} ${target}: it is made of ${links.length} links`, {
      hint: "a program of attach type BPF_TRACE_UPROBE_MULTI (6.6) has one link for all places",
    });
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    for (const link of links) link.close();
    after();
  };
  return {
    kind,
    target,
    get fds() {
      return links.flatMap((link) => link.fds);
    },
    update(program, options) {
      for (const link of links) link.update(program, options);
    },
    pin: (path, options) => only("pin").pin(path, options),
    info: () => only("ask about").info(),
    detach() {
      for (const link of links) link.detach();
    },
    close,
    [Symbol.dispose]: close,
  };
}
