import { BpfError } from "../errors.js";
import { kernelIsAtLeast } from "../kernel/version.js";
import { UpdateFlag } from "../uapi/flags.js";
import { possibleCpus } from "./cpus.js";
import type { BpfMap } from "./map.js";
import { mapTitle } from "./misuse.js";
import { isPerCpu } from "./spec.js";

const TWO_32 = 0x1_0000_0000;

function strideOf(map: BpfMap, cpu: number): number {
  if (!isPerCpu(map.spec.type)) {
    throw new BpfError("bad-argument", `${mapTitle(map.spec)} has no values per processor`);
  }
  if (!Number.isInteger(cpu) || cpu < 0 || cpu >= possibleCpus()) {
    throw new BpfError("bad-argument", `there is no processor ${cpu}`, {
      hint: `the machine may have 0 to ${possibleCpus() - 1}`,
    });
  }
  return Math.ceil(map.spec.valueSize / 8) * 8;
}

/** valueOfCpu gives one processor's part of a whole per-CPU value, in place. Throws `bad-argument`. */
export function valueOfCpu(map: BpfMap, whole: Uint8Array, cpu: number): Uint8Array {
  const at = strideOf(map, cpu) * cpu;
  return whole.subarray(at, at + map.spec.valueSize);
}

/** valuesOfCpus gives a whole per-CPU value as one part for each possible processor, in place. */
export function valuesOfCpus(map: BpfMap, whole: Uint8Array): Uint8Array[] {
  return Array.from({ length: possibleCpus() }, (_, cpu) => valueOfCpu(map, whole, cpu));
}

/** lookupCpu gives a copy of one processor's value, undefined when the key is not there. */
export function lookupCpu(map: BpfMap, key: Uint8Array, cpu: number): Uint8Array | undefined {
  strideOf(map, cpu);
  const whole = map.lookup(key);
  return whole === undefined ? undefined : valueOfCpu(map, whole, cpu).slice();
}

/** fillCpus writes the same value for every processor. */
export function fillCpus(map: BpfMap, key: Uint8Array, value: Uint8Array, flags = 0): void {
  strideOf(map, 0);
  if (value.byteLength !== map.spec.valueSize) {
    const why = `one processor's value of ${mapTitle(map.spec)} has ${map.spec.valueSize} bytes`;
    throw new BpfError("bad-argument", `${why}, not ${value.byteLength}`);
  }
  const whole = new Uint8Array(map.valueBytes);
  for (const part of valuesOfCpus(map, whole)) part.set(value);
  map.update(key, whole, flags);
}

/**
 * updateCpu writes one processor's value and leaves the others (BPF_F_CPU, 7.0). Throws `not-supported` on
 * older kernels: reading, changing and writing all of them would lose what programs count meanwhile.
 */
export function updateCpu(map: BpfMap, key: Uint8Array, cpu: number, value: Uint8Array): void {
  strideOf(map, cpu);
  if (!kernelIsAtLeast(7, 0)) {
    throw new BpfError("not-supported", `cannot write one processor's value of ${mapTitle(map.spec)}`, {
      hint: "this needs Linux 7.0 (BPF_F_CPU); before that update() writes all, and loses counts made meanwhile",
    });
  }
  const whole = new Uint8Array(map.valueBytes);
  whole.set(value);
  map.update(key, whole, UpdateFlag.BPF_F_CPU + cpu * TWO_32);
}
