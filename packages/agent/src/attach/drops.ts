import { type BpfMap, u32Bytes } from "@go3s/bpf";

/** dropReasons are the rows of the probes' map `drops`, in the order of the constants in probes/records.go3s. */
export const dropReasons = [
  "ring-full",
  "map-full",
  "unreadable-memory",
  "pipelined",
  "wire-shed",
  "tls-socket",
  "long-span",
] as const;

/** dropCounts sums each reason over the processors. */
export function dropCounts(drops: BpfMap): Record<string, number> {
  const counts: Record<string, number> = {};
  dropReasons.forEach((reason, index) => {
    const values = drops.lookup(u32Bytes(index));
    let sum = 0;
    if (values !== undefined) {
      const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
      for (let at = 0; at < values.length; at += 8) sum += Number(view.getBigUint64(at, true));
    }
    counts[reason] = sum;
  });
  return counts;
}
