import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSampled, thresholdOf, withThreshold } from "./threshold.js";

function verdict(ratio: number, traceId: string, state = ""): boolean {
  const bytes = Buffer.from(traceId, "hex");
  return isSampled(thresholdOf(ratio), new DataView(bytes.buffer, bytes.byteOffset, 16), 0, state);
}

describe("thresholds", () => {
  // T = (1 - ratio) * 2^56, written without the zeros at its end: the specification's own examples are 50 % and 25 %.
  for (const [ratio, text] of [
    [1, "0"],
    [0.5, "8"],
    [0.25, "c"],
    [0.0625, "f"],
    [0.1, "e6666666666666"],
    [2 ** -56, "ffffffffffffff"],
  ] as const)
    test(`${ratio} is th:${text}`, () => assert.equal(thresholdOf(ratio).text, text));

  test("a trace is sampled when its last 56 bits are not below the threshold", () => {
    const id = (randomness: string) => `0123456789abcdef00${randomness}`;
    assert.equal(verdict(0.5, id("80000000000000")), true);
    assert.equal(verdict(0.5, id("7fffffffffffff")), false);
    assert.equal(verdict(0.1, id("e6666666666666")), true);
    assert.equal(verdict(0.1, id("e6666666666665")), false);
    assert.equal(verdict(1, id("00000000000000")), true);
  });

  test("randomness of its own, as the trace state has it, counts instead of the trace id", () => {
    const low = "0123456789abcdef0000000000000001";
    assert.equal(verdict(0.5, low, "ot=rv:ffffffffffffff"), true);
    assert.equal(
      verdict(0.5, low.replace(/00000000000001$/, "ffffffffffffff"), "x=1,ot=th:8;rv:00000000000000"),
      false,
    );
    assert.equal(verdict(0.5, low, "ot=rv:nonsense"), false);
  });

  test("of two ratios the smaller keeps a part of what the larger keeps", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (id, ratio) => {
          const hex = Buffer.from(id).toString("hex");
          return !verdict(ratio / 2, hex) || verdict(ratio, hex);
        },
      ),
    );
  });

  test("the share of traces that is kept is the ratio", () => {
    let kept = 0;
    let state = 1n;
    for (let i = 0; i < 20_000; i++) {
      state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
      if (verdict(0.1, `00000000000000000${state.toString(16).padStart(16, "0").slice(0, 15)}`)) kept++;
    }
    assert.ok(Math.abs(kept / 20_000 - 0.1) < 0.01, `${kept} of 20,000`);
  });
});

test("the trace state tells of the sampling, of the stricter where there were two", () => {
  const half = thresholdOf(0.5);
  assert.equal(withThreshold("", half), "ot=th:8");
  assert.equal(
    withThreshold("vendor=1,ot=rv:0123456789abcd;th:4,other=2", half),
    "ot=th:8;rv:0123456789abcd,vendor=1,other=2",
  );
  assert.equal(withThreshold("ot=th:c", half), "ot=th:c");
  assert.equal(withThreshold("ot=th:8", half), "ot=th:8");
  assert.equal(withThreshold("vendor=1", half), "ot=th:8,vendor=1");
});
