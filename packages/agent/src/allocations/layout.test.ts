import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfKind, readObject } from "@go3s/bpf";
import { allocationProbes } from "../probes/compile.js";
import { whyNoLiveTests } from "../testing/go-service.js";
import { amountValue, programValue, siteKey } from "./layout.js";

test("keys and values are laid out as the probes have them", { skip: whyNoLiveTests() }, () => {
  const { btf } = readObject(allocationProbes.object());
  assert.ok(btf !== undefined);
  const types = new Btf(btf);
  for (const [name, layout] of [
    ["Program", programValue],
    ["Site", siteKey],
    ["Amount", amountValue],
  ] as const) {
    const type = types.type(types.findOne(name, BtfKind.STRUCT) ?? 0);
    assert.ok(type.kind === "struct");
    const { size, ...fields } = layout;
    assert.equal(size, type.size, name);
    for (const [field, at] of Object.entries(fields)) {
      const member: { readonly bitOffset: number } | undefined = type.members.find(
        (each) => each.name.toLowerCase() === field,
      );
      assert.equal(at, (member?.bitOffset ?? -8) / 8, `${name}.${field}`);
    }
  }
});
