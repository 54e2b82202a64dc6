import { hostname } from "node:os";
import { newExecutables } from "../discovery/executable.js";
import { type Identity, identify } from "../discovery/identity.js";
import { type ProcessFacts, readProcess } from "../discovery/proc.js";
import { encodeResource } from "../spans/resource.js";

/** Resources gives the OTLP Resource of what an event or a counter is about. */
export interface Resources {
  /**
   * of encodes the identity of a process; 0 is the probe itself on this machine. One that is gone is called as its
   * event says (`comm`), for it is known no more.
   */
  of(pid: number, comm?: () => string): Uint8Array;
  /** hasEnded says whether the process of a resource is there no more; the machine never ends. */
  hasEnded(resource: Uint8Array): boolean;
}

// Pids are used again: what is known of one is looked at anew after this time.
const knownMs = 10_000;
const limit = 4096;

/** Life tells one process from another that had its pid; no start for one that was gone already. */
interface Life {
  readonly pid: number;
  readonly startTicks: ProcessFacts["startTicks"] | undefined;
}

/** newResources makes an empty cache; `probe` is the service name of what no process stands for. */
export function newResources(probe: string, pidsKnown = limit): Resources {
  const executables = newExecutables();
  const known = new Map<
    number,
    { readonly resource: Uint8Array; readonly key: string; readonly until: number }
  >();
  // The same bytes are the same object for as long as anybody has it: series and batches are kept by it.
  const encoded = new Map<string, WeakRef<Uint8Array>>();
  const forgotten = new FinalizationRegistry<string>((key) => {
    if (encoded.get(key)?.deref() === undefined) encoded.delete(key);
  });
  const processes = new WeakMap<Uint8Array, Life>();
  const named = (serviceName: string, pid: number): Identity => {
    const attributes = new Map<string, string | number>([
      ["service.name", serviceName],
      ["host.name", hostname()],
    ]);
    if (pid > 0) attributes.set("process.pid", pid);
    return { serviceName, attributes };
  };
  const machine = encodeResource(named(probe, 0));

  const shared = (key: string, life: Life, identity: Identity): Uint8Array => {
    const found = encoded.get(key)?.deref();
    if (found !== undefined) return found;
    const made = encodeResource(identity);
    encoded.set(key, new WeakRef(made));
    forgotten.register(made, key);
    processes.set(made, life);
    return made;
  };

  const look = (pid: number, comm: string): { resource: Uint8Array; key: string } => {
    const facts = readProcess(pid);
    const executable = facts === undefined ? undefined : executables.of(facts);
    if (facts === undefined || executable === undefined) {
      if (comm === "") return { resource: machine, key: "" };
      return {
        resource: shared(`${pid}:${comm}`, { pid, startTicks: undefined }, named(comm, pid)),
        key: "",
      };
    }
    const { startTicks } = facts;
    const key = `${pid}:${startTicks}`;
    return { resource: shared(key, { pid, startTicks }, identify(facts, executable.runtime)), key };
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
      // Those that were looked at last stand last: the first goes.
      known.delete(pid);
      for (const oldest of known.keys()) {
        if (known.size < pidsKnown) break;
        known.delete(oldest);
      }
      known.set(pid, { resource, key, until: now + knownMs });
      return resource;
    },
    hasEnded(resource) {
      const life = processes.get(resource);
      if (life === undefined) return false;
      // What was gone when it was first looked at has no start, and a process that has its pid now is another one.
      return life.startTicks === undefined || readProcess(life.pid)?.startTicks !== life.startTicks;
    },
  };
}
