import assert from "node:assert/strict";
import { test } from "node:test";
import { fire, newFuzzTarget, shotOf } from "../testing/fuzz-requests.js";

// `node scripts/fuzz-requests.mjs` runs as many as wanted, over sockets too.
const shots = 1_500;

test("broken requests of every kind are taken or refused as their sender's fault", async () => {
  const target = await newFuzzTarget();
  const statuses = new Map<string, Set<number>>();
  for (let number = 1; number <= shots; number++) {
    const shot = shotOf(number);
    const { status, error } = await fire(target, shot);
    assert.ok(status < 500, `request ${number} (${shot.kind.name}): ${error?.stack}`);
    const seen = statuses.get(shot.kind.name) ?? new Set();
    statuses.set(shot.kind.name, seen.add(status < 300 ? 200 : status));
  }
  // It bites: of each kind some were taken and some refused.
  assert.equal(statuses.size, 15);
  for (const [kind, seen] of statuses)
    assert.ok(seen.has(200) && seen.has(400), `${kind}: ${[...seen].join(", ")}`);
  assert.ok(target.taken.rows > shots / 8);
});
