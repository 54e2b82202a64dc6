import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { startCollections } from "./heap.js";

test("this Node's V8 knows the flags: of one that it does not know it complains", () => {
  const run = (script: string) =>
    spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  const heap = new URL("heap.js", import.meta.url).href;
  const known = run(
    `import { letHeapGrow, startCollections } from ${JSON.stringify(heap)}; letHeapGrow(); startCollections().look();`,
  );
  assert.deepEqual([known.status, known.stderr], [0, ""]);
  const unknown = run(
    `import { setFlagsFromString } from "node:v8"; setFlagsFromString("--no-such-flag=1");`,
  );
  assert.notEqual(unknown.stderr, "");
});

test("old garbage is collected when there is much of it, once a minute at most", () => {
  let now = 0;
  let old = 30 << 20;
  const collected: number[] = [];
  const collections = startCollections({
    now: () => now,
    old: () => old,
    collect: () => {
      collected.push(now);
      old = 25 << 20;
    },
  });
  const passes = (seconds: number, bytesEach: number) => {
    for (let i = 0; i < seconds; i++) {
      now += 1000;
      old += bytesEach;
      collections.look();
    }
    return collected.splice(0);
  };
  assert.deepEqual(passes(1, 0), [1000]);
  assert.deepEqual(passes(120, 100_000), []);
  assert.deepEqual(passes(9, 100_000), [127_000]);
  assert.deepEqual(passes(120, 10_000_000), [187_000, 247_000]);
  collections.close();
});

test("a collection gives memory back, and what waits to be looked at keeps no process alive", () => {
  const heap = new URL("heap.js", import.meta.url).href;
  const script = `import { letHeapGrow, startCollections } from ${JSON.stringify(heap)};
    letHeapGrow();
    const collections = startCollections();
    let kept = Array.from({ length: 400_000 }, (_, i) => ({ i, text: String(i) }));
    const before = process.memoryUsage().heapTotal;
    kept = kept.filter(({ i }) => i % 100 === 0);
    collections.look();
    console.log(before - process.memoryUsage().heapTotal > 10 << 20, kept.length);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.equal(stdout, "true 4000\n");
});
