import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeInstructions } from "../asm/decode.js";
import { encodeInstructions } from "../asm/encode.js";
import { callFunction, exit } from "../asm/flow.js";
import { R1 } from "../asm/instruction.js";
import { loadImm64 } from "../asm/memory.js";
import { BtfBuilder } from "../btf/builder.js";
import { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import type { KernelTypes } from "./kernel-types.js";
import { bindReferences } from "./references.js";
import type { ProgramSpec, Reference } from "./spec.js";

// int is 1, a prototype int(int) is 2, one of two parameters 3, in all of them.
function types(add: (b: BtfBuilder) => void): Btf {
  const b = new BtfBuilder();
  const int = b.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
  b.add({ kind: "func_proto", type: int, parameters: [{ name: "x", type: int }] });
  b.add({
    kind: "func_proto",
    type: int,
    parameters: [
      { name: "x", type: int },
      { name: "y", type: int },
    ],
  });
  add(b);
  return new Btf(b.encode());
}

const local = types(() => undefined);
const vmlinux = types((b) => {
  b.add({ kind: "func", name: "known", type: 2, linkage: 0 }); // 4
  b.add({ kind: "var", name: "counter", type: 1, linkage: 1 }); // 5
});
const module = types((b) => {
  b.add({ kind: "func", name: "of_module", type: 2, linkage: 0 }); // 4
  b.add({ kind: "func", name: "also_of_module", type: 2, linkage: 0 }); // 5
  b.add({ kind: "var", name: "module_counter", type: 1, linkage: 1 }); // 6
});
const kernel: KernelTypes = {
  vmlinux,
  modules: () => [{ name: "m", btf: module, fd: 77 }],
  addresses: (name) => (name === "twice" ? [1n, 2n] : name === "once" ? [0xffffffff81234567n] : []),
  close: () => undefined,
};

function bind(...references: Reference[]) {
  const code = encodeInstructions([callFunction(-1), loadImm64(R1, 0n), exit()]);
  const poisons: string[] = [];
  const binding = { mapFd: () => 9, kernel: () => kernel, local, symbols: { GIVEN: 5n }, poisons };
  const program: ProgramSpec = {
    name: "p",
    section: "tc",
    type: 3,
    attachType: 0,
    target: "",
    flags: 0,
    autoload: true,
    code,
    references,
    functions: [],
    lines: [],
    relocations: [],
  };
  const modules = bindReferences(program, code, binding);
  const [call, wide] = decodeInstructions(code);
  assert.ok(call !== undefined && wide !== undefined);
  return { call, wide, modules, poisons };
}

const kfunc = (name: string, weak = false, type = 2): Reference => ({
  kind: "kfunc",
  offset: 0,
  name,
  weak,
  type,
});
const symbol = (name: string, weak = false, type = 1): Reference => ({
  kind: "symbol",
  offset: 8,
  name,
  weak,
  type,
});

function refused(text: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof BpfError, String(error));
    assert.match(error.message, text);
    return error.code === "relocation-failed";
  };
}

test("calls name functions of the kernel by id, those of modules by descriptor too", () => {
  const own = bind(kfunc("known"));
  assert.deepEqual([own.call.src, own.call.offset, own.call.imm, own.modules.bytes], [2, 0, 4, undefined]);
  const flavoured = bind(kfunc("known___flavour"));
  assert.equal(flavoured.call.imm, 4);
  const { call, modules } = bind(kfunc("of_module"), { ...kfunc("also_of_module") });
  assert.deepEqual([call.src, call.offset, call.imm], [2, 1, 5]);
  assert.deepEqual([...new Int32Array(modules.bytes?.buffer ?? new ArrayBuffer(0))], [0, 77]);
});

test("calls of what is missing or declared otherwise are refused, weak ones poisoned", () => {
  assert.throws(() => bind(kfunc("missing")), refused(/calls the kernel function "missing"/));
  assert.throws(() => bind(kfunc("known", false, 3)), refused(/"known" with another type/));
  for (const weak of [bind(kfunc("missing", true)), bind(kfunc("known", true, 3))]) {
    assert.equal(weak.call.imm, 195896080);
    assert.match(weak.poisons[0] ?? "", /which is not there/);
  }
});

test("variables and functions are taken by id, symbols without a type by address", () => {
  const own = bind(symbol("counter"));
  assert.deepEqual([own.wide.src, own.wide.imm, own.wide.immHigh], [3, 5, 0]);
  const other = bind(symbol("module_counter"));
  assert.deepEqual([other.wide.src, other.wide.imm, other.wide.immHigh], [3, 6, 77]);
  assert.deepEqual(
    [bind(symbol("known", false, 2)).wide.src, bind(symbol("known", false, 2)).wide.imm],
    [3, 4],
  );
  const address = bind(symbol("once", false, 0)).wide;
  assert.deepEqual(
    [address.src, address.imm >>> 0, (address.immHigh ?? 0) >>> 0],
    [0, 0x81234567, 0xffffffff],
  );
  for (const name of ["missing", "gone"]) {
    const weak = bind(symbol(name, true, name === "gone" ? 0 : 1)).wide;
    assert.deepEqual([weak.src, weak.imm, weak.immHigh], [0, 0, 0]);
  }
  assert.throws(() => bind(symbol("missing")), refused(/the variable "missing"/));
  assert.throws(() => bind(symbol("missing", false, 2)), refused(/the function "missing"/));
  assert.throws(() => bind(symbol("gone", false, 0)), refused(/kallsyms does not tell/));
  assert.throws(() => bind(symbol("twice", false, 0)), refused(/of which the kernel has 2/));
});

test("names that only the loader knows are given by it", () => {
  assert.equal(bind({ kind: "constant", offset: 8, name: "GIVEN" }).wide.imm, 5);
  assert.throws(() => bind({ kind: "constant", offset: 8, name: "OTHER" }), refused(/a value for "OTHER"/));
  assert.throws(
    () => bind({ kind: "undefined-function", offset: 0, name: "elsewhere" }),
    refused(/"elsewhere", which the object declares and does not define/),
  );
});
