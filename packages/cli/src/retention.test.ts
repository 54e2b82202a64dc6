import assert from "node:assert/strict";
import { test } from "node:test";
import { retentionOption } from "./retention.js";

test("--retention says by signal how long it is kept", () => {
  assert.deepEqual(retentionOption(undefined), {});
  assert.deepEqual(retentionOption("traces=3d, logs=36h,metrics=4w,rollups=forever"), {
    traces: 259_200,
    logs: 129_600,
    metrics: 2_419_200,
    rollups: 0,
  });
  for (const wrong of ["", "traces", "traces=3", "traces=0d", "spans=3d", "traces=3d;logs=1d", "toString=1d"])
    assert.throws(() => retentionOption(wrong), { code: "usage" }, wrong);
});
