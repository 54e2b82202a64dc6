import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { kernelConfig } from "../features/row.js";
import { kernelRelease } from "../kernel/version.js";
import { compileForBpf, skipWithoutClangAndBpf } from "../testing/clang.js";
import { refusedWithHint } from "../testing/errors.js";
import { kernelDescriptors } from "../testing/kernel.js";
import { encodeConfig } from "./kconfig.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import type { ObjectSpec, VariableSpec } from "./spec.js";

const SOURCE = `
extern int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig __weak;
extern int CONFIG_HZ __kconfig;
extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig;
extern bool CONFIG_BPF __kconfig;
extern char CONFIG_BPF_JIT __kconfig __weak;
extern char CONFIG_DEFAULT_HOSTNAME[6] __kconfig __weak;
extern u64 CONFIG_NO_SUCH_OPTION __kconfig __weak;
SEC("socket") int config(void *ctx) {
  return CONFIG_HZ + (CONFIG_BPF_SYSCALL == TRI_YES ? 10000 : 0) + (CONFIG_BPF ? 20000 : 0)
    + (CONFIG_NO_SUCH_OPTION ? 40000 : 0);
}
SEC("socket") int version(void *ctx) { return LINUX_KERNEL_VERSION; }
SEC("socket") int text(void *ctx) { return CONFIG_DEFAULT_HOSTNAME[0] + (CONFIG_BPF_JIT << 8) + (LINUX_HAS_BPF_COOKIE << 16); }

extern void bpf_trace_run1 __ksym;
extern void no_such_symbol __ksym __weak;
extern const int no_such_variable __ksym __weak;
extern const u64 bpf_prog_active __ksym __weak;
extern void no_such_kfunc(void) __ksym __weak;
extern u64 bpf_get_kmem_cache_nothing(u64) __ksym __weak;
SEC("socket") int symbols(void *ctx) {
  if (!&bpf_trace_run1) return 1;
  if (&no_such_symbol) return 2;
  if (&no_such_variable) return 3;
  if (no_such_kfunc) { no_such_kfunc(); return 4; }
  return 0;
}
extern void missing_symbol __ksym;
SEC("?socket") int missing(void *ctx) { return (u64)&missing_symbol; }
extern void missing_kfunc(void) __ksym;
SEC("?socket") int calls_missing(void *ctx) { missing_kfunc(); return 0; }
extern void unguarded(void) __ksym __weak;
SEC("?socket") int calls_weak(void *ctx) { unguarded(); return 0; }
int undefined_function(void);
SEC("?socket") int calls_undefined(void *ctx) { return undefined_function(); }
SEC("?socket") int constant(void *ctx) { u64 x; asm("%0 = MY_CONSTANT ll" : "=r"(x)); return x; }
`;

const CONFIG_PROGRAMS = ["config", "version", "text"];

