import { PROG_ATTACH_ATTR, QUERY_ATTR } from "../kernel/attr.generated.js";
import { attrU32, bpf } from "../kernel/bpf.js";
import { Errno } from "../kernel/errno.js";
import type { CapabilityName } from "../kernel/failure.js";
import { failure } from "../kernel/failure.js";
import type { Descriptor } from "../kernel/fd.js";
import { AttachFlag } from "../uapi/flags.js";
import type { LinkKind } from "./kinds.js";
import type { Attachable, Link } from "./link.js";
import { type HeldProgram, holdProgram, ownWayLink } from "./own-way.js";

/** ProgAttachOptions say where a program is attached by the call that is older than links. */
export interface ProgAttachOptions {
  readonly kind: LinkKind;
  readonly target: string;
  readonly attachType: number;
  /** The cgroup, map or device; owned from here on. */
  readonly holder: Descriptor;
  readonly flags: number;
  readonly capabilities: readonly CapabilityName[];
  /** Cgroups take the new program beside the old one, in its place; the rest have one program and replace it. */
  readonly hasMany: boolean;
}

const TRIED_IDS = 64;

function attached(fd: number, attachType: number): number[] {
  const ids = new Uint32Array(TRIED_IDS);
  const values = { target_fd: fd, attach_type: attachType, prog_ids: ids, prog_cnt: ids.length };
  if (bpf("BPF_PROG_QUERY", QUERY_ATTR, values) < 0) return [];
  return [...ids.subarray(0, Math.min(attrU32(QUERY_ATTR, "prog_cnt"), TRIED_IDS))];
}

/**
 * attachByCall attaches by BPF_PROG_ATTACH (4.10), for kernels and hooks without links. The attachment outlives
 * a process that is killed. Throws BpfError.
 */
export function attachByCall(program: Attachable, options: ProgAttachOptions): Link {
  const { holder, attachType, target, capabilities } = options;
  const attach = (one: Attachable, flags: number, replaces: number): void => {
    const call = "BPF_PROG_ATTACH";
    const result = bpf(call, PROG_ATTACH_ATTR, {
      target_fd: holder.number,
      attach_bpf_fd: one.fd,
      attach_type: attachType,
      attach_flags: flags,
      replace_bpf_fd: replaces,
    });
    if (result < 0) {
      throw failure(-result, { call, tried: `attach program "${one.name}" to ${target}`, capabilities });
    }
  };
  let current: HeldProgram;
  try {
    attach(program, options.flags, 0);
    current = holdProgram(program);
  } catch (error) {
    holder.close();
    throw error;
  }
  return ownWayLink({
    kind: options.kind,
    target,
    fds: () => [holder.number],
    replace(next, replaces) {
      const old = replaces?.fd ?? current.descriptor.number;
      // Replacing one of several is 5.6.
      if (options.hasMany) attach(next, options.flags | AttachFlag.BPF_F_REPLACE, old);
      else attach(next, options.flags, 0);
      current.descriptor.close();
      current = holdProgram(next);
    },
    remove() {
      using held = current.descriptor;
      const values = { target_fd: holder.number, attach_bpf_fd: held.number, attach_type: attachType };
      const call = "BPF_PROG_DETACH";
      const result = bpf(call, PROG_ATTACH_ATTR, values);
      holder.close();
      // ENOENT: others have taken it off, or the cgroup is gone.
      if (result < 0 && result !== -Errno.ENOENT)
        throw failure(-result, { call, tried: `detach program "${current.name}" from ${target}` });
    },
    info: () => ({ programId: attached(holder.number, attachType).at(-1) ?? 0 }),
  });
}
