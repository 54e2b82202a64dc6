import assert from "node:assert/strict";
import { test } from "node:test";
import { fillRandom, hexText, idLayout, readTraceparent } from "./ids.js";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";

function read(text: string): string | undefined {
  const source = Buffer.from(`x${text}y`);
  const ids = new Uint8Array(idLayout.size);
  const ok = readTraceparent(source, { start: 1, end: 1 + text.length }, ids);
  return ok ? `${hexText(ids, idLayout.trace, 16)}/${hexText(ids, idLayout.parent, 8)}` : undefined;
}

const cases: readonly { name: string; have: string; ok: boolean }[] = [
  { name: "sampled", have: `00-${trace}-${span}-01`, ok: true },
  { name: "not sampled", have: `00-${trace}-${span}-00`, ok: true },
  {
    name: "a later version with more behind",
    have: `cc-${trace}-${span}-01-what-the-future-will-be-like`,
    ok: true,
  },
  { name: "a later version without a dash behind", have: `cc-${trace}-${span}-01.what`, ok: false },
  { name: "version 0 with more behind", have: `00-${trace}-${span}-01-x`, ok: false },
  { name: "version ff", have: `ff-${trace}-${span}-01`, ok: false },
  { name: "upper case", have: `00-${trace.toUpperCase()}-${span}-01`, ok: false },
  { name: "zero trace id", have: `00-${"0".repeat(32)}-${span}-01`, ok: false },
  { name: "zero span id", have: `00-${trace}-${"0".repeat(16)}-01`, ok: false },
  { name: "too short", have: `00-${trace}-${span}-0`, ok: false },
  { name: "no hexadecimal flags", have: `00-${trace}-${span}-0g`, ok: false },
  { name: "empty", have: "", ok: false },
];

for (const { name, have, ok } of cases) {
  test(`traceparent: ${name}`, () => assert.equal(read(have), ok ? `${trace}/${span}` : undefined));
}

test("random ids differ and never are all zero", () => {
  const seen = new Set<string>();
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 10_000; i++) {
    fillRandom(bytes, 0, 16);
    seen.add(hexText(bytes, 0, 16));
  }
  assert.equal(seen.size, 10_000);
});
