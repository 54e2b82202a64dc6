import assert from "node:assert/strict";
import { test } from "node:test";
import { withFix } from "./drop-fixes.js";
import type { ErrorCode } from "./errors.js";

test("every refusal that telemetry can meet says what to do, and unknown reasons stay as they are", () => {
  const refusals = [
    "bad-encoding",
    "disk-full",
    "internal",
    "method-not-allowed",
    "not-found",
    "not-otlp",
    "request-timeout",
    "shutting-down",
    "store-not-ready",
    "too-large",
    "too-many",
    "unsupported-type",
  ] as const satisfies readonly ErrorCode[];
  for (const code of refusals) {
    const { fix } = withFix({ place: "receive", reason: code, count: 1, unit: "requests" });
    assert.ok(fix !== undefined && fix.length > 20, `nothing to do is known for ${code}`);
  }
  const own = withFix({ place: "agent", reason: "tcp-connect: sampled-out", count: 1, unit: "events" });
  assert.match(own.fix ?? "", /on purpose/);
  for (const reason of ["constructor", "no such reason", ""]) {
    const drop = { place: "agent", reason, count: 1, unit: "events" } as const;
    assert.equal(withFix(drop), drop);
  }
});
