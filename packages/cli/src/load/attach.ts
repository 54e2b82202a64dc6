import {
  AttachType,
  attachCgroup,
  attachIterator,
  attachNetfilter,
  attachNetkit,
  attachNetns,
  attachTc,
  attachXdp,
  CGROUP_HOOKS,
  cgroupHookOf,
  type Link,
  type LoadedObject,
  type ProgramSpec,
  ProgramType,
} from "@go3s/bpf";
import { CliError } from "../failure.js";
import { attachOne } from "../trace/attach.js";
import type { Attached } from "./report.js";

/** Places are where programs go whose section does not say it all. */
export interface Places {
  readonly iface?: string;
  readonly cgroup?: string;
  readonly pid?: number;
}

/** attachObject attaches every program of an object, tables of functions too; on failure what was attached is let go. */
export function attachObject(object: LoadedObject, places: Places): Attached[] {
  const attached: Attached[] = [];
  try {
    for (const [program, { type }] of object.spec.programs) {
      // Functions of a table are attached with it; programs that nothing calls by a hook wait to be called.
      if (!object.programs.has(program) || unattached.has(type)) continue;
      attached.push({ program, link: attachProgram(object, program, places) });
    }
    return attached;
  } catch (error) {
    for (const { link } of attached) link.close();
    throw error;
  }
}

const unattached: ReadonlySet<number> = new Set([
  ProgramType.BPF_PROG_TYPE_SYSCALL,
  ProgramType.BPF_PROG_TYPE_STRUCT_OPS,
  ProgramType.BPF_PROG_TYPE_EXT,
]);

function attachProgram(object: LoadedObject, name: string, places: Places): Link {
  const spec = object.spec.programs.get(name);
  if (spec === undefined) return attachOne(object, name, places.pid);
  const program = object.program(name);
  switch (spec.type) {
    case ProgramType.BPF_PROG_TYPE_XDP:
      return attachXdp(program, { interface: needed(places, "iface", spec) });
    case ProgramType.BPF_PROG_TYPE_SCHED_CLS: {
      const device = needed(places, "iface", spec);
      if (
        spec.attachType === AttachType.BPF_NETKIT_PRIMARY ||
        spec.attachType === AttachType.BPF_NETKIT_PEER
      ) {
        const end = spec.attachType === AttachType.BPF_NETKIT_PEER ? "peer" : "primary";
        return attachNetkit(program, { interface: device, end });
      }
      const direction = spec.attachType === AttachType.BPF_TCX_EGRESS ? "egress" : "ingress";
      return attachTc(program, { interface: device, direction });
    }
    case ProgramType.BPF_PROG_TYPE_NETFILTER:
      // What a section cannot say: before the filter tables of iptables (0), behind connection tracking (-200).
      return attachNetfilter(program, { family: "ipv4", hook: "input", priority: -100 });
    case ProgramType.BPF_PROG_TYPE_SK_LOOKUP:
      return attachNetns(program, { hook: "sk_lookup" });
    case ProgramType.BPF_PROG_TYPE_FLOW_DISSECTOR:
      return attachNetns(program, { hook: "flow_dissector" });
    case ProgramType.BPF_PROG_TYPE_SK_MSG:
    case ProgramType.BPF_PROG_TYPE_SK_SKB:
    case ProgramType.BPF_PROG_TYPE_SOCKET_FILTER:
    case ProgramType.BPF_PROG_TYPE_SK_REUSEPORT:
      throw new CliError(
        "usage",
        `"${name}" (${spec.section}) is attached to sockets or a map of them, which no option can name`,
        "leave --attach away, or attach it from a program (docs/bpf.md)",
      );
    default: {
      if (spec.attachType === AttachType.BPF_TRACE_ITER && spec.type === ProgramType.BPF_PROG_TYPE_TRACING)
        return attachIterator(program);
      // The number of the first hook, packets that come in, is that of no attach type at all.
      const hook = cgroupHookOf(spec.attachType);
      if (hook !== undefined && CGROUP_HOOKS[hook].programType === spec.type)
        return attachCgroup(program, { path: needed(places, "cgroup", spec), hook });
      return attachOne(object, name, places.pid);
    }
  }
}

function needed(places: Places, option: "iface" | "cgroup", spec: ProgramSpec): string {
  const value = places[option];
  if (value !== undefined) return value;
  const what = option === "iface" ? "a network interface" : "a cgroup";
  throw new CliError(
    "usage",
    `"${spec.name}" (${spec.section}) is attached to ${what}`,
    option === "iface" ? "name it with --iface NAME" : "name its folder with --cgroup PATH",
  );
}
