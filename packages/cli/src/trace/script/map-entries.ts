import type { LoadedObject, MapEntry } from "@go3s/bpf";
import type { ScriptMap } from "@go3s/lang";

// An Aggregate: how many values there were, and what became of them.
const aggregateBytes = 16;

/** part takes the same bytes out of every processor's value. */
function part(value: Uint8Array, stride: number, offset: number, length: number): Uint8Array {
  const processors = Math.floor(value.length / stride);
  const taken = new Uint8Array(processors * length);
  for (let i = 0; i < processors; i++)
    taken.set(value.subarray(i * stride + offset, i * stride + offset + length), i * length);
  return taken;
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** ownEntries reads one map out of the value that it shares with others: an entry without a key, once there is something. */
function ownEntries(object: LoadedObject, map: ScriptMap, offset: number): MapEntry[] {
  const shared = object.map(map.map);
  return [...shared.entries()].flatMap(({ value }) => {
    const whole = part(value, shared.spec.valueSize, offset, aggregateBytes);
    if (isZero(whole)) return [];
    // count() and sum() are one word, as they are under keys.
    const start = map.aggregation === "sum" ? 8 : 0;
    const isWord = map.aggregation === "sum" || map.aggregation === "count";
    return [{ key: new Uint8Array(8), value: isWord ? part(whole, aggregateBytes, start, 8) : whole }];
  });
}

/** bucketEntries are those elements of an array of buckets that something fell into, under keys as hashes have them. */
function bucketEntries(object: LoadedObject, map: ScriptMap): MapEntry[] {
  return [...object.map(map.map).entries()].flatMap(({ key, value }) => {
    if (isZero(value)) return [];
    const wide = new Uint8Array(8);
    wide.set(key);
    return [{ key: wide, value }];
  });
}

/** mapEntries reads what a script's map holds, wherever the compiler put it. */
export function mapEntries(object: LoadedObject, map: ScriptMap): readonly MapEntry[] {
  if (map.offset !== undefined) return ownEntries(object, map, map.offset);
  return map.isArray === true ? bucketEntries(object, map) : [...object.map(map.map).entries()];
}
