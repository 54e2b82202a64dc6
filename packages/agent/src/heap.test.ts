import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { newHeap, newYoung } from "./heap.js";

const mebibyte = 1 << 20;

test("garbage is collected when there is some, and once a minute at most", () => {
  let now = 0;
  let used = 60 * mebibyte;
  const collections: number[] = [];
  const heap = newHeap({
    now: () => now,
    used: () => used,
    collect() {
      collections.push(now / 1000);
      used = 24 * mebibyte;
    },
  });
  for (let second = 1; second <= 200; second++) {
    now = second * 1000;
    // A quarter of a mebibyte a second until 100 s, nothing behind it.
    if (second <= 100) used += mebibyte / 4;
    heap.tick();
  }
  // What came behind 70 s is less than is worth it.
  assert.deepEqual(collections, [10, 70]);
});

test("what lives is not collected again and again", () => {
  let now = 0;
  let collections = 0;
  const heap = newHeap({ now: () => now, used: () => 100 * mebibyte, collect: () => void collections++ });
  for (now = 0; now < 600_000; now += 1000) heap.tick();
  assert.equal(collections, 1);
});

test("V8's own collection frees what nobody holds, and the pages in which little is left", () => {
  const program = `import { newHeap } from ${JSON.stringify(new URL("./heap.js", import.meta.url).href)};
    let now = 0;
    const heap = newHeap({ now: () => now });
    let kept = [];
    for (let i = 0; i < 4e6; i++) {
      const made = { i, list: [i, i] };
      if (i % 9 === 0) kept.push(made);
    }
    kept = kept.filter((_, i) => i % 7 === 0);
    const before = process.memoryUsage();
    now = 20_000;
    heap.tick();
    const after = process.memoryUsage();
    console.log(JSON.stringify([kept.length, before.heapUsed - after.heapUsed, after.heapTotal - after.heapUsed]));`;
  // The young generation is not looked at here.
  const small = ["--max-semi-space-size=1"];
  const said = execFileSync(process.execPath, [...small, "--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  const [count, freed, empty]: number[] = JSON.parse(said);
  assert.equal(count, 63_493);
  assert.ok((freed ?? 0) > 8 * mebibyte, said);
  // 45 MiB without moving anything.
  assert.ok((empty ?? 0) < 15 * mebibyte, said);
});

test("the young generation grows to its size, and again when a collection has made it smaller", () => {
  let size = mebibyte;
  const factors: number[] = [];
  const young = newYoung(
    () => size,
    (factor) => void factors.push(factor),
  );
  for (size of [1, 4, 8, 16, 16, 2, 4, 9].map((mebibytes) => mebibytes * mebibyte)) young.tick();
  assert.deepEqual(factors, [1, 2, 1]);
});

test("V8 stops where it is told to", () => {
  const program = `import { newYoung } from ${JSON.stringify(new URL("./heap.js", import.meta.url).href)};
    import { getHeapSpaceStatistics } from "node:v8";
    const young = newYoung();
    let kept = [];
    for (let i = 0; i < 2e6; i++) {
      kept.push({ i, list: [i] });
      if (kept.length > 50_000) kept = kept.slice(25_000);
      if (i % 1000 === 0) young.tick();
    }
    console.log(getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size);`;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" });
  // Without it, 32 MiB.
  assert.ok(Number(said) >= 4 * mebibyte && Number(said) <= 16 * mebibyte, said);
});