describe("what an object wants from outside", { skip: skipWithoutClangAndBpf() }, () => {
  const open = kernelDescriptors();
  const data = new Uint8Array(64);
  let spec: ObjectSpec;
  before(() => {
    spec = readObject(compileForBpf(SOURCE));
  });
  after(() => assert.deepEqual(kernelDescriptors(), open));

  test("values of the configuration are the running kernel's", (t) => {
    if (kernelConfig("CONFIG_HZ") === undefined) return t.skip("the kernel's configuration cannot be read");
    using object = loadObject(spec, { programs: CONFIG_PROGRAMS });
    assert.equal(
      object.program("config").testRun({ data }).result,
      Number(kernelConfig("CONFIG_HZ")) + 30000,
    );
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernelRelease().text) ?? [];
    assert.equal(
      object.program("version").testRun({ data }).result >>> 8,
      Number(major) * 256 + Number(minor),
    );
    assert.equal(object.get("CONFIG_HZ"), Number(kernelConfig("CONFIG_HZ")));
    assert.equal(object.get("CONFIG_NO_SUCH_OPTION"), 0n);
    return undefined;
  });

  test("values of the configuration can be given, and are checked", () => {
    const constants = {
      CONFIG_HZ: 7,
      CONFIG_BPF_SYSCALL: "TRI_MODULE",
      CONFIG_BPF: false,
      CONFIG_NO_SUCH_OPTION: 1n,
      CONFIG_DEFAULT_HOSTNAME: "box",
      CONFIG_BPF_JIT: 0x79,
      LINUX_HAS_BPF_COOKIE: true,
    };
    using object = loadObject(spec, { constants, programs: CONFIG_PROGRAMS });
    assert.equal(object.program("config").testRun({ data }).result, 40007);
    assert.equal(object.program("text").testRun({ data }).result, 0x17962);
    assert.throws(() => loadObject(spec, { constants: { CONFIG_HZ: 2 ** 40 } }), refusedArgument);
    assert.throws(() => object.set("CONFIG_HZ", 1), /is a constant/);
  });

  test("symbols of the kernel are found, weak ones fall away", (t) => {
    if (/^0+ /.test(readFileSync("/proc/kallsyms", "utf8")))
      return t.skip("addresses of the kernel are hidden");
    using object = loadObject(spec);
    assert.equal(object.program("symbols").testRun({ data }).result, 0);
    assert.equal(object.programs.has("missing"), false);
    return undefined;
  });

  test("what is missing is named", () => {
    const load = (name: string) => () => loadObject(spec, { programs: [name] }).close();
    assert.throws(load("missing"), refusedWithHint("relocation-failed", /address of "missing_symbol"/));
    assert.throws(
      load("calls_missing"),
      refusedWithHint("relocation-failed", /kernel function "missing_kfunc"/),
    );
    assert.throws(
      load("calls_weak"),
      refusedWithHint("relocation-failed", /"unguarded", which is not there; used at .*a\.c/),
    );
    assert.throws(
      load("calls_undefined"),
      refusedWithHint("relocation-failed", /"undefined_function".*does not define/),
    );
    assert.throws(load("constant"), refusedWithHint("relocation-failed", /a value for "MY_CONSTANT"/));
    using object = loadObject(spec, { programs: ["constant"], symbols: { MY_CONSTANT: 77 } });
    assert.equal(object.program("constant").testRun({ data }).result, 77);
  });

  test("programs are left out by name", () => {
    using object = loadObject(spec, { without: ["symbols", "text"] });
    assert.deepEqual([...object.programs.keys()].sort(), ["config", "version"]);
    assert.throws(
      () => loadObject(spec, { without: ["nothing"] }),
      refusedWithHint("not-found", /no program "nothing"/),
    );
  });

  test("spellings of a configuration fit the types they are read into, or are refused", () => {
    const btf = new Btf(spec.btf ?? new Uint8Array());
    const variable = (name: string): VariableSpec => spec.variables.get(name) ?? assert.fail(name);
    const cases: readonly [string, string, readonly number[]][] = [
      ["CONFIG_HZ", "0x10", [16, 0, 0, 0]],
      ["CONFIG_HZ", "-1", [255, 255, 255, 255]],
      ["CONFIG_BPF", "y", [1]],
      ["CONFIG_BPF", "n", [0]],
      ["CONFIG_BPF_JIT", "m", ["m".charCodeAt(0)]],
      ["CONFIG_BPF_SYSCALL", "m", [2, 0, 0, 0]],
      ["CONFIG_DEFAULT_HOSTNAME", '"a\\"b"', [97, 34, 98, 0, 0, 0]],
      ["CONFIG_DEFAULT_HOSTNAME", '"abcdefgh"', [97, 98, 99, 100, 101, 0]],
    ];
    for (const [name, text, want] of cases) {
      assert.deepEqual([...encodeConfig(variable(name), text, btf)], want, `${name}=${text}`);
    }
    for (const [name, text] of [
      ["CONFIG_BPF", "m"],
      ["CONFIG_BPF", "2"],
      ["CONFIG_HZ", "y"],
      ["CONFIG_HZ", '"text"'],
      ["CONFIG_HZ", "4294967296"],
      ["CONFIG_DEFAULT_HOSTNAME", "12"],
      ["CONFIG_HZ", "1.5"],
    ] as const) {
      assert.throws(
        () => encodeConfig(variable(name), text, btf),
        refusedWithHint("relocation-failed", new RegExp(name)),
      );
    }
  });
});

function refusedArgument(error: unknown): boolean {
  return error instanceof BpfError && error.code === "bad-argument" && /does not fit/.test(error.message);
}
