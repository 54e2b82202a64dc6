import { BpfError } from "../errors.js";
import { GET_ID_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { Descriptor } from "../kernel/fd.js";

/** ObjectKind is a kind of object that the kernel numbers. */
export type ObjectKind = "program" | "map" | "link" | "btf";

const ROWS = {
  program: { next: "BPF_PROG_GET_NEXT_ID", open: "BPF_PROG_GET_FD_BY_ID", since: "4.13" },
  map: { next: "BPF_MAP_GET_NEXT_ID", open: "BPF_MAP_GET_FD_BY_ID", since: "4.13" },
  btf: { next: "BPF_BTF_GET_NEXT_ID", open: "BPF_BTF_GET_FD_BY_ID", since: "4.18" },
  link: { next: "BPF_LINK_GET_NEXT_ID", open: "BPF_LINK_GET_FD_BY_ID", since: "5.8" },
} as const;

/** objectIds gives the ids of all objects of a kind, lowest first. Needs CAP_SYS_ADMIN. Throws BpfError. */
export function objectIds(kind: ObjectKind): number[] {
  const { next: call, since } = ROWS[kind];
  const ids: number[] = [];
  for (let id = 0; ; ) {
    const result = bpf(call, GET_ID_ATTR, { start_id: id });
    if (result === -Errno.ENOENT) return ids;
    if (result < 0) {
      throw failure(-result, { call, since, tried: `list ${kind}s`, capabilities: ["CAP_SYS_ADMIN"] });
    }
    id = attrU32(GET_ID_ATTR, "next_id");
    ids.push(id);
  }
}

/**
 * openById opens an object by id; the descriptor keeps it alive. Throws BpfError `not-found` when it is gone.
 * Needs CAP_SYS_ADMIN.
 */
export function openById(kind: ObjectKind, id: number): Descriptor {
  const { open: call, since } = ROWS[kind];
  // The id stands at the same place for all kinds.
  const fd = bpf(call, GET_ID_ATTR, { start_id: id });
  if (fd >= 0) return new Descriptor(fd, `${kind} ${id}`);
  throw failure(-fd, { call, since, tried: `open ${kind} ${id}`, capabilities: ["CAP_SYS_ADMIN"] });
}

/** eachObject calls `visit` with a descriptor of every object of a kind; those that come or go meanwhile are left out. */
export function eachObject<T>(kind: ObjectKind, visit: (fd: number) => T): T[] {
  const found: T[] = [];
  for (const id of objectIds(kind)) {
    try {
      using fd = openById(kind, id);
      found.push(visit(fd.number));
    } catch (error) {
      // A link has an id a moment before it is there: until then the kernel says EAGAIN (kernel/bpf/syscall.c, bpf_link_by_id).
      const isGone =
        error instanceof BpfError && (error.code === "not-found" || error.errno === Errno.EAGAIN);
      if (!isGone) throw error;
    }
  }
  return found;
}
