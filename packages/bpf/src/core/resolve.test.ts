import assert from "node:assert/strict";
import { test } from "node:test";
import { movImm } from "../asm/arithmetic.js";
import { decodeInstructions } from "../asm/decode.js";
import { encodeInstructions } from "../asm/encode.js";
import { R0, R1 } from "../asm/instruction.js";
import { load, loadImm64 } from "../asm/memory.js";
import { BtfBuilder } from "../btf/builder.js";
import { CoreKind, type CoreKindId } from "../btf/kinds.js";
import { Btf } from "../btf/reader.js";
import type { BtfMember } from "../btf/types.js";
import { BpfError } from "../errors.js";
import { applyRelocations, resolveRelocation } from "./resolve.js";

// int is 1, u64 is 2, int[4] is 3 in both.
function types(build: (b: BtfBuilder) => void): Btf {
  const b = new BtfBuilder();
  b.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
  b.add({ kind: "int", name: "unsigned long", size: 8 });
  b.add({ kind: "array", type: 1, index: 1, length: 4 });
  build(b);
  return new Btf(b.encode());
}

function struct(b: BtfBuilder, name: string, size: number, members: readonly BtfMember[]): number {
  return b.add({ kind: "struct", name, size, members });
}

const local = types((b) => {
  struct(b, "task___mine", 32, [
    { name: "pid", type: 1, bitOffset: 0 },
    { name: "args", type: 3, bitOffset: 64 },
    { name: "gone", type: 1, bitOffset: 192 },
    { name: "bits", type: 1, bitOffset: 224, bitSize: 5 },
  ]); // 4
  b.add({
    kind: "enum",
    name: "state",
    size: 4,
    values: [
      { name: "RUNNING", value: 0 },
      { name: "DEAD", value: 1 },
    ],
  }); // 5
  struct(b, "absent", 4, [{ name: "x", type: 1, bitOffset: 0 }]); // 6
  const u32 = b.add({ kind: "int", name: "unsigned int", size: 4 }); // 7
  struct(b, "task___wide", 4, [{ name: "pid", type: u32, bitOffset: 0 }]); // 8
});

const target = types((b) => {
  const inner = struct(b, "", 24, [
    { name: "args", type: 3, bitOffset: 0 },
    { name: "bits", type: 1, bitOffset: 128 + 27, bitSize: 5 },
  ]);
  struct(b, "task", 64, [
    { name: "stack", type: 2, bitOffset: 0 },
    { name: "", type: inner, bitOffset: 128 },
    { name: "pid", type: 2, bitOffset: 448 },
  ]);
  b.add({ kind: "enum64", name: "state", size: 8, values: [{ name: "DEAD", value: 1n << 40n }] });
});

const relocation = (type: number, access: string, kind: CoreKindId) => ({ offset: 0, type, access, kind });

const cases: readonly { name: string; have: [number, string, CoreKindId]; want: bigint | undefined }[] = [
  { name: "offset of a moved field", have: [4, "0:0", CoreKind.FIELD_BYTE_OFFSET], want: 56n },
  { name: "size of a widened field", have: [4, "0:0", CoreKind.FIELD_BYTE_SIZE], want: 8n },
  { name: "sign of a field", have: [4, "0:0", CoreKind.FIELD_SIGNED], want: 0n },
  { name: "element in an anonymous member", have: [4, "0:1:2", CoreKind.FIELD_BYTE_OFFSET], want: 24n },
  { name: "element beyond the array", have: [4, "0:1:4", CoreKind.FIELD_EXISTS], want: 0n },
  { name: "existence of a field", have: [4, "0:1", CoreKind.FIELD_EXISTS], want: 1n },
  { name: "absence of a field", have: [4, "0:2", CoreKind.FIELD_EXISTS], want: 0n },
  { name: "offset of an absent field", have: [4, "0:2", CoreKind.FIELD_BYTE_OFFSET], want: undefined },
  { name: "load of a bit field", have: [4, "0:3", CoreKind.FIELD_BYTE_OFFSET], want: 32n },
  {
    name: "left shift of a bit field",
    have: [4, "0:3", CoreKind.FIELD_LSHIFT_U64],
    want: 64n - (27n + 5n) - 0n,
  },
  { name: "right shift of a bit field", have: [4, "0:3", CoreKind.FIELD_RSHIFT_U64], want: 59n },
  { name: "existence of a type", have: [4, "0", CoreKind.TYPE_EXISTS], want: 1n },
  { name: "absence of a type", have: [6, "0", CoreKind.TYPE_EXISTS], want: 0n },
  { name: "size of a type", have: [4, "0", CoreKind.TYPE_SIZE], want: 64n },
  { name: "local id of a type", have: [6, "0", CoreKind.TYPE_ID_LOCAL], want: 6n },
  { name: "id of a type", have: [4, "0", CoreKind.TYPE_ID_TARGET], want: 5n },
  { name: "a type that does not match", have: [4, "0", CoreKind.TYPE_MATCHES], want: 0n },
  { name: "value of an enumerator", have: [5, "1", CoreKind.ENUMVAL_VALUE], want: 1n << 40n },
  { name: "absence of an enumerator", have: [5, "0", CoreKind.ENUMVAL_EXISTS], want: 0n },
];

for (const { name, have, want } of cases) {
  test(`CO-RE: ${name}`, () => {
    assert.equal(resolveRelocation(relocation(...have), local, target).value, want);
  });
}

test("types that disagree are an error", () => {
  const twice = types((b) => {
    struct(b, "task", 8, [{ name: "pid", type: 1, bitOffset: 0 }]);
    struct(b, "task", 8, [{ name: "pid", type: 1, bitOffset: 32 }]);
  });
  assert.throws(
    () => resolveRelocation(relocation(4, "0:0", CoreKind.FIELD_BYTE_OFFSET), local, twice),
    (error) => error instanceof BpfError && error.code === "relocation-failed",
  );
});

test("answers are written into loads, constants and wide constants; absent fields are poisoned", () => {
  const code = encodeInstructions([
    load(4, R0, R1, 0),
    movImm(R0, 9),
    loadImm64(R0, 9n),
    load(4, R0, R1, 24),
  ]);
  applyRelocations(
    code,
    [
      { offset: 0, type: 8, access: "0:0", kind: CoreKind.FIELD_BYTE_OFFSET },
      { offset: 8, type: 4, access: "0", kind: CoreKind.TYPE_SIZE },
      { offset: 16, type: 5, access: "1", kind: CoreKind.ENUMVAL_VALUE },
      { offset: 32, type: 4, access: "0:2", kind: CoreKind.FIELD_BYTE_OFFSET },
    ],
    local,
    target,
  );
  const [first, second, third, fourth] = decodeInstructions(code);
  // pid has become eight bytes wide, so its load has too.
  assert.deepEqual([first?.opcode, first?.offset], [0x79, 56]);
  assert.equal(second?.imm, 64);
  assert.deepEqual([third?.imm, third?.immHigh], [0, 256]);
  assert.equal(fourth?.opcode, 0x85);
});

test("paths that do not fit the object are refused", () => {
  for (const access of ["", "0:9", "0:0:0", "a:b", "0:1:x"]) {
    assert.throws(
      () => resolveRelocation(relocation(4, access, CoreKind.FIELD_BYTE_OFFSET), local, target),
      (error) => error instanceof BpfError && error.code === "bad-object",
      access,
    );
  }
});
