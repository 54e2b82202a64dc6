import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { ringBench } from "../testing/ring-bench.js";
import { startRingWorker } from "./worker.js";

const module = new URL("../testing/ring-handler.js", import.meta.url);

/** ringMappings counts this process's mappings of ring buffers. */
function ringMappings(): number {
  return readFileSync("/proc/self/maps", "utf8").match(/bpf-map/g)?.length ?? 0;
}

describe("a ring buffer read in a worker", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => {
    assert.deepEqual(kernelDescriptors(), before);
    assert.equal(ringMappings(), 0);
  });

  test("gives every record to the handler module, wakes it and ends cleanly", async () => {
    using b = ringBench(4096, 0);
    const seen: unknown[] = [];
    let told = (): void => {};
    const first = new Promise<void>((resolve) => (told = resolve));
    const worker = await startRingWorker(b.ring, {
      module,
      timer: { idle: Number.POSITIVE_INFINITY },
      onMessage: (message) => {
        seen.push(message);
        told();
      },
    });
    b.run(10);
    await first;
    b.run(3);
    await worker.close();
    await worker.close();
    assert.deepEqual(seen.flat(), [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, "closed"]);
    const counts = await worker.counts();
    assert.equal(counts.records, 10);
    assert.equal(counts.discarded, 3);
  });

  test("an error of the handler ends it, and is told", async () => {
    using b = ringBench(4096, 0);
    const worker = await startRingWorker(b.ring, { module, data: 2 });
    b.run(4);
    await assert.rejects(worker.ended, /record 2 is not wanted/);
    await assert.rejects(worker.counts(), (error) => error instanceof BpfError && error.code === "closed");
    await assert.rejects(worker.close(), /record 2/);
  });

  test("a module without createHandler is refused", async () => {
    using b = ringBench(4096, 0);
    const other = new URL("../testing/child.js", import.meta.url);
    await assert.rejects(startRingWorker(b.ring, { module: other }), /exports no function createHandler/);
  });
});
