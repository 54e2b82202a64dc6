import type { WaitingLog } from "../sample/decider.js";

type Record = Parameters<WaitingLog["append"]>[0][number];

/** newMemoryLog makes a log of what waits for a decision that is not on disk; what is decided is counted in `taken`. */
export function newMemoryLog(taken: { blocks: number; rows: number }): WaitingLog {
  const generations: WaitingLog["generations"][number][] = [];
  const contents = new Map<string, Record[]>();
  let active: Record[] = [];
  let begun = 0;
  let sealed = 0;
  let verdicts: Uint8Array = new Uint8Array(0);
  const sizeOf = (records: readonly Record[]): number =>
    records.reduce((sum, { bytes }) => sum + bytes.length, 0);
  async function* read(path: string): AsyncGenerator<Record, void> {
    yield* contents.get(path) ?? [];
  }
  return {
    generations,
    get bytes() {
      return [...contents.values(), active].reduce((sum, records) => sum + sizeOf(records), 0);
    },
    get activeAge_ms() {
      return active.length === 0 ? 0 : performance.now() - begun;
    },
    async append(records) {
      if (active.length === 0) begun = performance.now();
      active.push(...records.map((record) => ({ ...record, bytes: Buffer.from(record.bytes) })));
    },
    async seal() {
      if (active.length === 0) return;
      const path = `generation ${++sealed}`;
      contents.set(path, active);
      generations.push({ path, length: sizeOf(active), sealedAt: performance.now() });
      active = [];
    },
    read: ({ path }) => read(path),
    async decide(generation, keep) {
      for await (const { rows } of keep(read(generation.path))) {
        taken.blocks++;
        taken.rows += rows;
      }
      contents.delete(generation.path);
      generations.splice(generations.indexOf(generation), 1);
    },
    async setAside(generation) {
      generations.splice(generations.indexOf(generation), 1);
    },
    async remember(ids) {
      verdicts = ids;
    },
    remembered: async () => verdicts,
  };
}
