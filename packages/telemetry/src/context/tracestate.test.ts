import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTracestate, parseTracestate, updateTracestate } from "./tracestate.js";

test("tracestate: entries are read in order, blanks around them and empty ones are passed over", () => {
  assert.deepEqual(parseTracestate("one=1 ,\ttwo@sys=a b,, 3x/*_-=!"), [
    { key: "one", value: "1" },
    { key: "two@sys", value: "a b" },
    { key: "3x/*_-", value: "!" },
  ]);
  assert.deepEqual(parseTracestate(""), []);
});

const BROKEN: readonly (readonly [string, string])[] = [
  ["a key twice", "a=1,a=2"],
  ["no equals sign", "a"],
  ["an empty key", "=1"],
  ["an empty value", "a="],
  ["an upper-case key", "A=1"],
  ["an equals sign in the value", "a=b=c"],
  ["two at signs", "a@b@c=1"],
  ["a key of 257", `${"k".repeat(257)}=1`],
  ["a system id of 15", `t@${"s".repeat(15)}=1`],
  ["a value of 257", `a=${"v".repeat(257)}`],
  ["33 entries", Array.from({ length: 33 }, (_, i) => `k${i}=v`).join(",")],
];

for (const [why, header] of BROKEN) {
  test(`tracestate: ${why} drops the list`, () => assert.equal(parseTracestate(header), undefined));
}

test("tracestate: 32 entries and the longest keys and values are taken", () => {
  const header = Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(",");
  assert.equal(parseTracestate(header)?.length, 32);
  assert.equal(parseTracestate(`${"k".repeat(256)}=${"v".repeat(256)}`)?.length, 1);
  assert.equal(parseTracestate(`${"t".repeat(241)}@${"s".repeat(14)}=1`)?.length, 1);
});

test("tracestate: an update comes first and replaces the older entry", () => {
  const entries = updateTracestate(parseTracestate("a=1,go3s=old,b=2") ?? [], { key: "go3s", value: "new" });
  assert.equal(formatTracestate(entries), "go3s=new,a=1,b=2");
});
