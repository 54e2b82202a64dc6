import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AgentError } from "../errors.js";
import { fairParts, newSampler } from "./sampler.js";
import { readThreshold, shareOf, thresholdOf, thresholdText, withThreshold } from "./threshold.js";

test("a limit keeps the spans below it, small services whole, and lets shares rise again in steps", () => {
  const sampler = newSampler({ share: 1, spansPerSecond: 1000 });
  const load = (service: string, offered: number) => {
    const requests = Math.round(offered * sampler.shareOf(service));
    return { service, spans: requests, requests, untold: offered - requests };
  };
  const second = (big: number, small: number) => sampler.adapt(1, [load("big", big), load("small", small)]);
  second(50_000, 50);
  assert.equal(sampler.shareOf("small"), 1);
  assert.ok(50_000 * sampler.shareOf("big") + 50 <= 1000);
  assert.ok(50_000 * sampler.shareOf("big") > 700);
  const low = sampler.shareOf("big");
  second(100, 50);
  assert.equal(sampler.shareOf("big"), low * 2);
  for (let i = 0; i < 10; i++) second(100, 50);
  assert.equal(sampler.shareOf("big"), 1);
  sampler.change({ share: 0.5, services: { small: 0.1 } });
  assert.deepEqual([sampler.shareOf("big"), sampler.shareOf("small")], [0.5, 0.1]);
});

test("what several spans a request make counts with them", () => {
  const sampler = newSampler({ share: 1, spansPerSecond: 1000 });
  sampler.adapt(1, [{ service: "a", spans: 4000, requests: 1000, untold: 0 }]);
  assert.ok(Math.abs(sampler.shareOf("a") - 0.225) < 1e-9);
});

test("fair parts never exceed the limit or a demand, and nobody gets more than one who asks for more", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
      (demands, limit) => {
        const parts = fairParts(demands, limit);
        assert.ok(parts.reduce((sum, part) => sum + part, 0) <= limit * (1 + 1e-9));
        parts.forEach((part, i) => {
          assert.ok(part <= (demands[i] ?? 0) * (1 + 1e-9));
          parts.forEach((other, j) => {
            if ((demands[i] ?? 0) < (demands[j] ?? 0)) assert.ok(part <= other * (1 + 1e-9) + 1e-9);
          });
        });
      },
    ),
  );
});

test("shares that are none are refused", () => {
  const bad = [
    { share: 1.1 },
    { share: Number.NaN },
    { share: 1, services: { a: -1 } },
    { share: 1, spansPerSecond: -1 },
  ];
  for (const options of bad) {
    assert.throws(
      () => newSampler(options),
      (error) => error instanceof AgentError && error.code === "bad-sampling",
    );
  }
});

const read = (text: string) => readThreshold(Buffer.from(text), { start: 0, end: text.length });

test("thresholds are written and read as the specification has them", () => {
  assert.equal(thresholdText(thresholdOf(1)), "");
  assert.equal(thresholdText(thresholdOf(0.5)), "ot=th:8");
  assert.equal(thresholdText(thresholdOf(0.25)), "ot=th:c");
  assert.equal(thresholdText(thresholdOf(0.01)), "ot=th:fd70a3d7");
  for (const share of [1, 0.5, 0.1, 0.01, 1e-6]) {
    assert.ok(Math.abs(shareOf(thresholdOf(share)) / share - 1) < 1e-3);
    assert.equal(read(`a=1, ${thresholdText(thresholdOf(share))};x:y,b=2`), thresholdOf(share));
  }
  for (const none of ["", "ot=rv:12345678901234", "ot=th:xyz", "not=th:8", "a=ot=th:8"])
    assert.equal(read(none), 0);
});

test("a threshold replaces the one that came in and leaves the rest", () => {
  assert.equal(withThreshold("", thresholdOf(0.5)), "ot=th:8");
  assert.equal(withThreshold("a=1", 0), "a=1");
  assert.equal(withThreshold("a=1,ot=th:c;rv:12,b=2", thresholdOf(0.5)), "ot=th:8;rv:12,a=1,b=2");
});
