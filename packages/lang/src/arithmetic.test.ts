import assert from "node:assert/strict";
import { test } from "node:test";
import { differential } from "./testing/differential.js";
import type { Input } from "./testing/interpret/interpret.js";
import { cannotRun } from "./testing/live.js";
import { conditionOf, expressionOf, integerTypes, newRandom, type Random } from "./testing/random.js";

const perProgram = 12;
const rounds = 3;
const seeds = Array.from({ length: 30 }, (_, i) => i + 1);

/** program stores every expression's value in a map, for each run in other elements; its variables come from the packet. */
function program(expressions: readonly string[]): string {
  const fields = integerTypes.map((type) => `\tf_${type} ${type}`).join("\n");
  const variables = integerTypes.map((type) => `\tv_${type} := in.f_${type}\n\t_ = v_${type}`).join("\n");
  const stores = expressions.map((text, i) =>
    text.startsWith("?")
      ? `\tif ${text.slice(1)} {\n\t\tresults.Update(at+${i}, 1)\n\t} else {\n\t\tresults.Update(at+${i}, 2)\n\t}`
      : `\tresults.Update(at+${i}, uint64(${text}))`,
  );
  return `type In struct {\n${fields}\n}
var results = bpf.Array[uint64](${rounds * perProgram})
var at uint32
// @xdp
func main(ctx *bpf.XDP) int {\n\tin := bpf.Packet[In](ctx, 0)\n\tif in == nil {\n\t\treturn -1\n\t}
${variables}\n${stores.join("\n")}\n\tat += ${perProgram}\n\treturn 0\n}\n`;
}

/** input fills the fields of In; extremes are as frequent as anything else. */
function input(random: Random): Input {
  const packet = new Uint8Array(64);
  let at = 0;
  for (const type of integerTypes) {
    const size = Number(/\d+/.exec(type)?.[0]) / 8;
    at = Math.ceil(at / size) * size;
    const fill = [0x00, 0xff, 0x80, 0x7f][random(8)];
    for (let i = 0; i < size; i++) packet[at++] = fill ?? random(256);
  }
  return { packet, words: [], fields: new Map() };
}

for (const cpu of ["v1", "v3", "v4"] as const) {
  test(`random expressions give what TypeScript gives (${cpu})`, { skip: cannotRun() }, () => {
    for (const seed of seeds) {
      const random = newRandom(seed * 7919 + cpu.charCodeAt(1));
      const texts = Array.from({ length: perProgram }, (_, i) =>
        i % 4 === 3
          ? `?${conditionOf(random, 2)}`
          : expressionOf(random, integerTypes[random(8)] ?? "uint8", 1 + random(4)),
      );
      const text = program(texts);
      const inputs = Array.from({ length: rounds }, () => input(random));
      const verdict = differential(text, cpu, inputs);
      assert.equal(verdict.kind, "same", `seed ${seed}: ${verdict.why}\n${text}`);
    }
  });
}
