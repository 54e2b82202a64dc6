import assert from "node:assert/strict";
import { test } from "node:test";
import { Btf, BtfKind, readObject } from "@go3s/bpf";
import { waitProbes } from "../../probes/compile.js";
import { waitReasonTable } from "../runtime-table.generated.js";
import { classOf, programValue, reasonCount, spentClasses, waitsRecord } from "./record.js";

function members(btf: Btf, name: string): Record<string, number> {
  const type = btf.type(btf.findOne(name, BtfKind.STRUCT) ?? 0);
  assert.ok(type.kind === "struct");
  const rows = type.members.map((member) => [member.name.toLowerCase(), member.bitOffset / 8] as const);
  return { ...Object.fromEntries(rows), size: type.size };
}

test("records and map values are laid out as the probes have them", () => {
  const { btf } = readObject(waitProbes.object());
  assert.ok(btf !== undefined);
  const types = new Btf(btf);
  const record = members(types, "Waits");
  for (const [name, at] of Object.entries(waitsRecord)) assert.equal(at, record[name.toLowerCase()], name);
  const program = members(types, "Program");
  const { classes, ...others } = programValue;
  assert.equal(classes, program["class"]);
  for (const [name, at] of Object.entries(others)) assert.equal(at, program[name.toLowerCase()], name);
});

test("every release's reasons to wait have a number that the probes take, and a class", () => {
  assert.ok(spentClasses.length <= 16);
  for (const [, reasons] of waitReasonTable) {
    assert.ok(reasons.length <= reasonCount);
    const byClass = new Map(reasons.map((reason) => [reason, classOf(reason)]));
    assert.equal(byClass.get("IO wait"), "network");
    assert.equal(byClass.get("chan receive"), "channel");
    assert.equal(byClass.get("select"), "channel");
    assert.equal(byClass.get("semacquire"), "lock");
    assert.equal(byClass.get("GC assist wait"), "gc");
    assert.equal(byClass.get("sleep"), "sleep");
    assert.equal(byClass.get("debug call"), "other");
  }
});
