import { hostname } from "node:os";
import { newExecutables } from "../discovery/executable.js";
import { type Identity, identify } from "../discovery/identity.js";
import { readProcess } from "../discovery/proc.js";
import { encodeResource } from "../spans/resource.js";

/** Resources gives the OTLP Resource of what an event or a counter is about. */
export interface Resources {
  /**
   * of encodes the identity of a process; 0 is the probe itself on this machine. One that is gone is called as its
   * event says (`comm`), for it is known no more.
   */
  of(pid: number, comm?: () => string): Uint8Array;
}

// Pids are used again: what is known of one is looked at anew after this time.
const knownMs = 10_000;
const limit = 4096;

/** newResources makes an empty cache; `probe` is the service name of what no process stands for. */
export function newResources(probe: string): Resources {
  const executables = newExecutables();
  const known = new Map<
    number,
    { readonly resource: Uint8Array; readonly key: string; readonly until: number }
  >();
  const encoded = new Map<string, Uint8Array>();
  const named = (serviceName: string, pid: number): Identity => {
    const attributes = new Map<string, string | number>([
      ["service.name", serviceName],
      ["host.name", hostname()],
    ]);
    if (pid > 0) attributes.set("process.pid", pid);
    return { serviceName, attributes };
  };
  const machine = encodeResource(named(probe, 0));

  // The same bytes are the same object: batches are kept by it.
  const shared = (key: string, identity: Identity): Uint8Array => {
    const found = encoded.get(key);
    if (found !== undefined) return found;
    if (encoded.size >= limit) encoded.clear();
    const made = encodeResource(identity);
    encoded.set(key, made);
    return made;
  };

  const look = (pid: number, comm: string): { resource: Uint8Array; key: string } => {
    const facts = readProcess(pid);
    const executable = facts === undefined ? undefined : executables.of(facts);
    if (facts === undefined || executable === undefined) {
      if (comm === "") return { resource: machine, key: "" };
      return { resource: shared(`${pid}:${comm}`, named(comm, pid)), key: "" };
    }
    const key = `${pid}:${facts.startTicks}`;
    return { resource: shared(key, identify(facts, executable.runtime)), key };
  };

  return {
    of(pid, comm) {
      if (pid <= 0) return machine;
      const now = Date.now();
      const found = known.get(pid);
      if (found !== undefined && found.until > now) return found.resource;
      let { resource, key } = look(pid, comm?.() ?? "");
      // A process that has ended meanwhile keeps the name that it had.
      if (key === "" && found !== undefined) ({ resource, key } = found);
      if (known.size >= limit) known.clear();
      known.set(pid, { resource, key, until: now + knownMs });
      return resource;
    },
  };
}
