import { BpfError } from "../errors.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import { ArrayMemory } from "./array-memory.js";
import { possibleCpus } from "./cpus.js";
import type { BpfMap } from "./map.js";
import { mapTitle } from "./misuse.js";
import type { MapSpec } from "./spec.js";

/** Two cache lines: processors of today fetch them in pairs, so that neighbours do not share one. */
const PAD_BYTES = 128;

/**
 * cpuCountersSpec describes a map with `counters` 64-bit counters for each processor that user space reads
 * without a system call. The kernel maps no per-CPU map into a process (kernel/bpf/arraymap.c,
 * array_map_alloc_check), so it is a plain array whose index is the processor: the program takes element
 * bpf_get_smp_processor_id() and adds to it. Slots are padded, so that processors do not share cache lines.
 * A program that can be interrupted by itself on one processor adds atomically.
 */
export function cpuCountersSpec(name: string, counters: number): MapSpec {
  if (!Number.isInteger(counters) || counters < 1) {
    throw new BpfError("bad-argument", `"${name}" cannot have ${counters} counters`);
  }
  return {
    name,
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: Math.ceil((counters * 8) / PAD_BYTES) * PAD_BYTES,
    maxEntries: possibleCpus(),
    flags: MapFlag.BPF_F_MMAPABLE,
  };
}

/** CpuCounters reads the counters of a map made by cpuCountersSpec(), without a system call. */
export class CpuCounters {
  readonly #memory: ArrayMemory;
  readonly #words: BigUint64Array;
  readonly #halves: Uint32Array;
  readonly #step: number;

  /** Maps the map's memory (5.5); the map may be closed afterwards. Throws `bad-argument`. */
  constructor(map: BpfMap) {
    if (map.spec.maxEntries !== possibleCpus()) {
      throw new BpfError("bad-argument", `${mapTitle(map.spec)} has no element for each processor`, {
        hint: `it has ${map.spec.maxEntries}, there may be ${possibleCpus()} processors`,
      });
    }
    this.#memory = new ArrayMemory(map);
    this.#words = new BigUint64Array(this.#memory.view.buffer);
    this.#halves = new Uint32Array(this.#memory.view.buffer);
    this.#step = this.#memory.stride / 8;
  }

  /** sum adds up a counter over all processors; exact up to 2^53. */
  sum(counter = 0): number {
    this.#check(counter);
    let total = 0;
    for (let at = counter; at < this.#words.length; at += this.#step) {
      if (at >= this.#memory.length * this.#step) break;
      total += this.#read(at);
    }
    return total;
  }

  /** ofCpu gives one processor's counter. */
  ofCpu(cpu: number, counter = 0): bigint {
    this.#check(counter);
    return Atomics.load(this.#words, this.#memory.offsetOf(cpu) / 8 + counter);
  }

  /** close lets go of the memory; counters then read 0. */
  close(): void {
    this.#memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // Without a BigInt while the upper half stands still; two looks at it tell.
  #read(at: number): number {
    for (;;) {
      const high = Atomics.load(this.#halves, at * 2 + 1);
      const low = Atomics.load(this.#halves, at * 2);
      if (Atomics.load(this.#halves, at * 2 + 1) === high) return high * 0x1_0000_0000 + low;
    }
  }

  #check(counter: number): void {
    if (Number.isInteger(counter) && counter >= 0 && counter < this.#step) return;
    throw new BpfError("bad-argument", `there is no counter ${counter} among ${this.#step}`);
  }
}
