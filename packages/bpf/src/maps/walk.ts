import { BpfError } from "../errors.js";
import { BatchReader } from "./batch.js";
import type { BpfMap } from "./map.js";
import type { MapEntry } from "./spec.js";
import { mapTypeRow } from "./type-rows.js";

/** Elements a step reads: 256 of a hash's typical 16 to 64 bytes are a few pages. */
const ROOM = 256;

/** Values of all processors of a large machine are long: a step reads no more than this. */
const STEP_BYTES = 1 << 20;

/** WalkedMap is what a walk needs of a map. */
export type WalkedMap = Pick<BpfMap, "spec" | "fd" | "valueBytes" | "nextKeyInto" | "lookupInto">;

/** WalkStep is some elements of a walk, valid until the next: keys and values from the start of the buffers. */
export interface WalkStep {
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
  readonly count: number;
}

function* byBatches(reader: BatchReader, first: number): Generator<WalkStep> {
  for (let count = first; count > 0; count = reader.next()) {
    yield { keys: reader.keys, values: reader.values, count };
  }
}

// A hash whose key at hand is gone begins again with its first key, so what was seen is remembered; the key
// that follows is asked for before an element is given away, so that its receiver may delete it.
function* byKeys(map: WalkedMap): Generator<WalkStep> {
  const seen = new Set<string>();
  // Each restart costs one deletion by someone else; a bound keeps a busy map from holding the walk for ever.
  let steps = map.spec.maxEntries * 4 + 1024;
  const values = new Uint8Array(map.valueBytes);
  let keys = new Uint8Array(map.spec.keySize);
  let next = new Uint8Array(map.spec.keySize);
  let isThere = map.nextKeyInto(undefined, keys);
  while (isThere && steps-- > 0) {
    const text = Buffer.from(keys).toString("latin1");
    const found = !seen.has(text) && map.lookupInto(keys, values);
    isThere = map.nextKeyInto(keys, next);
    if (found) {
      seen.add(text);
      yield { keys, values, count: 1 };
    }
    [keys, next] = [next, keys];
  }
}

/**
 * walkSteps walks over a map, by batches where the kernel has them for its type. Elements that are there all
 * the while are met once; those that come or go meanwhile may be met or not.
 */
export function* walkSteps(map: WalkedMap): Generator<WalkStep> {
  if (mapTypeRow(map.spec.type)?.operations.includes("batch")) {
    const most = Math.floor(STEP_BYTES / Math.max(1, map.valueBytes));
    const reader = new BatchReader(map, Math.max(1, Math.min(ROOM, map.spec.maxEntries, most)));
    let first: number | undefined;
    try {
      first = reader.next();
    } catch (error) {
      // Kernels before 5.6, or before this type had batches, are walked key by key.
      if (!(error instanceof BpfError) || error.code === "closed") throw error;
    }
    if (first !== undefined) return yield* byBatches(reader, first);
  }
  yield* byKeys(map);
}

/** walkMap gives a copy of each element of a walk: whoever gets it may keep it. */
export function* walkMap(map: WalkedMap): Generator<MapEntry> {
  const { keySize } = map.spec;
  const { valueBytes } = map;
  for (const { keys, values, count } of walkSteps(map)) {
    for (let i = 0; i < count; i++) {
      yield {
        key: keys.slice(i * keySize, (i + 1) * keySize),
        value: values.slice(i * valueBytes, (i + 1) * valueBytes),
      };
    }
  }
}
