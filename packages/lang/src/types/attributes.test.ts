import assert from "node:assert/strict";
import { test } from "node:test";
import { readObject } from "@go3s/bpf";
import { type CompileResult, compile, renderDiagnostics } from "../compile.js";
import { machineOptions } from "../testing/live.js";

const run = (text: string): CompileResult => compile([{ name: "a.go3s", text }], machineOptions());

const body = "{ return 0 }";

test("sections are the hook's own, as named, or marked as sleepable", () => {
  const cases: readonly (readonly [attributes: string, context: string, section: string])[] = [
    ["// @uprobe", "UProbe", "uprobe"],
    ["// @uprobe:/bin/true:main\n// @sleepable", "UProbe", "uprobe.s//bin/true:main"],
    ["// @section raw_tp/sys_exit", "RawTracepoint", "raw_tp/sys_exit"],
    ['// @section("tp/sched/sched_switch")', "Tracepoint", "tp/sched/sched_switch"],
    ["// @xdp\n// @section xdp.frags", "XDP", "xdp.frags"],
    ["// @section cgroup/skb", "SKB", "cgroup/skb"],
    ['//go:ebpf program=kprobe func="tcp_v4_rcv"', "KProbe", "kprobe/tcp_v4_rcv"],
    [
      '//go:ebpf program=tracepoint category="sched" name="sched_switch"',
      "Context",
      "tracepoint/sched/sched_switch",
    ],
  ];
  for (const [attributes, context, section] of cases) {
    const result = run(`${attributes}\nfunc main(ctx *bpf.${context}) int ${body}\n`);
    assert.deepEqual(
      result.programs.map((each) => each.section),
      [section],
      renderDiagnostics(result),
    );
  }
});

test("the license stands before the package, an import or a declaration", () => {
  const cases: readonly (readonly [text: string, license: string])[] = [
    ["// @license GPL\npackage main\n", "GPL"],
    ['// @license MIT\npackage main\nimport "bpf"\n', "MIT"],
    ['package main\n// @license BSD\nimport "bpf"\n', "BSD"],
    ['package main\n// @license("Apache-2.0")\n', "Apache-2.0"],
    ["package main\n", "Dual MIT/GPL"],
  ];
  for (const [head, license] of cases) {
    const result = run(`${head}// @xdp\nfunc main(ctx *bpf.XDP) int ${body}\n`);
    assert.ok(result.object, renderDiagnostics(result));
    assert.equal(readObject(result.object).license, license, head);
  }
});

test("attributes that mean nothing are refused with what was probably meant", () => {
  const cases: readonly (readonly [text: string, id: string, hint: RegExp])[] = [
    ["// @tracepont:a:b\nfunc f() int { return 0 }", "bad-attribute", /did you mean @tracepoint\?/],
    ["// @sleepabel\n// @uprobe\nfunc f() int { return 0 }", "bad-attribute", /did you mean @sleepable\?/],
    ["// @xdp\n// @sleepable\nfunc f() int { return 0 }", "bad-attribute", /@uprobe.* programs can/],
    ["// @section nowhere/at\nfunc f() int { return 0 }", "bad-attribute", /before the slash/],
    ["// @confg\nvar x uint32", "bad-attribute", /did you mean @config\?/],
    ["// @bpf_contxt\ntype T struct{ A int }", "bad-attribute", /did you mean @bpf_context\?/],
    ["// @config\npackage main", "misplaced", /before a function/],
    ["// @bpf_context\ntype T int", "bad-attribute", /struct/],
  ];
  for (const [text, id, hint] of cases) {
    const result = run(`${text}\n// @xdp\nfunc main(ctx *bpf.XDP) int ${body}\n`);
    assert.deepEqual(
      result.diagnostics.map((each) => each.id),
      [id],
      renderDiagnostics(result),
    );
    assert.match(renderDiagnostics(result), hint);
  }
});
