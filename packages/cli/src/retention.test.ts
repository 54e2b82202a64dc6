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

test("and by tenant, in time or by its end", () => {
  assert.deepEqual(
    retentionOption("traces=7d,tenant:acme:traces=3d,tenant:acme:logs=12h, tenant:b.c-d:traces=default"),
    {
      traces: 604_800,
      tenants: { acme: { traces: 259_200, logs: 43_200 }, "b.c-d": { traces: 0 } },
    },
  );
  for (const wrong of [
    "tenant:acme:traces",
    "tenant:acme=3d",
    "tenant::traces=3d",
    "tenant:a b:traces=3d",
    "tenant:acme:rollups=3d",
    "tenant:acme:traces=forever",
    "traces=default",
    "team:acme:traces=3d",
  ])
    assert.throws(() => retentionOption(wrong), { code: "usage" }, wrong);
});
