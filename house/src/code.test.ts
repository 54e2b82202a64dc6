import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOnly } from "./code.js";

const cases = [
  { name: "line comment", have: "a; // any\nb", want: "a;       \nb" },
  { name: "block comment keeps lines", have: "a /* x\ny */ b", want: "a     \n     b" },
  { name: "string with an escape", have: 'f("a\\"b", c)', want: "f(      , c)" },
  { name: "regular expression with a quote", have: "x = /['\"]/; y", want: "x =       ; y" },
  { name: "division is no regular expression", have: "a / b / c", want: "a / b / c" },
  { name: "template over lines", have: "`a\nb` + c", want: "  \n   + c" },
];

for (const { name, have, want } of cases) {
  test(`codeOnly: ${name}`, () => assert.equal(codeOnly(have), want));
}
