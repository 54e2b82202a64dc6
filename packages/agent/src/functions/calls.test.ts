import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallEvent, type FunctionCall, newCallTracker } from "./calls.js";
import type { FunctionPlan } from "./plan.js";

const nothing = { leaves: [], code: [], words: 0, lost: [] };

function plan(id: number, name: string): FunctionPlan {
  return {
    id,
    name,
    file: "",
    line: 0,
    entry: 0,
    entryIsCheap: true,
    returns: [1],
    uretprobe: false,
    isLine: false,
    arguments: nothing,
    results: nothing,
  };
}

const outer = plan(1, "outer");
const inner = plan(2, "inner");

function track() {
  const done: FunctionCall[] = [];
  const tracker = newCallTracker((call) => done.push(call));
  let ns = 0;
  const at = (depth: number, routine = 7): CallEvent => ({
    tgid: 1,
    tid: 1,
    routine,
    parentRoutine: 0,
    depth,
    ns: ++ns,
  });
  return {
    done,
    tracker,
    at,
    enter: (fn: FunctionPlan, depth: number, routine?: number) => tracker.enter(fn, at(depth, routine), []),
    leave: (fn: FunctionPlan, depth: number, routine?: number) =>
      tracker.leave(fn, at(depth, routine), [], undefined),
  };
}

test("a recursion's returns end the calls at their own depths", () => {
  const { done, enter, leave, tracker } = track();
  enter(outer, 100);
  enter(outer, 200);
  enter(inner, 300, 8);
  leave(outer, 200);
  leave(outer, 100);
  leave(inner, 300, 8);
  assert.deepEqual(
    done.map((call) => [call.plan.name, call.depth, call.parent?.depth]),
    [
      ["outer", 200, 100],
      ["outer", 100, undefined],
      ["inner", 300, undefined],
    ],
  );
  assert.equal(done[0]?.traceId, done[1]?.traceId);
  assert.equal(tracker.counts().open, 0);
});

test("a call that a panic ended is told as one, and is nobody's parent meanwhile", () => {
  const { done, enter, leave, tracker, at } = track();
  enter(outer, 100);
  enter(inner, 200);
  tracker.panic(at(300));
  // Recovered somewhere between: what is called now may lie deeper than the call that is over.
  enter(inner, 250);
  leave(inner, 250);
  assert.equal(done[0]?.parent, undefined, "both calls around it are in doubt");
  leave(outer, 100);
  assert.deepEqual(
    done.map((call) => [call.plan.name, call.error?.text]),
    [
      ["inner", undefined],
      ["inner", "panic"],
      ["outer", undefined],
    ],
  );
  assert.deepEqual(tracker.counts(), { open: 0, dropped: {} });
});

test("a goroutine's end ends its calls: by Goexit without an error, after a panic with one", () => {
  for (const [why, text] of [
    ["goexit", undefined],
    ["panic", "panic"],
  ] as const) {
    const { done, enter, tracker, at } = track();
    enter(outer, 100);
    enter(inner, 200);
    tracker.unwound(at(0), why);
    assert.deepEqual(
      done.map((call) => [call.plan.name, call.error?.text]),
      [
        ["inner", text],
        ["outer", text],
      ],
    );
    assert.equal(tracker.counts().open, 0);
  }
});

test("a request that is over ends the calls in doubt that were made for it", () => {
  const { done, enter, tracker, at } = track();
  enter(outer, 100);
  enter(inner, 200);
  assert.equal(tracker.hasDoubts(), false);
  tracker.panic(at(300));
  assert.equal(tracker.hasDoubts(), true);
  tracker.requestOver(1, 7, 2, 9);
  assert.deepEqual(
    done.map((call) => [call.plan.name, call.error?.text, call.endNs]),
    [["inner", "panic", 9]],
  );
  tracker.forget(1);
  assert.equal(tracker.hasDoubts(), false);
  assert.equal(tracker.counts().open, 0);
});

test("what lacks its other half is counted, never paired with something else", () => {
  const { done, enter, leave, tracker } = track();
  leave(outer, 100);
  enter(outer, 100);
  // Its return got lost: the same place of the stack is another call's now.
  enter(inner, 100);
  leave(outer, 100);
  assert.deepEqual(done, []);
  assert.deepEqual(tracker.counts(), {
    open: 0,
    dropped: { "function-entry-lost": 2, "function-return-lost": 2 },
  });
});
