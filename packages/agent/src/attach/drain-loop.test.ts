import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../testing/wait.js";
import { startDrainLoop } from "./drain-loop.js";

// Short times, and none of them asserted: only what follows what.
const timing = { every: 2, everyWhenWoken: 1, everyWhenBusy: 1 };

/** newLoop runs a loop over a buffer whose looks `drain` answers, with what a look may call on. */
function newLoop(drain: (loop: { readonly isAsleep: boolean; wake(): void }) => number) {
  const state = { looks: 0, isAsleep: false, isOpen: true, late: 0, wake: (): void => {} };
  const watch = { arm: () => undefined, disarm: () => undefined, close: () => undefined };
  const reader = {
    size: 1 << 20,
    waiting: () => 0,
    drain() {
      if (!state.isOpen) state.late++;
      state.looks++;
      return drain(state);
    },
    watchWakeups(woken: () => void) {
      state.wake = woken;
      return watch;
    },
  };
  const setAsleep = (isAsleep: boolean): void => {
    state.isAsleep = isAsleep;
  };
  const loop = startDrainLoop(reader, { looked: () => undefined }, setAsleep, timing);
  return { state, loop };
}

test("it sleeps while little comes, and looks at once when it is woken, but only while it sleeps", async () => {
  const { state, loop } = newLoop(() => 1);
  await eventually("sleep", () => state.isAsleep);
  const before = state.looks;
  state.wake();
  assert.deepEqual([state.looks, state.isAsleep], [before + 1, false]);
  state.wake();
  assert.equal(state.looks, before + 1, "nobody was asked to wake it");
  await eventually("sleep again", () => state.isAsleep);
  loop.stop();
});

test("woken between two turns of a long look it stays one loop, which ends with stop()", async () => {
  let isLong = true;
  const { state, loop } = newLoop(({ isAsleep, wake }) => {
    if (!isLong || !isAsleep) return 0;
    isLong = false;
    // Behind this turn, in front of the next one that reads the rest.
    queueMicrotask(wake);
    return 4096;
  });
  await eventually("some looks behind the long one", () => !isLong && state.looks > 20);
  loop.stop();
  state.isOpen = false;
  await sleep(50);
  assert.equal(state.late, 0);
});
