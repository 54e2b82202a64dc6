import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { around, fixed, parseMoment, resolve, shifted } from "./range.js";
import { unixMs } from "./time.js";

const at = unixMs(1_795_000_000_000);
const hour = 3_600_000;

describe("ranges", () => {
  it("read moments in every spelling", () => {
    assert.equal(parseMoment("now", at), at);
    assert.equal(parseMoment("now-90m", at), at - 1.5 * hour);
    assert.equal(parseMoment("1795000000000", at), at);
    assert.equal(parseMoment("2026-11-21T10:00:00Z", at), Date.UTC(2026, 10, 21, 10));
    for (const wrong of ["", "yesterday", "now-1y", "now+1h", "12"])
      assert.equal(parseMoment(wrong, at), undefined, wrong);
  });
  it("fall back to the last hour when they make no sense", () => {
    assert.deepEqual(resolve({ from: "now", to: "now-1h" }, at), { from: at - hour, to: at });
    assert.deepEqual(resolve({ from: "<script>", to: "now" }, at), { from: at - hour, to: at });
  });
  it("walk by half their width, and end now again when they come back", () => {
    const back = shifted({ from: "now-1h", to: "now" }, -1, at);
    assert.deepEqual(back, { from: String(at - 1.5 * hour), to: String(at - hour / 2) });
    assert.deepEqual(shifted(back, 1, at), { from: "now-1h", to: "now" });
  });
  it("pin and widen", () => {
    assert.deepEqual(fixed({ from: "now-1h", to: "now" }, at), { from: String(at - hour), to: String(at) });
    assert.deepEqual(around({ from: unixMs(10), to: unixMs(20) }), { from: "0", to: "30" });
  });
});
