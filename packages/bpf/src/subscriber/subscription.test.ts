import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { possibleCpus } from "../maps/cpus.js";
import { createMap, u32Bytes } from "../maps/map.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { DISCARD_EVERY, ringBench } from "../testing/ring-bench.js";
import { MapType } from "../uapi/map-types.js";
import type { EventBatch } from "./batch.js";
import { DropCounters } from "./drops.js";
import { subscribe } from "./subscription.js";

function firstsOf(batch: EventBatch): number[] {
  const firsts: number[] = [];
  batch.forEach((memory, offset) => {
    firsts.push(memory.view.getUint32(offset, true));
  });
  return firsts;
}

/** wanted gives the numbers of the records up to a run's that are not discarded. */
function wanted(runs: number): number[] {
  return Array.from({ length: runs }, (_, i) => i).filter((i) => i % DISCARD_EVERY !== 0);
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

describe("a subscription", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  test("gives batches to an asynchronous loop while the program goes on", async () => {
    using b = ringBench(4096, 0);
    const seen: number[] = [];
    using subscription = subscribe(b.ring, { drops: b.dropsMap, timer: { min: 1, max: 1 } });
    let runs = 25;
    b.run(25);
    for await (const batch of subscription) {
      assert.equal(batch.dropped, 0);
      const view = {
        first: 0,
        at(memory: { view: DataView }, offset: number, length: number) {
          assert.equal(length, 96);
          this.first = memory.view.getUint32(offset, true);
        },
      };
      for (const event of batch.views(view)) seen.push(event.first);
      assert.equal(firstsOf(batch).length, batch.count);
      if (runs < 500) {
        b.run(25);
        runs += 25;
        await turn();
      }
      if (seen.length === wanted(500).length) break;
    }
    assert.deepEqual(seen, wanted(500));
    assert.equal(subscription.counts().records, seen.length);
  });

  test("a slow consumer makes the reading wait, and the program counts what has no room", async () => {
    using b = ringBench(4096, 0);
    using subscription = subscribe(b.ring, {
      queueBytes: 1040,
      drops: b.dropsMap,
      timer: { min: 1, max: 1, idle: 1 },
    });
    // Far more than the queue's 10 records and the ring buffer's 39.
    b.run(10);
    while (subscription.counts().waiting < 8) await turn();
    b.run(200);
    while (subscription.counts().stalls === 0) await turn();
    const { waiting, waitingBytes, limit, dropped, stalls } = subscription.counts();
    assert.equal(waiting, 10);
    assert.ok(waitingBytes <= limit && limit === 1040);
    // It does not look again as long as nothing was taken.
    await turn();
    assert.equal(subscription.counts().stalls, stalls);
    assert.equal(dropped[0], b.drops());
    assert.ok(b.drops() > 0);
    const seen: number[] = [];
    let told = 0;
    const kept = 210 - b.drops();
    for (;;) {
      const { value: batch } = await subscription.next();
      if (batch === undefined) break;
      assert.ok(batch.count <= 10);
      seen.push(...firstsOf(batch));
      told += batch.dropped;
      if (seen.length >= wanted(kept).length) subscription.close();
    }
    // All that was not dropped came, in order and once: the drops are at the end.
    assert.deepEqual(seen, wanted(kept));
    assert.equal(told, b.drops());
  });

  test("the queue grows when it is allowed to", async () => {
    using b = ringBench(65_536, 0);
    using subscription = subscribe(b.ring, { queueBytes: 1040, maxQueueBytes: 1 << 20 });
    b.run(500);
    subscription.drain();
    const { waiting, stalls, grown, limit } = subscription.counts();
    assert.equal(waiting, 400);
    assert.equal(stalls, 0);
    assert.ok(grown > 3 && limit <= 1 << 20);
    const { value: batch } = await subscription.next();
    assert.deepEqual(firstsOf(batch ?? assert.fail()), wanted(500));
  });

  test("the callback form waits for what the handler returns; close ends it after what waits", async () => {
    using b = ringBench(4096, 0);
    const subscription = subscribe(b.ring);
    const seen: number[] = [];
    let busy = 0;
    const over = subscription.run(async (batch) => {
      assert.equal(busy++, 0);
      seen.push(...firstsOf(batch));
      await turn();
      busy--;
      if (seen.length === 4) {
        b.run(5);
        subscription.drain();
        subscription.close();
      }
    });
    b.run(5);
    await over;
    assert.deepEqual(seen, wanted(10));
    const { done } = await subscription.next();
    assert.equal(done, true);
  });

  test("misuse is refused", async () => {
    using b = ringBench(4096, 0);
    assert.throws(() => subscribe(b.ring, { drops: b.ring }), /not a map of drop counters/);
    assert.throws(() => subscribe(b.ring, { queueBytes: 0 }), /cannot have 0 bytes/);
    assert.throws(() => subscribe(b.dropsMap), /not a ring buffer/);
    using subscription = subscribe(b.ring);
    const first = subscription.next();
    await assert.rejects(
      subscription.next(),
      (error) => error instanceof BpfError && error.code === "bad-argument",
    );
    subscription.close();
    assert.deepEqual(await first, { done: true, value: undefined });
  });

  test("drop counters are summed over processors, by reason", () => {
    const type = MapType.BPF_MAP_TYPE_PERCPU_ARRAY;
    using map = createMap({ name: "drops", type, keySize: 4, valueSize: 8, maxEntries: 3 });
    const each = BigUint64Array.from({ length: possibleCpus() }, (_, cpu) => BigInt(cpu + 1));
    map.update(u32Bytes(1), new Uint8Array(each.buffer));
    const drops = new DropCounters(map);
    const sum = (possibleCpus() * (possibleCpus() + 1)) / 2;
    assert.deepEqual(drops.read(), [0, sum, 0]);
    map.close();
    assert.equal(drops.total(), sum);
  });
});
