import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { ProgramType } from "../uapi/program-types.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import type { ObjectSpec } from "./spec.js";

const SOURCE = `
__noinline __weak int replaceable(int x) { return x + 1; }
SEC("socket") int main_program(void *ctx) { return replaceable(4); }
SEC("?freplace/replaceable") int replacement(int x) { return x + 100; }
SEC("?fentry/main_program") int before(u64 *ctx) { return 0; }
struct { int type, key, value, entries, flags, id, pinning; } old SEC("maps") = { 2, 4, 8, 3, 0, 0, 0 };
SEC("socket/map") int legacy(void *ctx) { u32 key = 2; return bpf_map_lookup_elem(&old, &key) != 0; }
static __noinline int helper(int x) { return x * 3; }
int shared(int x);
__attribute__((section("library"), noinline)) int shared(int x) { return helper(x) + 1; }
SEC("odd") int mystery(void *ctx) { return shared(2); }
`;

const NESTS = `
struct { int type, key, value, entries, flags, inner, node; } old SEC("maps") = { 2, 4, 8, 3, 0, 0, 0 };
struct { int type, key, value, entries, flags, inner, node; } nest SEC("maps") = { 12, 4, 0, 2, 0, 0, 0 };
struct { __uint(type, 13); __uint(max_entries, 2); __uint(key_size, 4); __uint(value_size, 4); } open_nest SEC(".maps");
SEC("socket/nest") int nested(void *ctx) {
  u32 key = 1;
  return (bpf_map_lookup_elem(&nest, &key) != 0) + (bpf_map_lookup_elem(&open_nest, &key) != 0);
}
`;

describe("programs of several sections and targets", { skip: skipWithoutClangAndBpf() }, () => {
  const open = kernelDescriptors();
  const data = new Uint8Array(64);
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => assert.deepEqual(kernelDescriptors(), open));

  test("functions in sections that say nothing are parts of those that call them", () => {
    assert.deepEqual(
      [spec.programs.get("shared")?.autoload, spec.programs.get("mystery")?.autoload],
      [false, true],
    );
    assert.throws(() => loadObject(spec), /section "odd" does not say what program "mystery" is/);
    using object = loadObject(spec, { types: { mystery: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER } });
    assert.deepEqual([...object.programs.keys()].sort(), ["legacy", "main_program", "mystery"]);
    assert.equal(object.program("mystery").testRun({ data }).result, 7);
    assert.equal(object.program("main_program").testRun({ data }).result, 5);
    assert.equal(object.program("legacy").testRun({ data }).result, 1);
    assert.equal(object.map("old").spec.maxEntries, 3);
  });

  test("maps of maps take what they hold from the section, or from who loads them", () => {
    const nests = readObject(compileForBpf(NESTS));
    assert.equal(nests.maps.get("nest")?.inner?.name, "old");
    const old = nests.maps.get("old");
    assert.ok(old !== undefined);
    using object = loadObject(nests, { innerMaps: { open_nest: old } });
    assert.equal(object.program("nested").testRun({ data }).result, 0);
    assert.throws(() => loadObject(nests), refused("bad-argument", /"open_nest"/));
    assert.throws(
      () => loadObject(nests, { innerMaps: { none: old } }),
      refused("not-found", /no map "none"/),
    );
  });

  test("what replaces or watches a program needs it, and says when its function is not there", () => {
    using object = loadObject(spec, { programs: ["main_program"] });
    const target = object.program("main_program");
    assert.throws(
      () => loadObject(spec, { programs: ["replacement"] }),
      refused("bad-argument", /needs the program/),
    );
    const targetPrograms = { replacement: target, before: target };
    const elsewhere = { programs: ["replacement"], targetPrograms, targets: { replacement: "nowhere" } };
    assert.throws(
      () => loadObject(spec, elsewhere),
      refused("not-found", /no function "nowhere" in its BTF/),
    );
    for (const name of ["replacement", "before"]) {
      // Some kernels refuse these types by policy: that is told as what it is.
      try {
        loadObject(spec, { programs: [name], targetPrograms }).close();
      } catch (error) {
        assert.ok(error instanceof BpfError, String(error));
        assert.match(error.code, /^(permission-denied|not-supported|verifier-rejected)$/);
      }
    }
  });
});
