import assert from "node:assert/strict";
import { test } from "node:test";
import { atWriting, hasZone } from "./line-time.js";

const minute = 60_000_000_000n;
const now = 1_795_000_000_000_000_000n;

test("a time says its zone, or not", () => {
  for (const text of [
    "2026-11-21T20:00:00Z",
    "20:00:00,5 UTC",
    "20:00:00.123456+05:45",
    "20:00:00 -0300",
    "20:00:00+02",
  ])
    assert.ok(hasZone(text), text);
  for (const text of ["2026-11-21T20:00:00", "2026-11-21 20:00:00,123", "2026-11-21T20:00:00-", ""])
    assert.ok(!hasZone(text), text);
});

test("a local time is moved by the zone that its writing shows, and by nothing else", () => {
  for (const zone of [345n, -210n, 840n, -720n, 15n])
    assert.equal(atWriting(now + zone * minute - 3_000_000n, now), now - 3_000_000n);
  for (const late of [0n, 3n, 7n, 20n, 100n, 900n, 60n * 24n])
    assert.equal(atWriting(now - late * minute, now), now - late * minute);
});
