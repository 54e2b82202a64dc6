import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { pageSize } from "../kernel/mmap.js";
import { createMap } from "../maps/map.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { ringBench as bench, DISCARD_EVERY, RECORD_BYTES } from "../testing/ring-bench.js";
import { RingBufferFlag } from "../uapi/flags.js";
import { RingBufferReader } from "./reader.js";

describe("ring buffers of the kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  test("records that wrap are whole, in order and without the discarded ones", () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    const seen: number[] = [];
    using reader = new RingBufferReader(b.ring, (memory, offset, length) => {
      assert.equal(length, RECORD_BYTES);
      const first = memory.view.getUint32(offset, true);
      assert.equal(memory.words[(offset + RECORD_BYTES - 8) >> 2], first);
      seen.push(first);
    });
    // 104 bytes a record do not divide the buffer, so records wrap at many places.
    for (let round = 0; round < 200; round++) {
      b.run(31);
      assert.equal(reader.drain(), 31 - Math.ceil(((round + 1) * 31) / 5) + Math.ceil((round * 31) / 5));
    }
    const want = Array.from({ length: 6200 }, (_, i) => i).filter((i) => i % DISCARD_EVERY !== 0);
    assert.deepEqual(seen, want);
    assert.equal(b.drops(), 0);
    assert.deepEqual(reader.counts(), {
      records: 4960,
      bytes: 4960 * RECORD_BYTES,
      discarded: 1240,
      drains: 200,
      empty: 0,
    });
  });

  test("a reader that knows its largest record maps little of the data twice, and has wrapping records whole", () => {
    using b = bench(65_536, RingBufferFlag.BPF_RB_NO_WAKEUP);
    let seen = 0;
    using reader = new RingBufferReader(
      b.ring,
      (memory, offset) => {
        assert.equal(memory.words[(offset + RECORD_BYTES - 8) >> 2], memory.view.getUint32(offset, true));
        seen++;
      },
      { largestRecord: RECORD_BYTES },
    );
    assert.equal(reader.memory.bytes.length, 65_536 + pageSize());
    for (let round = 0; round < 20; round++) {
      b.run(500);
      reader.drain();
    }
    assert.equal(seen, 10_000 - 10_000 / DISCARD_EVERY);
    assert.equal(b.drops(), 0);
  });

  test("what a full buffer has no room for is counted by the program, and nothing else is lost", () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    const seen: number[] = [];
    using reader = new RingBufferReader(b.ring, (memory, offset) => {
      seen.push(memory.view.getUint32(offset, true));
    });
    b.run(100);
    const room = Math.floor(4096 / 104);
    assert.equal(b.drops(), 100 - room);
    assert.equal(reader.waiting(), room * 104);
    assert.equal(reader.drain(3), 3);
    assert.equal(reader.drain(), room - 3 - Math.ceil(room / DISCARD_EVERY));
    assert.deepEqual(seen.slice(0, 4), [1, 2, 3, 4]);
    assert.equal(reader.waiting(), 0);
    b.run(10);
    assert.equal(reader.drain(), 8);
    assert.equal(reader.drain(), 0);
  });

  test("a second reader goes on where the first one stopped", () => {
    using b = bench(4096, 0);
    const seen: number[] = [];
    const keep = (memory: { view: DataView }, offset: number) =>
      void seen.push(memory.view.getUint32(offset, true));
    b.run(6);
    const first = new RingBufferReader(b.ring, keep);
    first.drain(2);
    first.close();
    first.close();
    assert.throws(
      () => first.drain(),
      (error) => error instanceof BpfError && error.code === "closed",
    );
    using second = new RingBufferReader(b.ring, keep);
    second.drain();
    assert.deepEqual(seen, [1, 2, 3, 4]);
  });

  test("wait is woken by a submit, and not by one that asks not to wake", () => {
    using loud = bench(4096, RingBufferFlag.BPF_RB_FORCE_WAKEUP);
    using loudReader = new RingBufferReader(loud.ring, () => {});
    assert.equal(loudReader.wait(0), false);
    loud.run(2);
    assert.equal(loudReader.wait(10_000), true);
    assert.equal(loudReader.drain(), 1);
    assert.equal(loudReader.wait(0), false);
  });

  test("a started reader drains by itself until it is stopped", async () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    const got = new Promise<number>((resolve) => {
      const reader = new RingBufferReader(b.ring, (memory, offset) => {
        if (memory.view.getUint32(offset, true) === 9) {
          // Closing inside the handler ends the drain.
          reader.close();
          resolve(reader.counts().records + 1);
        }
      });
      reader.start({ min: 1, max: 5 });
    });
    b.run(20);
    assert.ok((await got) >= 1);
  });

  test("a sleeping reader is woken by the program: no timer runs", async () => {
    using b = bench(4096, 0);
    const seen: number[] = [];
    using reader = new RingBufferReader(b.ring, (memory, offset) => {
      seen.push(memory.view.getUint32(offset, true));
    });
    let told = (): void => {};
    const next = (): Promise<void> => new Promise((resolve) => (told = resolve));
    const asleep = new DataView(new ArrayBuffer(4));
    reader.start({ min: 1, max: 1, idle: Number.POSITIVE_INFINITY, asleep }, () => told());
    for (let round = 0; round < 3; round++) {
      while (asleep.getUint32(0, true) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const drained = next();
      b.run(1);
      await drained;
      assert.equal(asleep.getUint32(0, true), 0);
    }
    // The first, number 0, was discarded: that wakes as well.
    assert.deepEqual(seen, [1, 2]);
  });

  test("a sleeping reader finds records that do not wake it", async () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    using reader = new RingBufferReader(b.ring, () => {});
    const asleep = new DataView(new ArrayBuffer(4));
    await new Promise<void>((resolve) => {
      reader.start({ min: 1, max: 1, idle: 5, asleep }, resolve);
      assert.equal(asleep.getUint32(0, true), 1);
      setImmediate(() => b.run(2));
    });
    assert.equal(reader.counts().records, 1);
    assert.equal(reader.counts().discarded, 1);
  });

  test("a threshold's wake-up comes between two looks of the timer", { timeout: 30_000 }, async () => {
    using loud = bench(4096, RingBufferFlag.BPF_RB_FORCE_WAKEUP);
    using reader = new RingBufferReader(loud.ring, () => {});
    let told = (): void => {};
    reader.start({ min: 1e6, max: 1e6, threshold: true }, () => told());
    for (let round = 1; round <= 4; round++) {
      await new Promise<void>((resolve) => {
        told = resolve;
        setImmediate(() => loud.run(5));
      });
      assert.equal(reader.counts().records, 4 * round);
    }
  });

  test("records without a wake-up are left to the timer where there is a threshold", async () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    using reader = new RingBufferReader(b.ring, () => {});
    b.run(5);
    const pause = (): Promise<void> =>
      new Promise((resolve) => setTimeout(() => setImmediate(() => setImmediate(resolve)), 10));
    await new Promise<void>((resolve) => {
      reader.start({ min: 1e6, max: 1e6, threshold: true }, resolve);
    });
    // What was noticed of the first records is over.
    await pause();
    b.run(5);
    await pause();
    assert.equal(reader.counts().records, 4);
    assert.equal(reader.drain(), 4);
  });

  test("a drain ends after a bufferful although the program goes on", () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    using reader = new RingBufferReader(b.ring, () => b.run(1));
    b.run(30);
    // The drain that never ends would hang here.
    assert.ok(reader.drain() < 100);
    assert.ok(reader.waiting() > 0);
  });

  test("an error of the handler passes through and its record counts as read", () => {
    using b = bench(4096, RingBufferFlag.BPF_RB_NO_WAKEUP);
    const seen: number[] = [];
    using reader = new RingBufferReader(b.ring, (memory, offset) => {
      const number = memory.view.getUint32(offset, true);
      if (number === 2) throw new Error("handler");
      seen.push(number);
    });
    b.run(5);
    assert.throws(() => reader.drain(), /handler/);
    reader.drain();
    assert.deepEqual(seen, [1, 3, 4]);
  });

  test("a map that is no ring buffer is refused", () => {
    using map = createMap({ name: "a", type: 2, keySize: 4, valueSize: 4, maxEntries: 1 });
    assert.throws(() => new RingBufferReader(map, () => {}), /not a ring buffer/);
  });
});
