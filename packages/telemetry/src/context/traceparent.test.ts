import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTraceparent, parseTraceparent } from "./traceparent.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

const CASES: readonly (readonly [why: string, header: string, flags: number | undefined])[] = [
  ["sampled", `00-${TRACE}-${SPAN}-01`, 1],
  ["not sampled", `00-${TRACE}-${SPAN}-00`, 0],
  ["random trace id", `00-${TRACE}-${SPAN}-03`, 3],
  ["unknown flags are ignored", `00-${TRACE}-${SPAN}-ff`, 3],
  ["a future version", `cc-${TRACE}-${SPAN}-01`, 1],
  ["a future version with more", `cc-${TRACE}-${SPAN}-01-what-will-be`, 1],
  ["a future version, cut after a dash", `cc-${TRACE}-${SPAN}-01-`, 1],
  ["a future version with more but no dash", `cc-${TRACE}-${SPAN}-01.what`, undefined],
  ["version 00 with more", `00-${TRACE}-${SPAN}-01-what`, undefined],
  ["version 00 with a dash more", `00-${TRACE}-${SPAN}-01-`, undefined],
  ["version ff", `ff-${TRACE}-${SPAN}-01`, undefined],
  ["upper case", `00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
  ["no trace id", `00-${"0".repeat(32)}-${SPAN}-01`, undefined],
  ["no span id", `00-${TRACE}-${"0".repeat(16)}-01`, undefined],
  ["a trace id too short", `00-${TRACE.slice(1)}-${SPAN}-01`, undefined],
  ["flags too short", `00-${TRACE}-${SPAN}-1`, undefined],
  ["not hex", `00-${TRACE}-${SPAN}-0g`, undefined],
  ["spaces", ` 00-${TRACE}-${SPAN}-01`, undefined],
  ["nothing", "", undefined],
];

for (const [why, header, flags] of CASES) {
  test(`traceparent: ${why} ${flags === undefined ? "is ignored" : "is read"}`, () => {
    const expected = flags === undefined ? undefined : { traceId: TRACE, spanId: SPAN, flags };
    assert.deepEqual(parseTraceparent(header), expected);
  });
}

test("traceparent: what is written is read again", () => {
  const parent = { traceId: TRACE, spanId: SPAN, flags: 1 };
  assert.equal(formatTraceparent(parent), `00-${TRACE}-${SPAN}-01`);
  assert.deepEqual(parseTraceparent(formatTraceparent(parent)), parent);
});
