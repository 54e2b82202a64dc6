import assert from "node:assert/strict";
import { test } from "node:test";
import { wholePattern } from "../promql/matcher.js";
import { md5Low, type RelabelRule, relabel } from "./relabel.js";

const rule = (given: Partial<RelabelRule> & { readonly pattern?: string }): RelabelRule => ({
  action: "replace",
  sourceLabels: [],
  separator: ";",
  targetLabel: "",
  regex: wholePattern(given.pattern ?? "(.*)", (why) => new TypeError(why)),
  replacement: "$1",
  modulus: 0n,
  ...given,
});
const after = (
  labels: Record<string, string>,
  ...rules: RelabelRule[]
): Record<string, string> | undefined => {
  const map = new Map(Object.entries(labels));
  return relabel(map, rules) ? Object.fromEntries(map) : undefined;
};

test("replace fills templates in value and name, and takes a label away for an empty value", () => {
  const labels = { a: "foo", b: "bar" };
  assert.deepEqual(
    after(
      labels,
      rule({ sourceLabels: ["a", "b"], pattern: "f(.*);(.*)r", targetLabel: "c", replacement: "$2-$1" }),
    ),
    {
      ...labels,
      c: "ba-oo",
    },
  );
  assert.deepEqual(
    after(
      labels,
      rule({
        sourceLabels: ["a"],
        pattern: "(?P<x>f).*",
        targetLabel: "\u0024{x}_1",
        replacement: "\u0024{x}$$",
      }),
    ),
    {
      ...labels,
      f_1: "f$",
    },
  );
  // A whole value must match, and $1x is a name that no group has.
  assert.deepEqual(after(labels, rule({ sourceLabels: ["a"], pattern: "fo", targetLabel: "c" })), labels);
  assert.deepEqual(after(labels, rule({ sourceLabels: ["a"], targetLabel: "b", replacement: "$1x" })), {
    a: "foo",
  });
  // A name made of a value that is none: nothing happens.
  assert.deepEqual(after({ a: "1-2" }, rule({ sourceLabels: ["a"], targetLabel: "$1", replacement: "x" })), {
    a: "1-2",
  });
  assert.deepEqual(
    after({ a: "x\ny" }, rule({ sourceLabels: ["a"], pattern: "x.y", targetLabel: "b", replacement: "1" })),
    {
      a: "x\ny",
      b: "1",
    },
  );
});

test("keep, drop, keepequal and dropequal decide", () => {
  assert.deepEqual(after({ a: "x" }, rule({ action: "keep", sourceLabels: ["a"], pattern: "x|y" })), {
    a: "x",
  });
  assert.equal(after({ a: "xx" }, rule({ action: "keep", sourceLabels: ["a"], pattern: "x|y" })), undefined);
  assert.equal(after({ a: "X" }, rule({ action: "drop", sourceLabels: ["a"], pattern: "(?i)x" })), undefined);
  assert.deepEqual(after({}, rule({ action: "drop", sourceLabels: ["a"], pattern: ".+" })), {});
  const equal = { sourceLabels: ["a"], targetLabel: "b" };
  assert.ok(after({ a: "1", b: "1" }, rule({ action: "keepequal", ...equal })));
  assert.equal(after({ a: "1", b: "2" }, rule({ action: "keepequal", ...equal })), undefined);
  assert.equal(after({ a: "1", b: "1" }, rule({ action: "dropequal", ...equal })), undefined);
  assert.ok(after({ a: "1" }, rule({ action: "dropequal", ...equal })));
});

test("labels are mapped, dropped, kept, put into capitals and hashed", () => {
  const meta = { __meta_a: "1", __meta_b: "2", c: "3" };
  assert.deepEqual(after(meta, rule({ action: "labelmap", pattern: "__meta_(.+)", replacement: "x_$1" })), {
    ...meta,
    x_a: "1",
    x_b: "2",
  });
  assert.deepEqual(after(meta, rule({ action: "labeldrop", pattern: "__meta_.*" })), { c: "3" });
  assert.deepEqual(after(meta, rule({ action: "labelkeep", pattern: "c|d" })), { c: "3" });
  assert.deepEqual(after({ a: "Ab" }, rule({ action: "lowercase", sourceLabels: ["a"], targetLabel: "l" })), {
    a: "Ab",
    l: "ab",
  });
  assert.deepEqual(after({ a: "Ab" }, rule({ action: "uppercase", sourceLabels: ["a"], targetLabel: "l" })), {
    a: "Ab",
    l: "AB",
  });
  // The lower half of RFC 1321's MD5 of "abc", 900150983cd24fb0d6963f7d28e17f72.
  assert.equal(md5Low("abc"), 0xd6963f7d28e17f72n);
  assert.deepEqual(
    after({ a: "abc" }, rule({ action: "hashmod", sourceLabels: ["a"], targetLabel: "h", modulus: 1000n })),
    {
      a: "abc",
      h: String(0xd6963f7d28e17f72n % 1000n),
    },
  );
});
