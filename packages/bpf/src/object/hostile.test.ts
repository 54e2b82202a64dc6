import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bpfRelocation,
  elfMachine,
  sectionFlag,
  sectionType,
  symbolBinding,
  symbolType,
  writeElf,
} from "@go3s/binary";
import { BtfBuilder } from "../btf/builder.js";
import { CoreKind } from "../btf/kinds.js";
import { Btf } from "../btf/reader.js";
import { resolveRelocation } from "../core/resolve.js";
import { refused } from "../testing/errors.js";
import { readObject } from "./read.js";

const CODE = sectionFlag.ALLOC | sectionFlag.EXECINSTR;

function functionsOver(bytes: number, count: number, name = (index: number) => `f${index}`): Uint8Array {
  return writeElf({
    machine: elfMachine.BPF,
    sections: [{ name: "xdp", flags: CODE, align: 8, data: new Uint8Array(bytes) }],
    symbols: Array.from({ length: count }, (_, index) => ({
      name: name(index),
      binding: symbolBinding.GLOBAL,
      type: symbolType.FUNC,
      section: "xdp",
      value: 0,
      size: bytes,
    })),
  });
}

test("functions that overlap do not multiply without measure", () => {
  assert.equal(readObject(functionsOver(64, 50)).programs.size, 1);
  assert.throws(() => readObject(functionsOver(256 << 10, 1200)), refused("bad-object", /without measure/));
});

test("a data section larger than a map is refused before it takes memory", () => {
  const object = writeElf({
    machine: elfMachine.BPF,
    sections: [
      { name: "xdp", flags: CODE, align: 8, data: new Uint8Array(16) },
      {
        name: ".bss",
        flags: sectionFlag.ALLOC,
        type: sectionType.NOBITS,
        data: new Uint8Array(0),
        size: 2 ** 40,
      },
    ],
    symbols: [],
  });
  assert.throws(() => readObject(object), refused("bad-object", /\.bss has \d+ bytes/));
});

test("an instruction cut off at the end of its function is no reference", () => {
  const data = new Uint8Array(8);
  data[0] = 0x18;
  const object = writeElf({
    machine: elfMachine.BPF,
    sections: [
      {
        name: "xdp",
        flags: CODE,
        align: 8,
        data,
        relocations: [{ offset: 0, type: bpfRelocation.R64_64, symbol: 1 }],
      },
      { name: ".data", flags: sectionFlag.ALLOC, data: new Uint8Array(8) },
    ],
    symbols: [
      { name: "f", binding: symbolBinding.GLOBAL, type: symbolType.FUNC, section: "xdp", value: 0, size: 8 },
      {
        name: "v",
        binding: symbolBinding.GLOBAL,
        type: symbolType.OBJECT,
        section: ".data",
        value: 0,
        size: 8,
      },
    ],
  });
  assert.throws(() => readObject(object), refused("bad-object", /cut off/));
});

test("texts, paths and names of types have an end", () => {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: "int", name: "int", size: 4 });
  builder.add({ kind: "struct", name: "x".repeat(5000), size: 4, members: [] });
  const struct = builder.add({
    kind: "struct",
    name: "s",
    size: 4,
    members: [{ name: "a", type: int, bitOffset: 0 }],
  });
  const btf = new Btf(builder.encode());
  assert.throws(() => btf.name(2), refused("bad-btf", /more than 4096 bytes/));
  const access = Array.from({ length: 100 }, () => "0").join(":");
  const relocation = { offset: 0, type: struct, access, kind: CoreKind.FIELD_BYTE_OFFSET };
  assert.throws(() => resolveRelocation(relocation, btf, btf), refused("bad-object", /more than 64 steps/));
});

test("a target with a thousand types of one name is no kernel", () => {
  const builder = new BtfBuilder();
  for (let index = 0; index < 1001; index++) builder.add({ kind: "struct", name: "s", size: 4, members: [] });
  const btf = new Btf(builder.encode());
  const relocation = { offset: 0, type: 1, access: "0", kind: CoreKind.TYPE_EXISTS };
  assert.throws(
    () => resolveRelocation(relocation, btf, btf),
    refused("relocation-failed", /1001 types "s"/),
  );
});

test("fields between bytes have no offset", () => {
  const builder = new BtfBuilder();
  const int = builder.add({ kind: "int", name: "int", size: 4 });
  const members = [{ name: "a", type: int, bitOffset: 3 }];
  const struct = builder.add({ kind: "struct", name: "s", size: 8, members });
  const btf = new Btf(builder.encode());
  const relocation = { offset: 0, type: struct, access: "0:0", kind: CoreKind.FIELD_BYTE_OFFSET };
  assert.throws(() => resolveRelocation(relocation, btf, btf), refused("relocation-failed", /between bytes/));
});
