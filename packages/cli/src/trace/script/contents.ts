import type { MapEntry } from "@go3s/bpf";
import { type ScriptMap, shapeBytes } from "@go3s/lang";
import { type Bucket, linearBuckets, powerBuckets } from "./histogram.js";
import { lastEpoch, type Moment, moments, type Part } from "./series.js";
import type { Reader, Shown } from "./shown.js";

/** MapValue is what a key of a map holds. */
export type MapValue =
  | { readonly kind: "plain"; readonly shown: Shown }
  | { readonly kind: "average"; readonly average: bigint }
  | { readonly kind: "stats"; readonly count: bigint; readonly average: bigint; readonly total: bigint }
  | { readonly kind: "buckets"; readonly rows: readonly Bucket[] }
  | { readonly kind: "series"; readonly rows: readonly Moment[] };

/** MapRow is a key of a map with its value; no keys for a map without. */
export interface MapRow {
  readonly keys: readonly Shown[];
  readonly value: MapValue;
}

const stackIndent = 8;

interface Reading {
  readonly keys: readonly Shown[];
  readonly parts: bigint[][];
  readonly buckets: Map<number, bigint>;
  readonly moments: Part[];
}

/** words gives the 64-bit words of a value, one list for each processor. */
function words(value: Uint8Array, signed: boolean, perProcessor: number): bigint[][] {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const lists: bigint[][] = [];
  for (let at = 0; at + perProcessor <= value.length; at += perProcessor) {
    const list: bigint[] = [];
    for (let i = 0; i < perProcessor; i += 8)
      list.push(signed ? view.getBigInt64(at + i, true) : view.getBigUint64(at + i, true));
    lists.push(list);
  }
  return lists;
}

/** momentsOf reads the intervals that the processors hold under one key. */
function momentsOf(value: Uint8Array): Part[] {
  return words(value, true, 32).map(([epoch = 0n, count = 0n, number = 0n, time = 0n]) => ({
    epoch,
    count,
    value: number,
    time,
  }));
}

const sum = (parts: readonly bigint[][], index: number): bigint =>
  parts.reduce((total, part) => total + (part[index] ?? 0n), 0n);

/** C divides towards zero; so does BigInt. */
const divide = (total: bigint, count: bigint): bigint => (count === 0n ? 0n : total / count);

// hist() without bits takes numbers as they are in 64 bits: those below zero are the longest.
const negative = 65;

/** bucketAt reads the bucket behind a key. */
function bucketAt(map: ScriptMap, key: Uint8Array, at: number): number {
  const bucket = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(at, true));
  return map.aggregation === "hist" && map.bits === 0 && bucket === negative ? 0 : bucket;
}

function number(value: bigint): MapValue {
  return { kind: "plain", shown: { text: value.toString(), json: value, order: value } };
}

function combined(map: ScriptMap, reading: Reading): MapValue {
  const { parts } = reading;
  switch (map.aggregation) {
    case "min":
    case "max": {
      // A processor that saw nothing holds a zero that nobody gave.
      const seen = parts.filter((part) => part[0] !== 0n).map((part) => part[1] ?? 0n);
      const least = map.aggregation === "min";
      return number(
        seen.reduce((best, value) => ((least ? value < best : value > best) ? value : best), seen[0] ?? 0n),
      );
    }
    case "avg":
      return { kind: "average", average: divide(sum(parts, 1), sum(parts, 0)) };
    case "stats": {
      const [count, total] = [sum(parts, 0), sum(parts, 1)];
      return { kind: "stats", count, average: divide(total, count), total };
    }
    case "hist":
      return { kind: "buckets", rows: powerBuckets(reading.buckets, map.bits) };
    case "lhist":
      return {
        kind: "buckets",
        rows: map.linear === undefined ? [] : linearBuckets(reading.buckets, map.linear),
      };
    default:
      return number(sum(parts, 0));
  }
}

function compare(a: bigint | string, b: bigint | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function weight(value: MapValue): bigint | undefined {
  if (value.kind === "buckets") return value.rows.reduce((total, row) => total + row.count, 0n);
  if (value.kind === "series") return undefined;
  if (value.kind !== "plain") return value.average;
  return typeof value.shown.order === "bigint" ? value.shown.order : undefined;
}

function byKeys(a: MapRow, b: MapRow): number {
  for (const [i, key] of a.keys.entries()) {
    const order = compare(key.order, b.keys[i]?.order ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

/** mapRows puts a map's contents into the order in which they are printed: by value, the largest last; others by key. */
export function mapRows(script: ScriptMap, entries: readonly MapEntry[], reader: Reader): MapRow[] {
  const isHistogram = script.aggregation === "hist" || script.aggregation === "lhist";
  const readings = new Map<string, Reading>();
  const rows: MapRow[] = [];
  for (const { key, value } of entries) {
    let at = 0;
    const keys = script.keys.map((shape) => {
      const shown = reader.read(shape, key, at, stackIndent);
      at += shapeBytes(shape);
      return shown;
    });
    if (script.aggregation === undefined) {
      rows.push({ keys, value: { kind: "plain", shown: reader.read(script.value, value, 0, stackIndent) } });
      continue;
    }
    // Stacks of different numbers and texts with different bytes behind the NUL read the same: they are one key.
    const name = JSON.stringify(keys.map((each) => each.text));
    const reading = readings.get(name) ?? {
      keys,
      parts: [],
      buckets: new Map<number, bigint>(),
      moments: [],
    };
    readings.set(name, reading);
    const wide =
      script.aggregation === "min" ||
      script.aggregation === "max" ||
      script.aggregation === "avg" ||
      script.aggregation === "stats";
    if (script.aggregation === "tseries") {
      reading.moments.push(...momentsOf(value));
      continue;
    }
    const parts = words(value, (wide || script.aggregation === "sum") && script.signed, wide ? 16 : 8);
    if (isHistogram) {
      const bucket = bucketAt(script, key, at);
      reading.buckets.set(bucket, (reading.buckets.get(bucket) ?? 0n) + sum(parts, 0));
    } else reading.parts.push(...parts);
  }
  const last = lastEpoch([...readings.values()].flatMap((reading) => reading.moments));
  for (const reading of readings.values())
    rows.push({
      keys: reading.keys,
      value:
        script.series === undefined
          ? combined(script, reading)
          : { kind: "series", rows: moments(reading.moments, script.series, last) },
    });
  return rows.sort((a, b) => {
    const [first, second] = [weight(a.value), weight(b.value)];
    return (first !== undefined && second !== undefined ? compare(first, second) : 0) || byKeys(a, b);
  });
}

/** emptyRows are what print(@x) shows of a map without keys that nothing was put into: zeros. */
export function emptyRows(script: ScriptMap, reader: Reader): MapRow[] {
  if (script.keys.length > 0) return [];
  if (script.aggregation === undefined) {
    const shown = reader.read(script.value, new Uint8Array(shapeBytes(script.value)), 0, stackIndent);
    return [{ keys: [], value: { kind: "plain", shown } }];
  }
  const nothing: Reading = { keys: [], parts: [], buckets: new Map(), moments: [] };
  return script.series === undefined
    ? [{ keys: [], value: combined(script, nothing) }]
    : [{ keys: [], value: { kind: "series", rows: [] } }];
}
