import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import type { ObjectSpec } from "./spec.js";
import type { ConstantValue, VariableValue } from "./variables.js";

const SOURCE = `
enum color { RED = 1, GREEN = 5 };
enum far { FAR = 0x100000000ULL };
struct pair { u32 a; u64 b; };
const volatile u8 small = 1;
const volatile s32 limit = -3;
const volatile bool enabled = 0;
const volatile enum color color = RED;
const volatile char label[8] = "none";
const volatile struct pair pair = { 1, 2 };
const volatile u32 list[3] = { 1, 2, 3 };
const volatile u16 custom SEC(".rodata.custom") = 9;
u64 total = 0;
s64 signed_total = -1;
enum color live SEC(".data.live") = GREEN;
struct pair both = { 3, 4 };
static volatile u32 hidden = 40;
SEC("socket") int sum(void *ctx) {
  total += 1; hidden += 1; signed_total -= 1;
  return small + limit + (enabled ? 100 : 0) + color * 1000 + label[0] * 10000 + pair.a + list[2] + custom + live + both.a;
}
`;

describe("variables by name", { skip: skipWithoutClangAndBpf() }, () => {
  const open = kernelDescriptors();
  const data = new Uint8Array(64);
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => assert.deepEqual(kernelDescriptors(), open));

  test("have the values the object gives them", () => {
    using object = loadObject(spec);
    const want: Record<string, VariableValue> = {
      small: 1,
      limit: -3,
      enabled: false,
      color: 1,
      label: new TextEncoder().encode("none\0\0\0\0"),
      list: new Uint8Array(Uint32Array.of(1, 2, 3).buffer),
      custom: 9,
      total: 0n,
      signed_total: -1n,
      live: 5,
      hidden: 40,
    };
    for (const [name, value] of Object.entries(want)) assert.deepEqual(object.get(name), value, name);
    assert.equal(spec.variables.get("custom")?.map, ".rodata.custom");
    assert.equal(spec.variables.get("live")?.map, ".data.live");
  });

  test("are set before the start, each by its type", () => {
    const pair = new Uint8Array(16);
    pair[0] = 7;
    const constants: Record<string, ConstantValue> = {
      small: 255,
      limit: -5n,
      enabled: true,
      color: "GREEN",
      label: "A",
      pair,
      list: new Uint8Array(Uint32Array.of(0, 0, 8).buffer),
      custom: 65535,
      live: 1,
    };
    using object = loadObject(spec, { constants });
    const sum = 255 - 5 + 100 + 5000 + 650000 + 7 + 8 + 65535 + 1 + 3;
    assert.equal(object.program("sum").testRun({ data }).result, sum);
  });

  test("of a loaded object are read and written", () => {
    using object = loadObject(spec);
    object.program("sum").testRun({ data });
    assert.deepEqual([object.get("total"), object.get("hidden"), object.get("signed_total")], [1n, 41, -2n]);
    object.set("total", 2n ** 40n);
    object.set("live", "RED");
    object.program("sum").testRun({ data });
    assert.equal(object.get("total"), 2n ** 40n + 1n);
    assert.equal(object.get("live"), 1);
    assert.throws(() => object.set("limit", 4), refused(/is a constant/));
  });

  test("refuse what they cannot hold", () => {
    const cases: readonly [Record<string, ConstantValue>, RegExp][] = [
      [{ small: 256 }, /256 does not fit \(0 to 255\)/],
      [{ small: -1 }, /-1 does not fit/],
      [{ limit: 2 ** 31 }, /does not fit/],
      [{ limit: 0.5 }, /not an integer/],
      [{ enabled: 2 }, /neither true nor false/],
      [{ color: 2 }, /enum color has no value 2, but RED = 1, GREEN = 5/],
      [{ color: "BLUE" }, /no value "BLUE", but RED, GREEN/],
      [{ label: "far too long" }, /12 bytes do not fit into 8/],
      [{ label: 1 }, /char\[8\]: give its 8 bytes/],
      [{ pair: 1 }, /struct pair: give its 16 bytes/],
      [{ pair: new Uint8Array(4) }, /4 bytes were given, it has 16/],
      [{ limit: "text" }, /which takes no text/],
    ];
    for (const [constants, message] of cases) {
      assert.throws(() => loadObject(spec, { constants }), refused(message), String(message));
    }
    assert.throws(
      () => loadObject(spec, { constants: { smal: 1 } }),
      (error) =>
        error instanceof BpfError && error.code === "not-found" && /small.*limit/.test(error.hint ?? ""),
    );
  });
});

function refused(message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof BpfError, String(error));
    assert.match(error.message, message);
    return error.code === "bad-argument";
  };
}
