import { type BpfMap, type Btf, BtfKind } from "@go3s/bpf";
import { type Plain, readBtfValue } from "./btf-value.js";
import { type Bucket, powerBuckets } from "./script/histogram.js";

// packages/lang/src/types/maps.ts, histogramType: count, sum, then a bucket for 0 and one for each number of bits.
const histogram = { size: 536, buckets: 65, bucketsAt: 16 } as const;

/** isHistogram tells whether a map is a `bpf.Histogram` of Go3s: its value has that name and size. */
export function isHistogram(btf: Btf, { spec }: BpfMap): boolean {
  const type = spec.valueType ?? 0;
  return (
    spec.valueSize === histogram.size &&
    type !== 0 &&
    btf.kind(type) === BtfKind.STRUCT &&
    btf.name(type) === "Histogram"
  );
}

/** histogramRows adds up the processors' counts for each key. */
export function histogramRows(
  map: BpfMap,
  btf: Btf,
): { readonly key: Plain; readonly rows: readonly Bucket[] }[] {
  return [...map.entries()].map(({ key, value }) => {
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const counts = new Map<number, bigint>();
    for (let at = 0; at + histogram.size <= value.length; at += histogram.size) {
      for (let i = 0; i < histogram.buckets; i++) {
        const count = view.getBigUint64(at + histogram.bucketsAt + i * 8, true);
        // hist() of one-liners has its first row for what is below 0.
        if (count > 0n) counts.set(i + 1, (counts.get(i + 1) ?? 0n) + count);
      }
    }
    const type = map.spec.keyType ?? 0;
    const shown = type === 0 ? Buffer.from(key).toString("hex") : readBtfValue(btf, type, key);
    return { key: shown, rows: powerBuckets(counts) };
  });
}
