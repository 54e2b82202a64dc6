import { readFileSync } from "node:fs";
import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { openPath } from "../kernel/open.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { AttachFlag } from "../uapi/flags.js";
import { anchorOf, type Place } from "./anchor.js";
import { CGROUP_HOOKS, type CgroupHook } from "./cgroup-hooks.js";
import { type Attachable, createLink, type Link, linkOf } from "./link.js";
import { attachByCall } from "./prog-attach.js";

/** CgroupOptions say for which cgroup, and at which of its hooks. */
export interface CgroupOptions {
  /** A folder of the unified hierarchy (cgroup v2); findCgroups() tells where that is. */
  readonly path: string;
  readonly hook: CgroupHook;
  /** Where among the programs that are there (6.17); by default behind them. */
  readonly place?: Place;
  /** By default a link (5.7), on older kernels BPF_PROG_ATTACH, which outlives a process that is killed. */
  readonly way?: "link" | "call";
}

/** findCgroups gives the folder of the unified cgroup hierarchy. Throws BpfError `not-found`. */
export function findCgroups(): string {
  const found = /^\S+ (\S+) cgroup2 /m.exec(readFileSync("/proc/self/mounts", "utf8"))?.[1];
  if (found !== undefined) return found;
  throw new BpfError("not-found", "no unified cgroup hierarchy is mounted", {
    hint: "as root: mkdir -p /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup",
  });
}

/**
 * attachCgroup attaches a program to a hook of a cgroup: it runs for all processes in it and below. Several
 * programs at one hook all run, and all must allow. The program must have been loaded for the hook (its attach
 * type). Throws BpfError `not-found`, `not-supported`, `permission-denied`.
 *
 *     const path = `${findCgroups()}/web`; // mkdir, then write process ids to cgroup.procs
 *     using object = loadObject(readObject(bytes)); // SEC("cgroup/connect4") int guard(struct bpf_sock_addr *ctx)
 *     using link = attachCgroup(object.program("guard"), { path, hook: "connect4" });
 *     link.update(object.program("stricter"));
 */
export function attachCgroup(program: Attachable, options: CgroupOptions): Link {
  const { attachType, since } = CGROUP_HOOKS[options.hook];
  const target = `cgroup ${options.path} ${options.hook}`;
  const folder = openPath(options.path, "cgroup", "findCgroups() gives the folder they are in");
  const capabilities = ["CAP_NET_ADMIN", "CAP_BPF"] as const;
  const way = options.way ?? (kernelIsAtLeast(5, 7) ? "link" : "call");
  if (way === "call") {
    const flags = AttachFlag.BPF_F_ALLOW_MULTI;
    const kind = "cgroup";
    return attachByCall(program, {
      kind,
      target,
      attachType,
      holder: folder,
      flags,
      capabilities,
      hasMany: true,
    });
  }
  using holder = folder;
  const { flags, relativeFd } = anchorOf(options.place);
  const link = createLink(
    {
      prog_fd: program.fd,
      target_fd: holder.number,
      attach_type: attachType,
      flags,
      cgroup_relative_fd: relativeFd,
    },
    {
      tried: `attach program "${program.name}" to ${target}`,
      since: options.place === undefined ? (kernelIsAtLeast(5, 7) ? since : "5.7") : "6.17",
      capabilities,
      hint: (errno) => {
        if (errno === Errno.EBADF) return "the path must be a folder of the unified hierarchy: findCgroups()";
        if (errno === Errno.EINVAL)
          return `the program must be loaded for ${options.hook}: attach type ${attachType}`;
        if (errno === Errno.EPERM)
          return "a cgroup above has a program that allows no others, or a right is missing";
        return undefined;
      },
    },
  );
  return linkOf("cgroup", target, [link]);
}
