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

function* byBatches(map: WalkedMap, reader: BatchReader, first: number): Generator<MapEntry> {
  const { keySize } = map.spec;
  const { valueBytes } = map;
  for (let count = first; count > 0; count = reader.next()) {
    // The step's bytes are copied out: whoever gets an element may keep it.
    const keys = reader.keys.slice(0, count * keySize);
    const values = reader.values.slice(0, count * valueBytes);
    for (let i = 0; i < count; i++) {
      yield {
        key: keys.slice(i * keySize, (i + 1) * keySize),
        value: values.slice(i * valueBytes, (i + 1) * valueBytes),
      };
    }
  }
}

// A hash whose key at hand is gone begins again with its first key, so what was seen is remembered; the key
// that follows is asked for before an element is given away, so that its receiver may delete it.
function* byKeys(map: WalkedMap): Generator<MapEntry> {
  const seen = new Set<string>();
  // Each restart costs one deletion by someone else; a bound keeps a busy map from holding the walk for ever.
  let steps = map.spec.maxEntries * 4 + 1024;
  let key = new Uint8Array(map.spec.keySize);
  let isThere = map.nextKeyInto(undefined, key);
  while (isThere && steps-- > 0) {
    const value = new Uint8Array(map.valueBytes);
    const isNew = !seen.has(Buffer.from(key).toString("latin1"));
    const found = isNew && map.lookupInto(key, value);
    const next = new Uint8Array(map.spec.keySize);
    isThere = map.nextKeyInto(key, next);
    if (found) {
      seen.add(Buffer.from(key).toString("latin1"));
      yield { key, value };
    }
    key = next;
  }
}

/**
 * walkMap gives a copy of each element of a map, by batches where the kernel has them for its type. Elements
 * that are there all the while are met once; those that come or go meanwhile may be met or not.
 */
export function* walkMap(map: WalkedMap): Generator<MapEntry> {
  if (mapTypeRow(map.spec.type)?.operations.includes("batch")) {
    const room = Math.max(1, Math.min(ROOM, map.spec.maxEntries, Math.floor(STEP_BYTES / map.valueBytes)));
    const reader = new BatchReader(map, room);
    let first: number | undefined;
    try {
      first = reader.next();
    } catch (error) {
      // Kernels before 5.6, or before this type had batches, are walked key by key.
      if (!(error instanceof BpfError) || error.code === "closed") throw error;
    }
    if (first !== undefined) return yield* byBatches(map, reader, first);
  }
  yield* byKeys(map);
}
