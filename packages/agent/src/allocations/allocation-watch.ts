import { BinaryError } from "@go3s/binary";
import {
  AttachType,
  attachUprobeMulti,
  BpfError,
  type BpfMap,
  isStaleProcess,
  type Link,
  type LoadedObject,
  loadObject,
  readObject,
  u32Bytes,
  withFile,
} from "@go3s/bpf";
import { decodeProtobuf, Resource } from "@go3s/telemetry";
import type { Observed } from "../discovery/registry.js";
import { AgentError } from "../errors.js";
import type { Exporter } from "../export/exporter.js";
import { allocationProbes } from "../probes/compile.js";
import { loadBias } from "../runtime/load-bias.js";
import { type AllocationCounts, newAllocationCounts } from "./allocation-counts.js";
import { encodeAllocations, type ProfiledSite } from "./allocation-profile.js";
import { type AllocationProgram, openAllocationProgram } from "./allocation-program.js";
import { amountValue, missedReasons, programValue, siteKey } from "./layout.js";
import { newShares, type SeenSite, type Shares } from "./shares.js";

/** AllocationWatch tells which places of Go programs allocate, as profiles. It owns its probes. */
export interface AllocationWatch {
  /** watch attaches to a Go process; a text says why it does not, "" when it does. */
  watch(process: Pick<Observed, "facts" | "executable" | "spans">): string;
  unwatch(pid: number): void;
  /** tick keeps the budget, and tells every `tellEvery` calls; call it once a second. */
  tick(): void;
  /** tell sends what was allocated since it was last told. */
  tell(): void;
  /** dropped counts what was seen and could not be told, by reason. */
  dropped(): Readonly<Record<string, number>>;
  close(): void;
}

/** AllocationOptions are the choices of openAllocationWatch. */
export interface AllocationOptions {
  readonly exporter: Exporter;
  /** budget is how many used-up spans a second of one process are noted in full; beyond it one of 2, 4, … is. 5,000 when absent. */
  readonly budget?: number;
  /** tellEvery is how many seconds a profile is long; 10 when absent. */
  readonly tellEvery?: number;
}

interface Watched {
  readonly pid: number;
  readonly program: AllocationProgram;
  readonly programKey: string;
  readonly named: Pick<Observed["spans"], "resource">;
  readonly bias: number;
  readonly counts: AllocationCounts;
  readonly shares: Shares;
  readonly links: Link[];
  from: bigint;
  hits: number;
  every: number;
}

// 5,000 a second cost a process 1 % of a CPU (1 us to stop, 1 us for the stack).
const standardBudget = 5000;
const standardTellEvery = 10;
const mostEvery = 1024;
const stackWords = 127;
/** MAX_STACKS of the probes' map; when half of it is used, all that is known of stacks is forgotten. */
const stackRoom = 16384;

