import { BpfError } from "../errors.js";
import { UpdateFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import type { BpfMap } from "./map.js";
import { mapTitle } from "./misuse.js";

const NO_KEY = new Uint8Array(0);

function checkType(map: BpfMap, isRight: boolean, wanted: string): void {
  if (isRight) return;
  throw new BpfError("bad-argument", `${mapTitle(map.spec)} is no ${wanted}`);
}

function checkQueue(map: BpfMap): void {
  const { type } = map.spec;
  const isQueue = type === MapType.BPF_MAP_TYPE_QUEUE || type === MapType.BPF_MAP_TYPE_STACK;
  checkType(map, isQueue, "queue or stack");
}

/**
 * pushElement appends a value to a queue or stack (4.20). A full one throws `map-full`, or loses its oldest
 * element when `evict` is set.
 */
export function pushElement(map: BpfMap, value: Uint8Array, evict = false): void {
  checkQueue(map);
  map.update(NO_KEY, value, evict ? UpdateFlag.BPF_EXIST : UpdateFlag.BPF_ANY);
}

/** peekElement gives the element popElement would take, undefined when there is none (4.20). */
export function peekElement(map: BpfMap): Uint8Array | undefined {
  checkQueue(map);
  return map.lookup(NO_KEY);
}

/** popElement takes a queue's oldest or a stack's newest element, undefined when there is none (4.20). */
export function popElement(map: BpfMap): Uint8Array | undefined {
  checkQueue(map);
  return map.lookupAndDelete(NO_KEY);
}

/** addToBloom adds a value to a bloom filter (5.16). */
export function addToBloom(map: BpfMap, value: Uint8Array): void {
  checkType(map, map.spec.type === MapType.BPF_MAP_TYPE_BLOOM_FILTER, "bloom filter");
  map.update(NO_KEY, value);
}

/** bloomMayHave tells whether a bloom filter may have a value; false is certain (5.16). */
export function bloomMayHave(map: BpfMap, value: Uint8Array): boolean {
  checkType(map, map.spec.type === MapType.BPF_MAP_TYPE_BLOOM_FILTER, "bloom filter");
  // The kernel reads the value to look for from where other maps have theirs written to.
  return map.lookupInto(NO_KEY, value);
}
