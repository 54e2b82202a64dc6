import assert from "node:assert/strict";
import { test } from "node:test";
import { u32Bytes } from "@go3s/bpf";
import { cannotRun, load, machineOptions } from "./testing/live.js";
import { newRandom } from "./testing/random.js";
import { randomProgram } from "./testing/random-program.js";

test("random programs load on every instruction set, and compute what they do without optimisation", {
  skip: cannotRun(),
}, () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = newRandom(seed * 104729);
    const text = randomProgram(random, 5 + random(14));
    const data = Uint8Array.from({ length: 64 }, () =>
      random(3) === 0 ? (random(2) === 0 ? 0 : 0xff) : random(256),
    );
    const ways = [{ cpu: "v1" }, { cpu: "v3" }, { cpu: "v4" }, { cpu: "v3", optimise: false }] as const;
    const results = ways.map((way) => {
      try {
        using object = load(text, { ...machineOptions(), ...way });
        assert.equal(object.program("main").testRun({ data }).result, 0);
        const found = object.map("out").lookup(u32Bytes(0));
        assert.ok(found);
        return new DataView(found.buffer, found.byteOffset).getBigUint64(0, true);
      } catch (cause) {
        throw new Error(
          `seed ${seed}, ${JSON.stringify(way)}: ${cause instanceof Error ? cause.message : String(cause)}\n${text}`,
        );
      }
    });
    assert.equal(new Set(results).size, 1, `seed ${seed}: ${results.join(" ")}\n${text}`);
  }
});
