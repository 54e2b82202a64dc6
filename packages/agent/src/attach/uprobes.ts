import { attachUprobe, attachUprobeMulti, isStaleProcess, type Link, type Program } from "@go3s/bpf";
import { type GoFacts, type GoProbe, goProbeNames } from "../go/facts.js";
import type { AttachedProbes } from "./target.js";

/** ProbePrograms are the loaded uprobe programs; one that could not be loaded is absent. */
export type ProbePrograms = Readonly<Partial<Record<GoProbe, Program>>>;

/** ProcessProbes owns the uprobes of one process. */
export interface ProcessProbes {
  /** attached says which are in place. */
  readonly attached: AttachedProbes;
  readonly count: number;
  /** lost says what could not be attached, and why. */
  readonly lost: readonly string[];
  /** set attaches what is wanted and can be had, and detaches the rest. Returns what is in place then. */
  set(wanted: AttachedProbes): AttachedProbes;
  close(): void;
}

/** newProcessProbes owns nothing yet; set() attaches. `multi` says whether the programs were loaded for uprobe_multi. */
export function newProcessProbes(
  pid: number,
  facts: GoFacts,
  programs: ProbePrograms,
  multi: boolean,
): ProcessProbes {
  const links = new Map<GoProbe, Link>();
  const lost = new Map<GoProbe, string>();
  // By way of /proc the file is found in whatever mount namespace the process lives, deleted or not.
  const path = `/proc/${pid}/exe`;

  const attach = (probe: GoProbe, program: Program, offset: number): void => {
    try {
      const link = multi
        ? attachUprobeMulti(program, { path, identity: facts.file, offsets: [offset], pid })
        : attachUprobe(program, { path, identity: facts.file, offset, pid });
      links.set(probe, link);
      lost.delete(probe);
    } catch (error) {
      // A process that ends while being attached is no error: its exit event is on the way.
      if (!isStaleProcess(error)) lost.set(probe, error instanceof Error ? error.message : String(error));
    }
  };

  const attached = (): AttachedProbes => ({
    handlerEnd: links.has("handlerEnd"),
    roundTrip: links.has("roundTrip"),
    spawn: links.has("spawn"),
  });

  return {
    get attached() {
      return attached();
    },
    get count() {
      return links.size;
    },
    get lost() {
      return [...lost.values()];
    },
    set(wanted) {
      for (const probe of goProbeNames) {
        // Passed once a connection: it goes and comes with what is passed once a call.
        const isWanted = wanted[probe === "connServe" ? "roundTrip" : probe];
        const offset = facts.sites[probe];
        const program = programs[probe];
        const link = links.get(probe);
        if (isWanted && link === undefined && offset !== undefined && program !== undefined) {
          attach(probe, program, offset);
        } else if (!isWanted && link !== undefined) {
          links.delete(probe);
          link.close();
        }
      }
      return attached();
    },
    close() {
      for (const link of links.values()) link.close();
      links.clear();
    },
  };
}
