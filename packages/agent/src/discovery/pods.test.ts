import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { newPods } from "./pods.js";

test("a pod's namespace and name are found by its uid, also of one that comes later", () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-pods-"));
  try {
    const uid = "0a1b2c3d-1111-2222-3333-444455556666";
    mkdirSync(join(folder, `shop_checkout-7d9f_${uid}`));
    mkdirSync(join(folder, "no-pod"));
    let now = 0;
    const pods = newPods(folder, () => now);
    assert.deepEqual(pods.of(uid), { namespace: "shop", name: "checkout-7d9f" });
    assert.equal(pods.of("later"), undefined);
    mkdirSync(join(folder, "shop_cart_later"));
    assert.equal(pods.of("later"), undefined);
    now = 3000;
    assert.deepEqual(pods.of("later"), { namespace: "shop", name: "cart" });
    assert.equal(newPods(join(folder, "none")).of(uid), undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
