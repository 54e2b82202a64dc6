import { BpfError } from "../errors.js";
import { LINK_UPDATE_ATTR } from "../kernel/attr.generated.js";
import { bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import { failure } from "../kernel/failure.js";
import { type BpfMap, u32Bytes } from "../maps/map.js";
import { AttachType } from "../uapi/attach-types.js";
import { MapFlag } from "../uapi/flags.js";
import { createLink, type Link, linkOf } from "./link.js";
import { ownWayLink } from "./own-way.js";

/** StructOpsTable is a table of functions as loadObject() makes it: its map, and what is to be written into it. */
export interface StructOpsTable {
  readonly map: BpfMap;
  readonly value: Uint8Array;
}

/** StructOpsLink is the registration of a table of functions; another table can take its place in one step. */
export interface StructOpsLink extends Link {
  /** replace registers another table of the same struct instead (6.4); what used the old one keeps it until it ends. */
  replace(table: StructOpsTable): void;
}

const KEY = u32Bytes(0);

/**
 * attachStructOps registers a table of functions with the kernel, such as a congestion control (5.6). A table
 * from `.struct_ops.link` gets a link (6.4); one from `.struct_ops` outlives a process that is killed, and cannot
 * be replaced. Throws BpfError `already-exists` when the name is taken, and what the struct's owner says.
 *
 *     using object = loadObject(readObject(bytes)); // SEC(".struct_ops.link") struct tcp_congestion_ops ours = {...}
 *     const table = object.structOps.get("ours");
 *     using link = attachStructOps(table); // sysctl net.ipv4.tcp_available_congestion_control has it now
 */
export function attachStructOps(table: StructOpsTable): StructOpsLink {
  const { map } = table;
  const target = `table "${map.spec.name}" of functions of the kernel`;
  fill(table);
  if (((map.spec.flags ?? 0) & MapFlag.BPF_F_LINK) === 0) {
    const link = ownWayLink({
      kind: "struct-ops",
      target,
      fds: () => [],
      replace: refuseProgram,
      remove: () => map.delete(KEY),
      info: () => ({ programId: 0 }),
    });
    return Object.assign(link, { replace: refuseTable });
  }
  const created = createLink(
    { map_fd: map.fd, attach_type: AttachType.BPF_STRUCT_OPS },
    { tried: `register ${target}`, since: "6.4", capabilities: ["CAP_NET_ADMIN", "CAP_BPF"] },
  );
  const link = linkOf("struct-ops", target, [created]);
  const replace = (next: StructOpsTable): void => {
    fill(next);
    const call = "BPF_LINK_UPDATE";
    const result = bpf(call, LINK_UPDATE_ATTR, { link_fd: created.number, new_map_fd: next.map.fd });
    if (result >= 0) return;
    throw failure(-result, {
      call,
      tried: `put table "${next.map.spec.name}" in the place of ${target}`,
      since: "6.4",
      hint: "both must be tables of the same struct, with the same name in it, and its owner must allow it",
    });
  };
  return Object.assign(link, { replace, update: refuseProgram });
}

/** A table is written once: one that was attached before is ready, which the kernel tells by EBUSY. */
function fill({ map, value }: StructOpsTable): void {
  try {
    map.update(KEY, value);
  } catch (error) {
    const isLink = ((map.spec.flags ?? 0) & MapFlag.BPF_F_LINK) !== 0;
    if (!(isLink && error instanceof BpfError && error.errno === Errno.EBUSY)) throw error;
  }
}

function refuseProgram(): never {
  throw new BpfError("not-supported", "a table of functions is replaced by a table, not by a program");
}

function refuseTable(): never {
  throw new BpfError("not-supported", "a table that was registered without a link cannot be replaced", {
    hint: 'put it into the section ".struct_ops.link", which needs Linux 6.4',
  });
}