const unixNow = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** openAllocationWatch loads the probes. Throws BpfError where the kernel takes no uprobe_multi programs (6.6). */
export function openAllocationWatch(options: AllocationOptions): AllocationWatch {
  const object = loadAllocations();
  const maps = {
    programs: object.map("programs"),
    stacks: object.map("stacks"),
    sites: object.map("sites"),
    missed: object.map("missed"),
  };
  const watched = new Map<number, Watched>();
  const programs = new Map<string, { readonly program: AllocationProgram; users: number }>();
  const stacks = new Map<number, readonly number[]>();
  const budget = options.budget ?? standardBudget;
  const tellEvery = options.tellEvery ?? standardTellEvery;
  let goneSites = 0;
  /** missed is what the map said last: it is asked for once more when the probes are gone. */
  let missed: readonly number[] = missedReasons.map(() => 0);
  let isOpen = true;
  let ticks = 0;
  let lastTick = performance.now();

  const openProgram = (key: string, path: string): AllocationProgram | string => {
    const known = programs.get(key);
    if (known !== undefined) {
      known.users++;
      return known.program;
    }
    const program = withFile(path, key, openAllocationProgram);
    if (typeof program !== "string") programs.set(key, { program, users: 1 });
    return program;
  };
  const releaseProgram = (key: string): void => {
    const known = programs.get(key);
    if (known === undefined || --known.users > 0) return;
    programs.delete(key);
    known.program.close();
  };

  const setEvery = (each: Watched, every: number): void => {
    each.every = every;
    maps.programs.update(u32Bytes(each.pid), programBytes(every, each.hits));
  };

  const detach = ({ pid, links }: Pick<Watched, "pid" | "links">): void => {
    maps.programs.delete(u32Bytes(pid));
    for (const link of links.splice(0).reverse()) link.close();
  };

  /** stackOf gives a stack's addresses; they stay the same as long as nothing is forgotten. */
  const stackOf = (number: number): readonly number[] => {
    let addresses = stacks.get(number);
    if (addresses === undefined) {
      addresses = addressesIn(maps.stacks.lookup(u32Bytes(number)));
      stacks.set(number, addresses);
    }
    return addresses;
  };

  const forgetStacks = (): void => {
    if (stacks.size < stackRoom / 2) return;
    stacks.clear();
    for (const { key } of maps.stacks.entries()) maps.stacks.delete(key);
  };

  /** takeSeen takes what the probes noted out of their map, by process. */
  const takeSeen = (): Map<number, SeenSite[]> => {
    const seen = new Map<number, SeenSite[]>();
    for (const { key } of maps.sites.entries()) {
      const value = maps.sites.lookupAndDelete(key);
      if (value === undefined) continue;
      const at = new DataView(key.buffer, key.byteOffset, key.byteLength);
      const amount = new DataView(value.buffer, value.byteOffset, value.byteLength);
      const tgid = at.getUint32(siteKey.tgid, true);
      if (!watched.has(tgid)) {
        goneSites++;
        continue;
      }
      const list = seen.get(tgid) ?? [];
      list.push({
        stack: at.getUint32(siteKey.stack, true),
        class: at.getUint32(siteKey.class, true),
        count: Number(amount.getBigUint64(amountValue.count, true)),
        bytes: Number(amount.getBigUint64(amountValue.bytes, true)),
      });
      seen.set(tgid, list);
    }
    return seen;
  };

  const tellOne = (each: Watched, seen: readonly SeenSite[], now: bigint): void => {
    const counts = each.counts.read();
    if (counts === undefined) return;
    const sites: ProfiledSite[] = [];
    for (const [stack, share] of each.shares.divide(counts, seen)) {
      const addresses = stackOf(stack).map((address) => address - each.bias);
      sites.push({ ...share, frames: each.program.frames(addresses) });
    }
    if (sites.length > 0) {
      const body = encodeAllocations(decodeProtobuf(Resource, each.named.resource), sites, {
        from: each.from,
        to: now,
      });
      options.exporter.send("profiles", body, sites.length);
    }
    each.from = now;
  };

  const readMissed = (): readonly number[] => {
    if (isOpen) missed = missedReasons.map((_, i) => sumOfCpus(maps.missed.lookup(u32Bytes(i))));
    return missed;
  };

  const tell = (): void => {
    if (watched.size === 0) return;
    const now = unixNow();
    const seen = takeSeen();
    for (const each of watched.values()) tellOne(each, seen.get(each.pid) ?? [], now);
    forgetStacks();
  };

  return {
    watch({ facts: { pid }, executable, spans }) {
      if (!executable.isGo || watched.has(pid)) return "";
      const path = `/proc/${pid}/exe`;
      const { key } = executable;
      let program: AllocationProgram | string;
      try {
        program = openProgram(key, path);
      } catch (error) {
        if (isStaleProcess(error)) return "";
        throw error;
      }
      if (typeof program === "string") return program;
      const links: Link[] = [];
      try {
        const bias = loadBias(pid, program.layout, program.inode);
        const counts = bias === undefined ? undefined : newAllocationCounts(pid, program.layout, bias);
        const begin = counts?.read();
        if (bias === undefined || counts === undefined || begin === undefined) {
          releaseProgram(key);
          return `the counts of Go 1.${program.layout.minor}'s allocator are not to be found`;
        }
        maps.programs.update(u32Bytes(pid), programBytes(1, 0));
        for (const [name, offset] of program.sites)
          links.push(
            attachUprobeMulti(object.program(name), { path, identity: key, offsets: [offset], pid }),
          );
        watched.set(pid, {
          pid,
          program,
          programKey: key,
          named: spans,
          bias,
          counts,
          shares: newShares(begin),
          links,
          from: unixNow(),
          hits: 0,
          every: 1,
        });
        return "";
      } catch (error) {
        detach({ pid, links });
        releaseProgram(key);
        // It may have ended meanwhile.
        if (!(error instanceof BpfError || error instanceof BinaryError)) throw error;
        return error.message;
      }
    },
    unwatch(pid) {
      const each = watched.get(pid);
      if (each === undefined) return;
      detach(each);
      watched.delete(pid);
      releaseProgram(each.programKey);
    },
    tick() {
      const seconds = Math.max(1, (performance.now() - lastTick) / 1000);
      lastTick = performance.now();
      for (const each of watched.values()) {
        const hits = hitsOf(maps.programs, each.pid);
        const rate = (hits - each.hits) / seconds;
        each.hits = hits;
        if (rate / each.every > budget && each.every < mostEvery) setEvery(each, each.every * 2);
        else if (each.every > 1 && rate / each.every < budget / 4) setEvery(each, each.every / 2);
      }
      ticks++;
      if (ticks % tellEvery === 0) tell();
    },
    tell,
    dropped() {
      const counts = readMissed();
      return {
        "allocation-process-gone": goneSites,
        ...Object.fromEntries(missedReasons.map((reason, i) => [reason, counts[i] ?? 0])),
      };
    },
    close() {
      for (const each of watched.values()) detach(each);
      tell();
      for (const each of watched.values()) releaseProgram(each.programKey);
      watched.clear();
      readMissed();
      isOpen = false;
      object.close();
    },
  };
}

