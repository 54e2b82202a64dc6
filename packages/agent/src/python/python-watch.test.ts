import assert from "node:assert/strict";
import { test } from "node:test";
import type { FoundContexts, PythonContexts } from "./context-sites.js";
import { newPythonWatch } from "./python-watch.js";

const contexts: PythonContexts = {
  path: "/proc/7/exe",
  identity: "1",
  made: 1,
  freed: 2,
  empty: undefined,
  copied: undefined,
  module: 0,
  state: 3,
  threadId: 4,
  context: 5,
};

test("a process is followed once it has loaded asyncio, and looked at rarer and rarer until then", () => {
  let found: FoundContexts = "later";
  let asked = 0;
  const followed: number[] = [];
  const watch = newPythonWatch({
    find: () => {
      asked++;
      return found;
    },
    follow: (pid) => {
      followed.push(pid);
      return [];
    },
  });
  watch.watch(7);
  for (let ms = 0; ms < 60_000; ms += 100) watch.look(ms);
  assert.ok(asked > 6 && asked < 12, `asked ${asked} times`);
  found = contexts;
  for (let ms = 60_000; ms < 120_000; ms += 100) watch.look(ms);
  assert.deepEqual(followed, [7]);
});

test("what is not known is told once, and a process that is not watched any more is left alone", () => {
  const lost: [number, readonly string[]][] = [];
  const watch = newPythonWatch({
    find: (pid) => (pid === 7 ? { lost: "CPython 3.99 is not known here" } : "later"),
    follow: () => assert.fail("nothing was found"),
    onLost: (pid, why) => lost.push([pid, why]),
  });
  watch.watch(7);
  watch.watch(8);
  watch.unwatch(8);
  for (let ms = 0; ms < 5000; ms += 100) watch.look(ms);
  assert.deepEqual(lost, [[7, ["CPython 3.99 is not known here"]]]);
});
