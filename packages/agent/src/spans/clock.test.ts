import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openWallClock } from "./clock.js";

test("halves are exact for any time of this century", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
      fc.integer({ min: 0, max: 2 ** 52 }),
      (offset, monotonic) => {
        const out = { lo: 0, hi: 0 };
        openWallClock(() => offset).toUnix(monotonic, out);
        assert.equal((BigInt(out.hi) << 32n) | BigInt(out.lo), offset + BigInt(monotonic));
      },
    ),
  );
});

test("the measured offset puts the monotonic clock at now", () => {
  const out = { lo: 0, hi: 0 };
  openWallClock().toUnix(Number(process.hrtime.bigint()), out);
  const unixMs = Number(((BigInt(out.hi) << 32n) | BigInt(out.lo)) / 1_000_000n);
  assert.ok(Math.abs(unixMs - Date.now()) < 1000);
});
