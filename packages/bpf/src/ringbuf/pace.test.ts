import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Watch } from "../kernel/watch.js";
import { Pace, type RingTimer } from "./pace.js";

/** A buffer that a test fills by hand, and a watch that tells of it as a kernel does. */
class Bench {
  readonly size = 1000;
  readonly looks: number[] = [];
  waiting = 0;
  isArmed = false;
  isClosed = false;
  readonly pace: Pace;
  #readable: () => void = () => {};
  #onLook: () => void = () => {};

  constructor(timer: RingTimer) {
    const watch: Watch = {
      arm: () => {
        this.isArmed = true;
        if (this.waiting > 0) this.wake();
      },
      disarm: () => {
        this.isArmed = false;
      },
      close: () => {
        this.isClosed = true;
      },
    };
    this.pace = new Pace(
      this,
      (readable) => {
        this.#readable = readable;
        return watch;
      },
      timer,
    );
  }

  look(): number {
    const bytes = this.waiting;
    this.waiting = 0;
    this.looks.push(bytes);
    setImmediate(this.#onLook);
    return bytes;
  }

  wake(): void {
    this.isArmed = false;
    setImmediate(this.#readable);
  }

  /** until resolves after the first look for which the condition holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onLook = () => {
        if (condition()) resolve();
      };
    });
  }
}

/** afterTurns waits a while, and on until what the loop had to do is done: a busy machine may let both be due at once. */
const afterTurns = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    let turns = 5;
    const turn = (): void => {
      if (turns-- === 0) resolve();
      else setImmediate(turn);
    };
    setTimeout(turn, milliseconds);
  });

describe("the pace of a reader", () => {
  test("sleeps while nothing comes, after one more look", async () => {
    const bench = new Bench({ idle: Number.POSITIVE_INFINITY });
    bench.pace.start();
    assert.equal(bench.isArmed, true);
    await afterTurns(30);
    assert.deepEqual(bench.looks, [0]);
    bench.pace.close();
    assert.equal(bench.isClosed, true);
  });

  test("woken it looks by a timer, and sleeps again when nothing came for a while", async () => {
    const asleep = new DataView(new ArrayBuffer(4));
    const bench = new Bench({ min: 1, max: 1, idle: Number.POSITIVE_INFINITY, asleep });
    bench.pace.start();
    assert.equal(asleep.getUint32(0, true), 1);
    await bench.until(() => bench.looks.length === 1);
    bench.waiting = 10;
    bench.wake();
    await bench.until(() => bench.looks.length === 3);
    assert.equal(asleep.getUint32(0, true), 0);
    assert.equal(bench.isArmed, false);
    await bench.until(() => bench.looks.length === 9);
    assert.equal(bench.pace.isAsleep, true);
    assert.equal(asleep.getUint32(0, true), 1);
    assert.deepEqual(bench.looks, [0, 10, 0, 0, 0, 0, 0, 0, 0]);
    bench.pace.close();
    assert.equal(asleep.getUint32(0, true), 0);
  });

  test("finds what no program woke it for", async () => {
    const bench = new Bench({ min: 1, max: 1, idle: 2 });
    bench.pace.start();
    await bench.until(() => bench.looks.length === 3);
    bench.waiting = 5;
    await bench.until(() => bench.looks.includes(5));
    bench.pace.close();
  });

  test("looks often while it sleeps once something came that did not wake it, until something does", async (t) => {
    const delays: (number | undefined)[] = [];
    const real = setTimeout;
    t.mock.method(globalThis, "setTimeout", (callback: () => void, milliseconds?: number) => {
      delays.push(milliseconds);
      return real(callback, milliseconds);
    });
    const bench = new Bench({ min: 1, max: 3, idle: 20 });
    const sleepAgain = async (): Promise<void> => {
      await bench.until(() => bench.pace.isAsleep);
      // The look after it fell asleep, which sets the timer.
      await bench.until(() => true);
    };
    bench.pace.start();
    await bench.until(() => true);
    assert.deepEqual(delays, [20]);
    bench.waiting = 5;
    await bench.until(() => bench.looks.includes(5));
    await sleepAgain();
    assert.equal(delays.at(-1), 3);
    bench.waiting = 6;
    bench.wake();
    await bench.until(() => bench.looks.includes(6));
    await sleepAgain();
    assert.equal(delays.at(-1), 20);
    bench.pace.close();
  });

  test("looks again at once when more than half of the buffer had come", async () => {
    const bench = new Bench({ min: 1000, max: 1000 });
    bench.waiting = 600;
    bench.pace.start();
    // With a timer the second look would come after a second.
    await bench.until(() => bench.looks.length === 2);
    assert.deepEqual(bench.looks, [600, 0]);
    bench.pace.close();
  });

  test("does nothing after stop() inside of a look", async () => {
    const bench = new Bench({ min: 1, max: 1 });
    bench.waiting = 1;
    bench.look = () => {
      bench.looks.push(1);
      bench.pace.stop();
      return 1;
    };
    bench.pace.start();
    await afterTurns(20);
    assert.deepEqual(bench.looks, [1]);
    bench.pace.close();
  });
});
