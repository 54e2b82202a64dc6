import type { RingHandler, RingWorkerContext } from "../ringbuf/worker.js";

/** createHandler posts the first word of each record, gathered between two looks, and fails as `data` says. */
export function createHandler({ data, post }: RingWorkerContext): RingHandler {
  let seen: number[] = [];
  return {
    record(memory, offset) {
      const first = memory.view.getUint32(offset, true);
      if (first === data) throw new Error(`record ${first} is not wanted`);
      seen.push(first);
    },
    drained() {
      post(seen);
      seen = [];
    },
    close: () => post("closed"),
  };
}
