import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, describe, test } from "node:test";
import { usdtArguments } from "../object/attach-usdt.js";
import { loadObject } from "../object/load.js";
import { readObject } from "../object/read.js";
import { loadProgram } from "../program/load.js";
import { compileForBpf, skipWithoutClang } from "../testing/clang.js";
import { countingProgram, countOf, createCounter } from "../testing/counter.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { skipWithoutUsdt, UsdtProgram } from "../testing/usdt-program.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { attachUsdt } from "./usdt.js";
import { usdtSpecLayout } from "./usdt-spec.js";

const HEADER = "/usr/include/bpf/usdt.bpf.h";
// The architecture's own headers, as the compiler's target for BPF does not look there.
const FLAGS = ["-D__TARGET_ARCH_x86", "-I/usr/include/x86_64-linux-gnu"];
const SOURCE = `
#undef SEC
#undef __noinline
#undef __weak
#undef __kconfig
#undef __ksym
#undef __uint
#undef __type
#undef __array
#define bpf_map_lookup_elem bpf_map_lookup_elem_of_header
#define libbpf_tristate tristate_of_header
#define TRI_NO TRI_NO_H
#define TRI_YES TRI_YES_H
#define TRI_MODULE TRI_MODULE_H
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/usdt.bpf.h>

long seen[2][8]; long failed[8]; long cookie; long argument_count; u32 calls;
SEC("usdt") int request(struct pt_regs *ctx) {
  u32 call = calls++;
  if (call > 1) return 0;
  for (int i = 0; i < 7; i++) { failed[i] = bpf_usdt_arg(ctx, i, &seen[call & 1][i]); }
  argument_count = bpf_usdt_arg_cnt(ctx);
  cookie = bpf_usdt_cookie(ctx);
  return 0;
}
long sum;
SEC("usdt") int twice(struct pt_regs *ctx) {
  long x;
  if (bpf_usdt_arg(ctx, 0, &x) == 0) __sync_fetch_and_add(&sum, x);
  return 0;
}
`;

const skip = skipWithoutBpf() || skipWithoutUsdt();

describe("USDT", { skip }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));

  for (const attachType of [0, AttachType.BPF_TRACE_UPROBE_MULTI]) {
    const way = attachType === 0 ? "a uprobe each" : "uprobe_multi";
    test(`probes are met at all their places, their counters raised, by ${way}`, async () => {
      using app = new UsdtProgram();
      using counter = createCounter(app.pid);
      using program = loadProgram({
        name: "count",
        type: ProgramType.BPF_PROG_TYPE_KPROBE,
        attachType,
        instructions: countingProgram(counter),
        license: "GPL",
      });
      const where = { path: app.path, provider: "app", pid: app.pid };
      {
        using link = attachUsdt(program, { ...where, name: "request", cookie: 5n });
        assert.equal(link.kind, "usdt");
        assert.equal(await app.run(), 1, "the counter is raised");
        assert.equal(countOf(counter), 2);
        const info = link.info();
        if (info.kind === "uprobe-multi") {
          assert.deepEqual([info.path, info.pid, info.cookies], [app.path, app.pid, [5n]]);
          assert.ok((info.refCounters[0] ?? 0) > 0);
        } else assert.ok(info.kind === "uprobe" && info.refCounter > 0 && info.cookie === 5n);
      }
      assert.equal(await app.run(), 0, "and lowered again");
      assert.equal(countOf(counter), 2);
      // The process says by itself which of its files has the probe.
      using both = attachUsdt(program, { pid: app.pid, provider: "app", name: "twice" });
      await app.run();
      assert.equal(countOf(counter), 4);
      if (attachType === 0) assert.throws(() => both.info(), refused("not-supported", /made of 2 links/));
      assert.throws(
        () => attachUsdt(program, { ...where, name: "none" }),
        refused("not-found", /app:none.*it has app:request, app:twice/),
      );
      assert.throws(
        () => attachUsdt(program, { pid: app.pid, provider: "app", name: "none" }),
        refused("not-found", /no USDT probe app:none.*looked into .*\/app/),
      );
    });
  }

  const noHeader = skipWithoutClang() || (existsSync(HEADER) ? false : `no ${HEADER} on this machine`);
  test("objects made with libbpf's header get their arguments", { skip: noHeader }, async () => {
    using app = new UsdtProgram();
    using object = loadObject(readObject(compileForBpf(SOURCE, FLAGS)));
    const list = usdtArguments(object);
    assert.ok(list !== undefined);
    const where = { path: app.path, provider: "app", pid: app.pid, arguments: list };
    using link = attachUsdt(object.program("request"), { ...where, name: "request", cookie: 77n });
    using both = attachUsdt(object.program("twice"), { ...where, name: "twice" });
    assert.deepEqual([link.kind, both.kind], ["usdt", "usdt"]);
    await app.run();
    const numbers = (name: string): bigint[] => {
      const view = object.variable(name);
      return Array.from({ length: view.byteLength / 8 }, (_, index) => view.getBigInt64(index * 8, true));
    };
    const seen = numbers("seen");
    // In turn: a register, a variable, the stack, a table's element, a constant, a register's first byte.
    // A table's element by two registers can be told to programs from libbpf 1.7 on.
    const isNew = usdtSpecLayout(list.btf).indexBitAt !== undefined;
    assert.deepEqual(seen.slice(0, 6), [-5n, 7n, -2n, isNew ? 30n : 0n, -9n, 0xfbn]);
    assert.deepEqual(seen.slice(8, 14), [6n, 7n, -2n, isNew ? 40n : 0n, -9n, 6n]);
    assert.deepEqual(numbers("argument_count"), [7n]);
    assert.deepEqual(numbers("cookie"), [77n]);
    // A vector register is not there for programs: that argument alone fails.
    assert.deepEqual(numbers("failed").slice(0, 7), [0n, 0n, 0n, isNew ? 0n : -22n, 0n, 0n, -22n]);
    assert.deepEqual(numbers("sum"), [102n]);
  });
});
