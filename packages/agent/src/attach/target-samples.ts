import { type BpfMap, u32Bytes } from "@go3s/bpf";
import { everyRequest, samplingFlags, type TargetSampling } from "./target.js";

/** TargetSamples keeps each process's sampling, and the place where the probes count what they left out. */
export interface TargetSamples {
  /** usual is what a process gets that nobody has looked at yet. */
  setUsual(sampling: TargetSampling): void;
  set(pid: number, sampling: TargetSampling): void;
  of(pid: number): TargetSampling;
  /** slotOf gives the process's counter, its own until forget(). */
  slotOf(pid: number): number;
  /** untold counts what was left out since the process has its slot. */
  untold(pid: number): number;
  forget(pid: number): void;
}

interface Place {
  sampling: TargetSampling;
  readonly slot: number;
  /** What the counter stood at when the process got it. */
  readonly from: number;
}

/** newTargetSamples works on the probes' maps `sampling` and `leftOut`. */
export function newTargetSamples(usual: BpfMap, leftOut: BpfMap): TargetSamples {
  const places = new Map<number, Place>();
  // Slot 0 is everybody's who has none: processes that nobody has looked at, and those beyond the map's size.
  const free = Array.from({ length: leftOut.spec.maxEntries - 1 }, (_, i) => leftOut.spec.maxEntries - 1 - i);
  let common = everyRequest;

  const count = (slot: number): number => {
    const values = leftOut.lookup(u32Bytes(slot));
    if (values === undefined) return 0;
    const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
    let sum = 0;
    // A processor may have told more of the requests that others had left out than it left out itself.
    for (let at = 0; at + 8 <= values.length; at += 8) sum += Number(view.getBigInt64(at, true));
    return sum;
  };

  const placeOf = (pid: number): Place => {
    let place = places.get(pid);
    if (place === undefined) {
      const slot = free.pop() ?? 0;
      place = { sampling: common, slot, from: count(slot) };
      places.set(pid, place);
    }
    return place;
  };

  return {
    setUsual(sampling) {
      common = sampling;
      const value = new Uint8Array(8);
      const view = new DataView(value.buffer);
      view.setUint32(0, sampling.threshold, true);
      view.setUint32(4, samplingFlags(sampling), true);
      usual.update(u32Bytes(0), value);
    },
    set(pid, sampling) {
      placeOf(pid).sampling = sampling;
    },
    of: (pid) => placeOf(pid).sampling,
    slotOf: (pid) => placeOf(pid).slot,
    untold(pid) {
      const place = places.get(pid);
      return place === undefined || place.slot === 0 ? 0 : count(place.slot) - place.from;
    },
    forget(pid) {
      const place = places.get(pid);
      if (place === undefined) return;
      places.delete(pid);
      if (place.slot !== 0) free.push(place.slot);
    },
  };
}
