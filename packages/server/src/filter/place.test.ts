import assert from "node:assert/strict";
import { test } from "node:test";
import { caretOf } from "./place.js";

// The caret is where the | stands.
const cases: readonly (readonly [
  text: string,
  key: string | undefined,
  part: string,
  start: number,
  end: number,
])[] = [
  ["|", undefined, "", 0, 0],
  ["serv|", undefined, "serv", 0, 4],
  ["ser|vice:a", undefined, "ser", 0, 8],
  ["service:|", "service", "", 8, 8],
  ["service:che|ckout x", "service", "che", 8, 16],
  ["a -status:er|", "status", "er", 10, 12],
  ["(level:e|", "level", "e", 7, 8],
  ['"http route":"/ca|', "http route", "/ca", 13, 17],
  ["duration:>1|", "duration", "1", 10, 11],
  ["a -k|", undefined, "k", 3, 4],
];

for (const [marked, key, part, start, end] of cases) {
  test(`caret in ${marked}`, () => {
    const caret = caretOf(marked.replace("|", ""), marked.indexOf("|"));
    assert.deepEqual(caret, { key, part, place: { start, end } });
  });
}
