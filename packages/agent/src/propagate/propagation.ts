import {
  attachCgroup,
  attachSockmap,
  BpfError,
  type BpfMap,
  findCgroups,
  kernelIsAtLeast,
  type Link,
  type Program,
} from "@go3s/bpf";
import type { MissingPart } from "../attach/observer-types.js";
import { cgroupFolder } from "./cgroup-folder.js";
import { connectionOwner, takeOpenSockets } from "./open-sockets.js";
import { type InsertionCounts, insertionCounts } from "./reasons.js";

/** PropagationParts are what the probes' object has for it (probes/propagate.go3s). */
export interface PropagationParts {
  readonly programs: ReadonlyMap<string, Program>;
  readonly maps: ReadonlyMap<string, BpfMap>;
}

/** Propagation puts a traceparent into the HTTP/1 and HTTP/2 requests that watched processes send; see docs/propagation.md. */
export interface Propagation {
  /** watch takes the connections that a process makes from now on, and those that it has. */
  watch(pid: number): void;
  /** unwatch lets a process's connections go; those that are open go on unharmed. */
  unwatch(pid: number): void;
  counts(): InsertionCounts;
  missing(): readonly MissingPart[];
  close(): void;
}

interface Attached {
  readonly link: Link;
  readonly pids: Set<number>;
}

const what = "traceparent of outgoing requests";
const keySize = 16;
// Sockets that speak no HTTP/1 cost their senders time until they are let go.
const leaveMs = 500;

/**
 * openPropagation attaches the program that sees what sockets send. What the kernel refuses is in `missing`: then nothing
 * is inserted, and traces are joined as far as they are without it.
 */
export function openPropagation({ programs, maps }: PropagationParts): Propagation {
  const onConnection = programs.get("onConnection");
  const onMessage = programs.get("onMessage");
  const connections = maps.get("connections");
  const leaving = maps.get("leaving");
  const insertions = maps.get("insertions");
  if (!onConnection || !onMessage || !connections || !leaving || !insertions) return without([]);
  // Before, tcp_bpf_sendmsg (net/ipv4/tcp_bpf.c) gave a send that failed whole our bytes as its error number.
  if (!kernelIsAtLeast(6, 11)) {
    const hint = "traces of processes on one machine are joined without it";
    return without([{ what, why: "it needs Linux 6.11", hint }]);
  }
  let verdict: Link;
  let root: string;
  try {
    root = findCgroups();
    verdict = attachSockmap(onMessage, { map: connections, hook: "msg_verdict" });
  } catch (error) {
    if (error instanceof BpfError) return without([missingPart(error)]);
    throw error;
  }
  const folders = new Map<string, Attached>();
  const refused: MissingPart[] = [];

  const attach = (pid: number): void => {
    const folder = cgroupFolder(pid, root);
    if (folder === undefined) return;
    // A program sees the sockets of all cgroups below as well.
    for (const [path, { pids }] of folders) {
      if (folder === path || folder.startsWith(`${path}/`)) return void pids.add(pid);
    }
    try {
      const link = attachCgroup(onConnection, { path: folder, hook: "sock_ops" });
      folders.set(folder, { link, pids: new Set([pid]) });
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      if (refused.length === 0) refused.push(missingPart(error));
    }
  };

  const letGo = (): void => {
    for (const key of keysOf(leaving)) {
      connections.delete(key);
      leaving.delete(key);
    }
  };
  const timer = setInterval(letGo, leaveMs);
  timer.unref();

  return {
    watch(pid) {
      attach(pid);
      takeOpenSockets(pid, connections);
    },
    unwatch(pid) {
      for (const [path, { link, pids }] of folders) {
        if (!pids.delete(pid) || pids.size > 0) continue;
        link.close();
        folders.delete(path);
      }
      for (const key of keysOf(connections)) if (connectionOwner(key) === pid) connections.delete(key);
    },
    counts: () => insertionCounts(insertions),
    missing: () => refused,
    close() {
      clearInterval(timer);
      for (const { link } of folders.values()) link.close();
      folders.clear();
      for (const key of keysOf(connections)) connections.delete(key);
      verdict.close();
    },
  };
}

function without(missing: readonly MissingPart[]): Propagation {
  return {
    watch: () => undefined,
    unwatch: () => undefined,
    counts: () => ({}),
    missing: () => missing,
    close: () => undefined,
  };
}

function missingPart(error: BpfError): MissingPart {
  return { what, why: error.message, hint: error.hint ?? "" };
}

/** keysOf lists a map's keys; a map of sockets gives no values. */
function keysOf(map: BpfMap): Uint8Array[] {
  const keys: Uint8Array[] = [];
  let last: Uint8Array | undefined;
  for (;;) {
    const next = new Uint8Array(keySize);
    if (keys.length >= map.spec.maxEntries || !map.nextKeyInto(last, next)) return keys;
    keys.push(next);
    last = next;
  }
}
