import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAnnotation } from "./annotation.js";

const valid: readonly (readonly [string, Record<string, unknown>])[] = [
  ["", {}],
  ["()", {}],
  ['(name="a b", sample=0.5)', { name: "a b", sample: 0.5 }],
  ['( name = "say \\"hi\\"" , )', { name: 'say "hi"' }],
  ["(level=info, rate=-3)", { level: "info", rate: -3 }],
  ['(labels=["a=B", c], x=[])', { labels: ["a=B", "c"], x: [] }],
];

for (const [text, values] of valid) {
  test(`reads ${text}`, () => {
    const parsed = parseAnnotation(text);
    assert.equal(parsed.problem, undefined);
    assert.deepEqual(Object.fromEntries(parsed.problem === undefined ? parsed.values : []), values);
  });
}

for (const [text, problem] of [
  ['name="x"', /\( is expected/],
  ['(name="x"', /, or \) is expected at the end/],
  ["(name)", /= behind name/],
  ["(name=)", /a value for name/],
  ["(a=1, a=2)", /a is given twice/],
  ['(a=["x" "y"])', /, or \]/],
  ["(a=[1])", /a text in the list/],
  ["(a=1) b", /nothing more/],
  ['(a="unterminated)', /a value for a/],
] as const) {
  test(`tells what is wrong with ${text}`, () => {
    assert.match(parseAnnotation(text).problem ?? "", problem);
  });
}
