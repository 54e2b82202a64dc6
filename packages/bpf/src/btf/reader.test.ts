import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { BpfError } from "../errors.js";
import { BtfBuilder } from "./builder.js";
import { encodeBtfExt, type SectionInfo } from "./ext-encoder.js";
import { readBtfExt } from "./ext-reader.js";
import { kernelBtf } from "./kernel.js";
import { BtfKind, CoreKind } from "./kinds.js";
import { Btf } from "./reader.js";
import type { BtfType } from "./types.js";

const TYPES: readonly BtfType[] = [
  { kind: "int", name: "int", size: 4, bits: 32, encoding: "signed" },
  { kind: "ptr", type: 3 },
  {
    kind: "struct",
    name: "node",
    size: 16,
    members: [
      { name: "next", type: 2, bitOffset: 0 },
      { name: "flag", type: 1, bitOffset: 64, bitSize: 3 },
      { name: "", type: 4, bitOffset: 96 },
    ],
  },
  { kind: "union", name: "", size: 4, members: [{ name: "a", type: 1, bitOffset: 0 }] },
  { kind: "array", type: 3, index: 1, length: 5 },
  { kind: "enum", name: "color", size: 4, signed: true, values: [{ name: "RED", value: -1 }] },
  {
    kind: "enum64",
    name: "big",
    size: 8,
    signed: false,
    values: [{ name: "HUGE", value: 0xffff_ffff_ffff_fff0n }],
  },
  { kind: "fwd", name: "later", union: true },
  { kind: "typedef", name: "node_t", type: 9 + 1 },
  { kind: "const", type: 3 },
  { kind: "func_proto", type: 0, parameters: [{ name: "x", type: 1 }] },
  { kind: "func", name: "run", type: 11, linkage: 1 },
  { kind: "var", name: "v", type: 5, linkage: 1 },
  { kind: "datasec", name: ".bss", size: 80, variables: [{ type: 13, offset: 0, size: 80 }] },
  { kind: "float", name: "double", size: 8 },
  { kind: "decl_tag", name: "tag", type: 3, component: -1 },
  { kind: "type_tag", name: "user", type: 1 },
  { kind: "typedef", name: "node", type: 3 },
];

function encoded(types: readonly BtfType[]): Uint8Array {
  const builder = new BtfBuilder();
  for (const type of types) builder.add(type);
  return builder.encode();
}

test("every kind is read as it was written", () => {
  const btf = new Btf(encoded(TYPES));
  assert.equal(btf.endId, TYPES.length + 1);
  for (const [index, type] of TYPES.entries()) assert.deepEqual(btf.type(index + 1), type);
});

test("types are found by name and kind, resolved and measured", () => {
  const btf = new Btf(encoded(TYPES));
  assert.deepEqual(btf.find("node"), [3, 18]);
  assert.equal(btf.findOne("node", BtfKind.TYPEDEF), 18);
  assert.deepEqual(btf.find("absent"), []);
  assert.deepEqual(btf.find(""), []);
  assert.equal(btf.resolve(9), 3);
  assert.equal(btf.sizeOf(9), 16);
  assert.equal(btf.sizeOf(5), 80);
  assert.equal(btf.sizeOf(13), 80);
  assert.throws(() => btf.sizeOf(12), BpfError);
  assert.throws(() => btf.type(99), /there is no type 99/);
});

test("circles of types are an error, not a hang", () => {
  const btf = new Btf(
    encoded([
      { kind: "typedef", name: "a", type: 2 },
      { kind: "const", type: 1 },
      { kind: "array", type: 3, index: 1, length: 2 },
    ]),
  );
  assert.throws(() => btf.resolve(1), /refers to itself/);
  assert.throws(() => btf.sizeOf(3), /contains itself/);
});

test("a module's BTF continues the ids and strings of its base", () => {
  const base = new Btf(encoded(TYPES));
  // A split BTF's types are numbered, and its strings placed, behind the base's.
  const builder = new BtfBuilder();
  for (const type of TYPES) builder.add(type);
  const own = encoded([{ kind: "int", name: "module_int", size: 2, encoding: "unsigned" }]);
  const view = new DataView(own.buffer);
  const baseView = new DataView(base.bytes.buffer);
  view.setUint32(24, view.getUint32(24, true) + baseView.getUint32(20, true), true);
  const split = new Btf(own, base);
  const [id] = split.find("module_int");
  assert.equal(id, TYPES.length + 1);
  assert.equal(split.name(TYPES.length + 1), "module_int");
  assert.deepEqual(split.type(3), TYPES[2]);
  assert.deepEqual(split.find("color"), [6]);
});

test(".BTF.ext is read as it was written", () => {
  const builder = new BtfBuilder();
  for (const type of TYPES) builder.add(type);
  const section: SectionInfo = {
    section: "xdp",
    functions: [{ offset: 0, type: 12 }],
    lines: [{ offset: 8, file: "a.go3s", text: "x := 1", line: 70_000, column: 9 }],
    relocations: [{ offset: 16, type: 3, access: "0:1", kind: CoreKind.FIELD_SIGNED }],
  };
  const ext = encodeBtfExt(builder, [section]);
  const read = readBtfExt(ext, new Btf(builder.encode())).get("xdp");
  assert.deepEqual(read?.functions, section.functions);
  assert.deepEqual(read?.relocations, section.relocations);
  const { line, column, file, text } = read?.lines[0] ?? {};
  assert.deepEqual({ line, column, file, text }, { line: 70_000, column: 9, file: "a.go3s", text: "x := 1" });
});

test("broken bytes give a BpfError or types, never anything else", () => {
  const good = encoded(TYPES);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(good.length),
      (changes, length) => {
        const bytes = new Uint8Array(good.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          const btf = new Btf(bytes);
          btf.find("node");
          for (let id = 1; id < btf.endId; id++) {
            try {
              btf.type(id);
              btf.sizeOf(id);
            } catch (error) {
              assert.ok(error instanceof BpfError, String(error));
            }
          }
        } catch (error) {
          assert.ok(error instanceof BpfError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

const hasKernelTypes = existsSync("/sys/kernel/btf/vmlinux");

test("the kernel's types are found by name", {
  skip: hasKernelTypes ? false : "this kernel has no BTF",
}, () => {
  const btf = kernelBtf();
  const task = btf.findOne("task_struct", BtfKind.STRUCT);
  assert.ok(task !== undefined);
  const type = btf.type(task);
  assert.ok(type.kind === "struct" && type.members.some(({ name }) => name === "tgid"));
  assert.ok(btf.findOne("btf_trace_sched_switch", BtfKind.TYPEDEF) !== undefined);
  assert.equal(btf.sizeOf(btf.findOne("pid_t", BtfKind.TYPEDEF) ?? 0), 4);
});

test("the first searches walk over the types, later ones ask an index: both find the same", {
  skip: hasKernelTypes ? false : "this kernel has no BTF",
}, () => {
  const names = ["task_struct", "file", "int", "pid_t", "sock", "inode", "no such type", "list_head"];
  const { bytes } = kernelBtf();
  const found = names.map((name) => new Btf(bytes, undefined, true).find(name));
  const indexed = new Btf(bytes);
  for (let i = 0; i < 8; i++) indexed.find("task_struct");
  assert.deepEqual(
    names.map((name) => indexed.find(name)),
    found,
  );
  assert.deepEqual(found[6], []);
  assert.equal(new Btf(bytes, undefined, true).endId, indexed.endId);
});
