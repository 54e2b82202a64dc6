import { attachUprobeMulti, isStaleProcess, type Link, type Program } from "@go3s/bpf";

/** ProgramFile is the program of a process; `file` is the identity of what its places were read out of. */
export interface ProgramFile {
  readonly pid: number;
  readonly file: string | undefined;
}

/** AttachedSite is a place, and what the program is told there. */
export interface AttachedSite {
  readonly fileOffset: number;
  readonly cookie: bigint;
}

/**
 * attachSites attaches a program to places of a process's own by one link (uprobe_multi, 6.6). It gives why it could not; "" for a
 * process that has ended or become another program meanwhile, which is no error: its exit or its start is on the way.
 */
export function attachSites(
  program: Program,
  { pid, file }: ProgramFile,
  sites: readonly AttachedSite[],
): Link | string {
  try {
    return attachUprobeMulti(program, {
      path: `/proc/${pid}/exe`,
      identity: file,
      offsets: sites.map((site) => site.fileOffset),
      cookies: sites.map((site) => site.cookie),
      pid,
    });
  } catch (error) {
    if (isStaleProcess(error)) return "";
    return error instanceof Error ? error.message : String(error);
  }
}
