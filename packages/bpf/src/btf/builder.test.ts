import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BpfError } from "../errors.js";
import { BtfBuilder } from "./builder.js";
import { encodeBtfExt } from "./ext-encoder.js";
import { CoreKind } from "./kinds.js";

function everyKind(): BtfBuilder {
  const b = new BtfBuilder();
  const int = b.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
  const node = b.reserve();
  const pointer = b.add({ kind: "ptr", type: node });
  b.define(node, {
    kind: "struct",
    name: "node",
    size: 24,
    members: [
      { name: "next", type: pointer, bitOffset: 0 },
      { name: "flags", type: int, bitOffset: 64, bitSize: 3 },
      { name: "rest", type: int, bitOffset: 67, bitSize: 29 },
    ],
  });
  b.add({ kind: "array", type: int, index: int, length: 7 });
  b.add({ kind: "union", name: "u", size: 4, members: [{ name: "a", type: int, bitOffset: 0 }] });
  b.add({ kind: "enum", name: "e", size: 4, signed: true, values: [{ name: "MINUS", value: -1 }] });
  b.add({ kind: "enum64", name: "e64", size: 8, values: [{ name: "BIG", value: 0x1122334455667788n }] });
  b.add({ kind: "fwd", name: "later", union: true });
  b.add({ kind: "typedef", name: "int_t", type: int });
  b.add({ kind: "const", type: int });
  b.add({ kind: "volatile", type: int });
  b.add({ kind: "restrict", type: pointer });
  b.add({ kind: "float", name: "double", size: 8 });
  const proto = b.add({ kind: "func_proto", type: int, parameters: [{ name: "x", type: int }] });
  b.add({ kind: "func", name: "f", type: proto, linkage: 1 });
  const variable = b.add({ kind: "var", name: "v", type: int, linkage: 1 });
  b.add({ kind: "datasec", name: ".bss", size: 4, variables: [{ type: variable, offset: 0, size: 4 }] });
  b.add({ kind: "decl_tag", name: "tag", type: node, component: 1 });
  b.add({ kind: "type_tag", name: "user", type: int });
  return b;
}

function hasBpftool(): boolean {
  try {
    execFileSync("bpftool", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("bpftool reads every kind as it was meant", { skip: hasBpftool() ? false : "no bpftool" }, () => {
  const dir = mkdtempSync(join(tmpdir(), "go3s-btf-"));
  try {
    const file = join(dir, "types.btf");
    writeFileSync(file, everyKind().encode());
    const text = execFileSync("bpftool", ["btf", "dump", "file", file], { encoding: "utf8" });
    for (const part of [
      "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
      "[2] STRUCT 'node' size=24 vlen=3",
      "'flags' type_id=1 bits_offset=64 bitfield_size=3",
      "ARRAY '(anon)' type_id=1 index_type_id=1 nr_elems=7",
      "'MINUS' val=-1",
      "'BIG' val=1234605616436508552",
      "FWD 'later' fwd_kind=union",
      "FUNC 'f' type_id=14 linkage=global",
      "type_id=16 offset=0 size=4",
      "DECL_TAG 'tag' type_id=2 component_idx=1",
    ]) {
      assert.ok(text.includes(part), `${part} is missing in\n${text}`);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("strings are shared between types and .BTF.ext", () => {
  const b = everyKind();
  const ext = encodeBtfExt(b, [
    {
      section: "xdp",
      functions: [{ offset: 0, type: 15 }],
      lines: [{ offset: 0, file: "a.go3s", text: "return 1", line: 3, column: 2 }],
      relocations: [{ offset: 8, type: 2, access: "0:1", kind: CoreKind.FIELD_BYTE_OFFSET }],
    },
  ]);
  const view = new DataView(ext.buffer);
  assert.equal(view.getUint16(0, true), 0xeb9f);
  assert.equal(ext.length, 32 + (4 + 8 + 8) + (4 + 8 + 16) + (4 + 8 + 16));
  assert.equal(view.getUint32(32, true), 8);
  const name = view.getUint32(36, true);
  assert.equal(b.string("xdp"), name);
  assert.equal(view.getUint32(32 + 20 + 4 + 8 + 12, true), (3 << 10) | 2);
});

test("references to nothing and reserved ids without a type are refused", () => {
  const b = new BtfBuilder();
  b.reserve();
  assert.throws(() => b.encode(), BpfError);
  const c = new BtfBuilder();
  c.add({ kind: "ptr", type: 9 });
  assert.throws(() => c.encode(), /refers to id 9/);
});
