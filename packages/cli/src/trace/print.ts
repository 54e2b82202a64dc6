import { type BpfMap, Btf } from "@go3s/bpf";
import { type Plain, plainText, readBtfValue } from "./btf-value.js";
import { histogramRows, isHistogram } from "./histogram-map.js";
import { type Bucket, bars } from "./script/histogram.js";

/** Printer writes what a probe program tells: for people, or as bpftrace's JSON lines (type and data). */
export interface Printer {
  attached(probes: number): void;
  event(type: string, value: Plain): void;
  /** map prints a map's entries; per-CPU values are added up when they are numbers, else listed. */
  map(name: string, map: BpfMap, btf: Uint8Array | undefined, perCpu: boolean): void;
}

function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === "bigint"
    ? value <= 9007199254740991n && value >= -9007199254740991n
      ? Number(value)
      : value.toString()
    : value;
}

/** newPrinter makes a printer that gives whole lines. */
export function newPrinter(format: "text" | "json", line: (text: string) => void): Printer {
  const printHistogram = (name: string, map: BpfMap, types: Btf): void => {
    const rows = histogramRows(map, types).map(({ key, rows: buckets }) => ({
      key: plainText(key),
      buckets,
    }));
    if (format === "json") {
      const plain = (buckets: readonly Bucket[]) =>
        buckets.map(({ min, max, count }) => ({ min, max, count }));
      json("hist", { [name]: Object.fromEntries(rows.map(({ key, buckets }) => [key, plain(buckets)])) });
      return;
    }
    for (const { key, buckets } of rows) {
      line(`${name}[${key}]:`);
      for (const each of bars(buckets, 1).trimEnd().split("\n")) line(each);
    }
  };
  const json = (type: string, data: unknown): void => line(JSON.stringify({ type, data }, jsonSafe));
  return {
    attached(probes) {
      if (format === "json") json("attached_probes", { probes });
      else line(`Attached ${probes} probe${probes === 1 ? "" : "s"}`);
    },
    event(type, value) {
      if (format === "json") json("event", { type, value });
      else line(`${type}${plainText(value)}`);
    },
    map(name, map, btf, perCpu) {
      const types = btf === undefined ? undefined : new Btf(btf);
      if (types !== undefined && isHistogram(types, map)) return printHistogram(name, map, types);
      const entries = [...map.entries()].map(({ key, value }): readonly [Plain, Plain] => [
        readBytes(types, map.spec.keyType, key),
        perCpu ? readPerCpu(types, map, value) : readBytes(types, map.spec.valueType, value),
      ]);
      // An array that was never written to is all zeros: nothing happened, so nothing is said.
      const told = entries.filter(([, value]) => !isZero(value));
      if (format === "json")
        json("map", {
          [name]: Object.fromEntries(
            told.map(([key, value]) => [typeof key === "string" ? key : plainText(key), value]),
          ),
        });
      else for (const [key, value] of told) line(`${name}[${plainText(key)}]: ${plainText(value)}`);
    },
  };
}

function readBytes(btf: Btf | undefined, type: number | undefined, bytes: Uint8Array): Plain {
  if (btf !== undefined && type !== undefined && type !== 0) return readBtfValue(btf, type, bytes);
  return Buffer.from(bytes).toString("hex");
}

function readPerCpu(btf: Btf | undefined, map: BpfMap, value: Uint8Array): Plain {
  const stride = Math.ceil(map.spec.valueSize / 8) * 8;
  const values: Plain[] = [];
  for (let at = 0; at + stride <= value.length; at += stride) {
    values.push(readBytes(btf, map.spec.valueType, value.subarray(at, at + map.spec.valueSize)));
  }
  if (values.every((each) => typeof each === "number" || typeof each === "bigint")) {
    return values.reduce<bigint>((sum, each) => sum + BigInt(each), 0n);
  }
  return values;
}

function isZero(value: Plain): boolean {
  if (typeof value === "number" || typeof value === "bigint") return BigInt(value) === 0n;
  if (typeof value === "string") return /^(?:0*|0x0)$/.test(value);
  return value !== null && typeof value === "object" && Object.values(value).every((each) => isZero(each));
}
