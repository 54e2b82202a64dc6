import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { clockText, durationText, msOfNs, nsOfMs, unixMs } from "./time.js";

describe("durationText", () => {
  const cases: readonly (readonly [ns: number, text: string])[] = [
    [0, "0 ns"],
    [812, "812 ns"],
    [1_250, "1.25 µs"],
    [999_600, "1 ms"],
    [31_200_000, "31.2 ms"],
    [1_500_000_000, "1.5 s"],
    [125_000_000_000, "2 min 5 s"],
    [3_599_700_000_000, "1 h 0 min"],
    [7_260_000_000_000, "2 h 1 min"],
    [300_000_000_000_000, "3 d 11 h"],
  ];
  for (const [ns, text] of cases) {
    it(`says ${text} for ${ns}`, () => assert.equal(durationText(ns), text));
  }
  it("never says 0 for what lasted", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (ns) => !/^0 /.test(durationText(ns))));
  });
});

describe("moments", () => {
  it("keep the API's nanoseconds to a microsecond, there and back", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1_000_000_000_000_000_000n, max: 2_000_000_000_000_000_000n }), (ns) => {
        const back = BigInt(nsOfMs(msOfNs(ns.toString())));
        const off = back > ns ? back - ns : ns - back;
        return off <= 1000n;
      }),
    );
  });
  it("show the date when it is not today's", () => {
    assert.match(clockText(unixMs(Date.UTC(2001, 1, 3, 4, 5, 6, 789)), "utc"), /3.*04:05:06[.,]789/);
  });
});
