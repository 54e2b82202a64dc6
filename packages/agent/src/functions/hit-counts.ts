import type { typedMap } from "@go3s/bpf";

type TypedMap = ReturnType<typeof typedMap>;

/** hitCounts sums an array of counters over the processors. */
export function hitCounts(map: TypedMap): Map<number, number> {
  const counts = new Map<number, number>();
  const key = { view: new DataView(new ArrayBuffer(4)), offset: 0 };
  const value = { view: new DataView(new ArrayBuffer(8)), offset: 0 };
  const cursor = (into: { view: DataView; offset: number }) => ({
    at(memory: { readonly view: DataView }, offset: number): void {
      into.view = memory.view;
      into.offset = offset;
    },
  });
  map.each(cursor(key), cursor(value), () => {
    const id = key.view.getUint32(key.offset, true);
    counts.set(id, (counts.get(id) ?? 0) + Number(value.view.getBigUint64(value.offset, true)));
  });
  return counts;
}
