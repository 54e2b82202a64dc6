import assert from "node:assert/strict";
import { test } from "node:test";
import { anyValue, jsonKeyValues } from "./values.js";

test("values come back from text and type", () => {
  const cases = [
    ["7", "string", { stringValue: "7" }],
    ["-9223372036854775808", "int", { intValue: -(2n ** 63n) }],
    ["9223372036854775808", "int", { stringValue: "9223372036854775808" }],
    ["7", "double", { doubleValue: 7 }],
    ["-0", "double", { doubleValue: -0 }],
    ["Infinity", "double", { doubleValue: Number.POSITIVE_INFINITY }],
    ["false", "bool", { boolValue: false }],
    ["/wA=", "bytes", { bytesValue: Buffer.of(255, 0) }],
    ["", "empty", {}],
    ["[]", "array", { arrayValue: { values: [] } }],
    [
      '[1,1.0,-0.0,1e+21,true,null,"a\\"]\\n",9007199254740993]',
      "array",
      {
        arrayValue: {
          values: [
            { intValue: 1n },
            { doubleValue: 1 },
            { doubleValue: -0 },
            { doubleValue: 1e21 },
            { boolValue: true },
            {},
            { stringValue: 'a"]\n' },
            { intValue: 9007199254740993n },
          ],
        },
      },
    ],
    [
      '{"2":1,"1":{"__proto__":[]},"2":null}',
      "kvlist",
      {
        kvlistValue: {
          values: [
            { key: "2", value: { intValue: 1n } },
            {
              key: "1",
              value: {
                kvlistValue: { values: [{ key: "__proto__", value: { arrayValue: { values: [] } } }] },
              },
            },
            { key: "2", value: {} },
          ],
        },
      },
    ],
  ] as const;
  for (const [text, type, value] of cases) assert.deepEqual(anyValue(text, type), value, text);
});

test("what is no value of its type is given as the text it is", () => {
  for (const text of [
    "",
    "[",
    "[1",
    "[1,]",
    "[1 2]",
    "{1:2}",
    '{"a"}',
    "[]x",
    '["\\x"',
    `${"[".repeat(10_000)}`,
  ])
    assert.deepEqual(anyValue(text, "array"), { stringValue: text });
});

test("in JSON, integers of 64 bits and numbers that JSON has not are texts", () => {
  assert.deepEqual(
    jsonKeyValues(
      { a: "1", b: "NaN", c: "x", __proto__x: "true" },
      { a: "int", b: "double", __proto__x: "bool" },
    ),
    [
      { key: "a", value: { intValue: "1" } },
      { key: "b", value: { doubleValue: "NaN" } },
      { key: "c", value: { stringValue: "x" } },
      { key: "__proto__x", value: { boolValue: true } },
    ],
  );
});