/** OpenedAllocations is an AllocationWatch, or why there is none. */
export interface OpenedAllocations {
  readonly allocations: AllocationWatch | undefined;
  readonly missing: readonly { readonly what: string; readonly why: string; readonly hint: string }[];
}

/** tryOpenAllocationWatch opens; a kernel that refuses costs these profiles alone. */
export function tryOpenAllocationWatch(options: AllocationOptions | undefined): OpenedAllocations {
  if (options === undefined) return { allocations: undefined, missing: [] };
  try {
    return { allocations: openAllocationWatch(options), missing: [] };
  } catch (error) {
    if (!(error instanceof BpfError || error instanceof AgentError)) throw error;
    const what = "which places of Go programs allocate";
    return {
      allocations: undefined,
      missing: [{ what, why: error.message, hint: error.hint ?? "it needs Linux 6.6" }],
    };
  }
}

function programBytes(every: number, hits: number): Uint8Array {
  const value = new Uint8Array(programValue.size);
  const view = new DataView(value.buffer);
  view.setUint32(programValue.every, every, true);
  view.setBigUint64(programValue.hits, BigInt(hits), true);
  return value;
}

function hitsOf(programs: BpfMap, pid: number): number {
  const value = programs.lookup(u32Bytes(pid));
  if (value === undefined) return 0;
  return Number(new DataView(value.buffer, value.byteOffset).getBigUint64(programValue.hits, true));
}

function addressesIn(value: Uint8Array | undefined): number[] {
  if (value === undefined) return [];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const addresses: number[] = [];
  for (let i = 0; i < stackWords; i++) {
    const address = Number(view.getBigUint64(i * 8, true));
    if (address === 0) break;
    addresses.push(address);
  }
  return addresses;
}

function sumOfCpus(value: Uint8Array | undefined): number {
  if (value === undefined) return 0;
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  let sum = 0;
  for (let at = 0; at + 8 <= value.byteLength; at += 8) sum += Number(view.getBigUint64(at, true));
  return sum;
}

function loadAllocations(): LoadedObject {
  const spec = readObject(allocationProbes.object());
  const attachType = AttachType.BPF_TRACE_UPROBE_MULTI;
  return loadObject({
    ...spec,
    programs: new Map([...spec.programs].map(([name, program]) => [name, { ...program, attachType }])),
  });
}
