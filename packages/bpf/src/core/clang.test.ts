import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BtfBuilder } from "../btf/builder.js";
import { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { loadObject } from "../object/load.js";
import { readObject } from "../object/read.js";
import type { ObjectSpec } from "../object/spec.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { kernelDescriptors } from "../testing/kernel.js";

// What the object believes. The program writes each answer to its place of `out`.
const LOCAL = `
enum kind { KIND_A = 0, KIND_B = 1, KIND_GONE = 2 };
struct inner { int deep; } __core;
struct task {
  int pid; unsigned narrow; char name[4]; struct inner in; int anonymous; int gone;
  unsigned bits : 3; int signed_bits : 5; void *pointer; int tail[];
} __core;
struct task___flavour { unsigned narrow; int only_here; } __core;
struct absent { int x; } __core;
u64 out[32];
SEC("socket") int answers(void *ctx) {
  struct task *t = 0; struct task___flavour *f = 0;
  out[0] = field_info(t->pid, 0);
  out[1] = field_info(t->narrow, 1);
  out[2] = field_info(t->gone, 2);
  out[3] = field_info(t->pid, 3);
  out[4] = field_info(t->narrow, 3);
  out[5] = field_info(t->anonymous, 0);
  out[6] = field_info(t->in.deep, 0);
  out[7] = field_info(t->name[2], 0);
  out[8] = field_info(t->name[3], 2);
  out[9] = field_info(t->tail[5], 0);
  out[10] = field_info(t->bits, 0);
  out[11] = field_info(t->bits, 1);
  out[12] = field_info(t->bits, 4);
  out[13] = field_info(t->bits, 5);
  out[14] = field_info(t->signed_bits, 3);
  out[15] = field_info(f->only_here, 2);
  out[16] = field_info(f->narrow, 0);
  out[17] = type_info(struct task, 0);
  out[18] = type_info(struct absent, 0);
  out[19] = type_info(struct task, 1);
  out[20] = __builtin_preserve_enum_value(*(enum kind *)KIND_B, 1);
  out[21] = __builtin_preserve_enum_value(*(enum kind *)KIND_GONE, 0);
  out[22] = __builtin_btf_type_id(*(struct absent *)0, 1);
  out[23] = field_info(t[2].pid, 0);
  return 0;
}
SEC("?socket") int lacks_field(void *ctx) { struct task t; __builtin_memset(&t, 0, sizeof(t)); return t.gone; }
SEC("?socket") int lacks_type(void *ctx) { struct absent a = { 4 }; return field_info(a.x, 0); }
SEC("?socket") int resized(struct task *t) { struct task s; __builtin_memset(&s, 0, sizeof(s)); return s.pid; }
SEC("?socket") int guarded(void *ctx) {
  struct task t; __builtin_memset(&t, 0, sizeof(t));
  return field_info(t.gone, 2) ? t.gone : 5;
}
`;

// What is true.
const TARGET = `
enum kind { KIND_B = 9, KIND_A = 3 };
struct inner { long before; int deep; };
struct task {
  long pad; long pid; u16 narrow; char name[3];
  union { int other; struct { char c; int anonymous; }; };
  struct inner in; void *pointer; unsigned spare : 13; unsigned bits : 6; int signed_bits : 4; int tail[];
};
struct task keep; enum kind keep_kind;
`;

describe("CO-RE with types of clang", { skip: skipWithoutClangAndBpf() }, () => {
  const open = kernelDescriptors();
  const data = new Uint8Array(64);
  let spec: ObjectSpec;
  let kernelBtf: Btf;
  before(() => {
    spec = readObject(compileForBpf(LOCAL));
    const { btf } = readObject(compileForBpf(TARGET));
    assert.ok(btf !== undefined);
    kernelBtf = new Btf(btf);
  });
  after(() => assert.deepEqual(kernelDescriptors(), open));

  test("each kind of question is answered from the target", () => {
    using object = loadObject(spec, { kernelBtf });
    object.program("answers").testRun({ data });
    const { buffer, byteOffset } = object.variable("out");
    const got = [...new BigUint64Array(buffer, byteOffset, 24)].map(Number);
    const size = 64;
    assert.deepEqual(got, [
      8, // pid has moved
      2, // narrow has two bytes
      0, // gone
      1, // long is signed
      0, // u16 is not
      28, // in an anonymous struct in an anonymous union
      40, // in.deep
      20, // name[2]
      0, // name has three elements only
      60 + 5 * 4, // a flexible array has any element
      56, // the word that holds the bits
      4,
      64 - (13 + 6),
      64 - 6,
      1,
      0, // what only the flavour has
      16, // what the flavour shares
      1,
      0,
      size,
      9,
      0,
      0,
      2 * size + 8,
    ]);
  });

  test("what is reached and missing is named with its line", () => {
    const load = (name: string) => () => loadObject(spec, { kernelBtf, programs: [name] }).close();
    const refused = (text: RegExp) => (error: unknown) => {
      assert.ok(error instanceof BpfError, String(error));
      assert.match(error.message, text);
      assert.match(error.message, /a\.c:\d+/);
      assert.ok(error.log !== undefined && error.hint !== undefined);
      return error.code === "relocation-failed";
    };
    assert.throws(load("lacks_field"), refused(/field "task\.gone" does not exist/));
    assert.throws(load("lacks_type"), refused(/struct "absent" does not exist/));
    assert.throws(
      load("resized"),
      refused(/field "task\.pid" has 8 bytes in the target, the object reads 4/),
    );
  });

  test("what is missing behind a question is no error", () => {
    using object = loadObject(spec, { kernelBtf, programs: ["guarded"] });
    assert.equal(object.program("guarded").testRun({ data }).result, 5);
  });

  test("types of a module continue the kernel's", () => {
    const base = new BtfBuilder();
    const int = base.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    const kernel = new Btf(base.encode());
    // A module's ids and texts count on from the kernel's.
    const module = new BtfBuilder();
    module.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    module.add({
      kind: "struct",
      name: "absent",
      size: 16,
      members: [{ name: "x", type: int, bitOffset: 96 }],
    });
    const split = splitFrom(new Btf(module.encode()), kernel);
    using object = loadObject(spec, { kernelBtf: split, programs: ["lacks_type"] });
    assert.equal(object.program("lacks_type").testRun({ data }).result, 12);
  });
});

// Makes split BTF of a whole one whose first types are the base's: those are cut off, texts are moved behind the base's.
function splitFrom(whole: Btf, base: Btf): Btf {
  const view = new DataView(whole.bytes.buffer, whole.bytes.byteOffset, whole.bytes.byteLength);
  const header = view.getUint32(4, true);
  const cut = whole.offsetOf(base.endId) - header;
  const texts = view.getUint32(16, true);
  const bytes = new Uint8Array(whole.bytes.length - cut);
  bytes.set(whole.bytes.subarray(0, header));
  bytes.set(whole.bytes.subarray(header + cut), header);
  const out = new DataView(bytes.buffer);
  out.setUint32(12, texts - cut, true);
  out.setUint32(16, texts - cut, true);
  const baseView = new DataView(base.bytes.buffer, base.bytes.byteOffset);
  const moved = baseView.getUint32(20, true);
  // One struct with one member: three names at most.
  for (const at of [header, header + 12]) out.setUint32(at, out.getUint32(at, true) + moved, true);
  return new Btf(bytes, base);
}
