import { attachUprobeMulti, type BpfMap, isStaleProcess, type Link, type Program, u32Bytes } from "@go3s/bpf";
import { encodeGoWriter, missedOf } from "../tls/go-writes.js";
import type { TlsProgram, TlsSites } from "../tls/tls-site.js";

/** TlsPrograms are the programs of probes/tls.go3s, tls-go.go3s and tls-libraries.go3s. */
export interface TlsPrograms {
  /** program gives one of them, loaded when it is first asked for; undefined where it cannot be. */
  program(name: TlsProgram): Program | undefined;
  /** problem says why one is missing. */
  problem(): string;
  /** writers has where Go programs have on the stack what they write; undefined where the kernel cannot look there. */
  writers(): BpfMap | undefined;
}

/** TlsProbes owns the uprobes of one process where what it says by TLS is plain text. */
export interface TlsProbes {
  /** count is how many places are probed; functions of libraries count twice, with their return. */
  readonly count: number;
  /** hasLibrary: sessions of a library are among them, whose sockets are found by system calls. */
  readonly hasLibrary: boolean;
  readonly lost: readonly string[];
  /** findsWrites: what Go's crypto/tls writes is found on the stack, and not probed. */
  readonly findsWrites: boolean;
  /** missesWrites tells whether it is mostly not found there, so that probeWrites() has to be called. */
  missesWrites(): boolean;
  /** probeWrites attaches to Write, once nobody looks on the stack any more. */
  probeWrites(): void;
  close(): void;
}

// Returns before entries: a call whose return is not seen would stay open.
const programNames = ["goRead", "goWrite", "return", "call"] as const;

// Answers in a row; a connection's end, a message of TLS in mid-request, counts as well.
const missedMost = 16;

/** attachTlsProbes attaches a process's sites, by one link for each file and program (uprobe_multi, 6.6). */
export function attachTlsProbes(
  pid: number,
  { sites, writes, lost: unknown }: TlsSites,
  programs: TlsPrograms,
): TlsProbes {
  const links: Link[] = [];
  const lost = new Set(unknown);
  let count = 0;
  let hasLibrary = false;
  const paths = [...new Set(sites.map((site) => site.path))];
  const key = u32Bytes(pid);
  const writers = writes === undefined ? undefined : programs.writers();
  const writer = writes === undefined || writers === undefined ? undefined : encodeGoWriter(pid, writes);
  if (writer !== undefined) writers?.update(key, writer);
  let findsWrites = writer !== undefined;

  const attach = (name: TlsProgram): void => {
    for (const path of paths) {
      const own = sites.filter((site) => site.program === name && site.path === path);
      if (own.length === 0) continue;
      const program = programs.program(name);
      if (program === undefined) {
        lost.add(`what is said by TLS: ${programs.problem()}`);
        continue;
      }
      try {
        links.push(
          attachUprobeMulti(program, {
            path,
            identity: own[0]?.identity,
            offsets: own.map((site) => site.fileOffset),
            cookies: own.map((site) => site.cookie),
            pid,
            ...(name === "return" ? { atReturn: true } : {}),
          }),
        );
        count += own.length;
        hasLibrary ||= name === "call";
      } catch (error) {
        // A process that ends while being attached is no error: its exit event is on the way.
        if (!isStaleProcess(error)) {
          lost.add(`what is said by TLS: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
  };
  for (const name of programNames) if (name !== "goWrite" || !findsWrites) attach(name);

  return {
    get count() {
      return count;
    },
    hasLibrary,
    lost: [...lost],
    get findsWrites() {
      return findsWrites;
    },
    missesWrites() {
      const now = findsWrites ? writers?.lookup(key) : undefined;
      return now !== undefined && missedOf(now) > missedMost;
    },
    probeWrites() {
      findsWrites = false;
      attach("goWrite");
    },
    close() {
      if (writer !== undefined) writers?.delete(key);
      for (const link of links) link.close();
      links.length = 0;
      count = 0;
    },
  };
}
