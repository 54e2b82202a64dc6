import assert from "node:assert/strict";
import { test } from "node:test";
import { bindingsOf } from "../bindings/bindings.js";
import { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { boundObject } from "../testing/bound-object.js";
import { mutate, randomBySeed } from "../testing/mutate.js";
import { layoutOf } from "./layout.js";
import { plainReader } from "./plain.js";
import { writePlain } from "./plain-writer.js";
import { memoryOf, viewOfLayout } from "./view.js";

const ROUNDS = 400;
const MEMORY_BYTES = 4096;

function tolerate(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}

// Every type as a view, a plain value and bytes again; what reaches beyond the memory is not read.
function useType(btf: Btf, id: number): void {
  const layout = layoutOf(btf, id);
  const view = viewOfLayout(layout);
  if (layout.size > MEMORY_BYTES) return;
  const bytes = new Uint8Array(MEMORY_BYTES).fill(0x41);
  view.at(memoryOf(bytes), 0);
  for (const name of Object.keys(Object.getPrototypeOf(view))) void view[name];
  const plain = plainReader(layout)(memoryOf(bytes).view, 0);
  const again = new Uint8Array(layout.size);
  tolerate(() => writePlain(layout, again, plain));
  assert.ok(again.every((byte) => byte === 0 || byte <= 0x41));
}

test("broken types give clear errors, or views that read within the type", () => {
  const spec = boundObject();
  const btf = spec.btf ?? new Uint8Array(0);
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const broken = mutate(btf, randomBySeed(seed));
    try {
      tolerate(() => {
        const types = new Btf(broken);
        for (let id = 1; id < types.endId; id++) tolerate(() => useType(types, id));
        tolerate(() => void bindingsOf({ ...spec, btf: broken }, { language: "ts", source: "x.o" }));
        tolerate(() => void bindingsOf({ ...spec, btf: broken }, { language: "go", source: "x.o" }));
      });
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
});
