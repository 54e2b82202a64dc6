import assert from "node:assert/strict";
import { test } from "node:test";
import { canObserve } from "../../testing/go-service.js";
import { runCli } from "../../testing/running-go3s.js";

const skip = canObserve ? false : "needs root to load BPF programs";

/** told gives what a script prints, without the lines about probes. */
async function told(script: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCli(["bpftrace", "-f", "json", "-e", script]);
  assert.equal(code, 0, stderr);
  return stdout
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => JSON.stringify(Object.values(JSON.parse(line).data)[0]));
}

test("aggregations without keys share one value, and tell what they hold as they did apart", {
  skip,
}, async () => {
  const all =
    "@a = count(); @a = count(); @b = sum(5); @b = sum(-7); @c = sum(0); @d = avg(10); @d = avg(20);" +
    " @e = max(-9); @e = max(-3); @f = min(4); @f = min(2); @g = stats(3); if (pid == 0) { @h = count(); }";
  const shared = await told(`BEGIN { ${all} exit() }`);
  assert.deepEqual(shared, ["2", "-2", "0", "15", "-3", "2", '{"count":1,"average":3,"total":3}']);
  // What is emptied or deleted somewhere has a key of its own.
  const names = ["@a", "@b", "@c", "@d", "@e", "@f", "@g"];
  const emptied = names.map((name) => `clear(${name});`).join(" ");
  assert.deepEqual(await told(`BEGIN { ${all} if (pid == 0) { ${emptied} } exit() }`), shared);
});

test("a value shared is found in blocks, branches and loops", { skip }, async () => {
  const script =
    "BEGIN { for ($i : 0..5) { @a = count(); @b = hist($i); } if (pid) { @c = sum(3); } else { @c = sum(4); } @c = sum(10);" +
    " $j = 0; while ($j < 3) { @d = max($j); $j++; } @a = count(); unroll (2) { @e = count(); } exit(); } END { @e = count(); }";
  assert.deepEqual(await told(script), [
    "6",
    '[{"min":0,"max":0,"count":1},{"min":1,"max":1,"count":1},{"min":2,"max":3,"count":2},{"min":4,"max":7,"count":1}]',
    "13",
    "2",
    "3",
  ]);
});

test("clear, zero, delete and reading a value leave others alone", { skip }, async () => {
  const script =
    "BEGIN { @a = count(); @b = count(); @c = sum(2); @d = sum(3); @e = hist(1); @f = hist(2); @g = sum((int64)@d); exit(); }" +
    " END { clear(@a); zero(@c); clear(@e); }";
  assert.deepEqual(await told(script), ["1", "0", "3", '[{"min":2,"max":3,"count":1}]', "3"]);
});

test("histograms without keys are arrays of every bucket there may be", { skip }, async () => {
  const most = "9223372036854775807";
  const script =
    `BEGIN { @a = hist(-1); @a = hist(0); @b = hist(${most}); @c = hist(${most}, 5); @d = hist(1001, 3);` +
    " @e = lhist(-11, -10, 10, 3); @f = lhist(-10, -10, 10, 3); @g = lhist(9, -10, 10, 3); @h = lhist(10, -10, 10, 3); exit(); }";
  const rows = (await told(script)).map((line) => {
    const list: { min?: number; max?: number; count: number }[] = JSON.parse(line);
    return list.filter(({ count }) => count > 0).map(({ min, max }) => [min, max]);
  });
  assert.deepEqual(rows[0], [
    [undefined, -1],
    [0, 0],
  ]);
  assert.equal(Number(rows[1]?.[0]?.[0]), 2 ** 62);
  assert.ok(Number(rows[2]?.[0]?.[0]) > 2 ** 62);
  assert.deepEqual(rows[3], [[960, 1023]]);
  assert.deepEqual(rows.slice(4), [[[undefined, -11]], [[-10, -8]], [[8, 10]], [[10, undefined]]]);
});
