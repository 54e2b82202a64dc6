import assert from "node:assert/strict";
import { test } from "node:test";
import { newWaitingItems } from "./waiting-items.js";

const item = (name: string, routine: number, parentRoutine = 0) => ({
  name,
  tgid: 7,
  routine,
  parentRoutine,
});

test("what waits is told for its goroutine or its starter, and nothing stays behind", () => {
  const told: string[] = [];
  const waiting = newWaitingItems<ReturnType<typeof item>>(({ name }) => told.push(name));
  for (const each of [item("own", 1), item("child", 2, 1), item("other", 3)]) waiting.add(each);
  assert.deepEqual(waiting.counts(), { items: 3, routines: 3, starters: 1 });
  waiting.release("7:1", () => true);
  assert.deepEqual(told, ["own", "child"]);
  waiting.releaseAll(() => true);
  assert.deepEqual(told, ["own", "child", "other"]);
  assert.deepEqual(waiting.counts(), { items: 0, routines: 0, starters: 0 });
});

test("a goroutine's starter is forgotten with it, though it is known of its first item alone", () => {
  const waiting = newWaitingItems<ReturnType<typeof item>>(() => undefined);
  waiting.add(item("first", 2, 1));
  waiting.add(item("second", 2, 9));
  waiting.release("7:2", ({ name }) => name === "first");
  assert.deepEqual(waiting.counts(), { items: 1, routines: 1, starters: 1 });
  waiting.releaseAll(() => true);
  assert.deepEqual(waiting.counts(), { items: 0, routines: 0, starters: 0 });
});
