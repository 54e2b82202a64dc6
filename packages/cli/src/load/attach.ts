import {
  attachBySection,
  attachStructOps,
  BpfError,
  type Link,
  type LoadedObject,
  ProgramType,
  type SectionOptions,
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

// Functions of a table are attached with it, and programs that are only called by others wait for that.
const unattached: ReadonlySet<number> = new Set([
  ProgramType.BPF_PROG_TYPE_SYSCALL,
  ProgramType.BPF_PROG_TYPE_STRUCT_OPS,
]);

/** attachObject attaches every program and table of an object; on failure what was attached is let go. */
export function attachObject(object: LoadedObject, places: Places): Attached[] {
  const attached: Attached[] = [];
  try {
    for (const [program, { type, section }] of object.spec.programs) {
      if (!object.programs.has(program) || unattached.has(type)) continue;
      // Where a uprobe costs least in a Go program, go3s trace knows best.
      const link = /^u(?:ret)?probe\//.test(section)
        ? attachOne(object, program, places.pid)
        : attachHere(object, program, places);
      attached.push({ program, link });
    }
    for (const [table, value] of object.structOps)
      attached.push({ program: table, link: attachStructOps(value) });
    return attached;
  } catch (error) {
    for (const { link } of attached) link.close();
    throw error;
  }
}

function attachHere(object: LoadedObject, name: string, { iface, cgroup, pid }: Places): Link {
  const options: SectionOptions = {
    // What sections may leave open, and no option says: packets that come in, before the filter tables of iptables.
    direction: "ingress",
    netfilter: { family: "ipv4", hook: "input", priority: -100 },
    ...(iface === undefined ? {} : { interface: iface }),
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(pid === undefined ? {} : { pid }),
  };
  try {
    return attachBySection(object, name, options);
  } catch (error) {
    throw inOptions(error);
  }
}

const flags: Readonly<Record<string, string>> = {
  interface: "name the network interface with --iface NAME",
  cgroup: "name the cgroup's folder with --cgroup PATH",
};

/** inOptions says with this command's flags what the library says with its options. */
function inOptions(error: unknown): unknown {
  if (!(error instanceof BpfError) || error.code !== "bad-argument") return error;
  const option = /^give options\.(\w+)$/.exec(error.hint ?? "")?.[1];
  if (option === undefined) return error;
  const other = "no flag can name it: leave --attach away, or attach it from a program (docs/bpf.md)";
  return new CliError("usage", error.message, flags[option] ?? other);
}
