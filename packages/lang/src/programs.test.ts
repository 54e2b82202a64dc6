import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attachIterator, BpfError, loadObject, readIterator, readObject } from "@go3s/bpf";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun, load } from "./testing/live.js";

const probes: readonly (readonly [section: string, program: string])[] = [
  [
    "fentry/do_unlinkat",
    "// @fentry:do_unlinkat\nfunc main(ctx *bpf.FEntry) int {\n\tlast = int64(ctx.dfd)\n\treturn 0\n}",
  ],
  [
    "fexit/do_unlinkat",
    "// @fexit:do_unlinkat\nfunc main(ctx *bpf.FExit) int {\n\tlast = int64(ctx.ret)\n\treturn 0\n}",
  ],
  [
    "lsm.s/file_open",
    "// @sleepable\n// @lsm:file_open\nfunc main(ctx *bpf.LSM) int {\n\tif ctx.file.f_flags == 7 {\n\t\treturn -1\n\t}\n\treturn int(ctx.ret)\n}",
  ],
  [
    "fmod_ret/bpf_modify_return_test",
    "// @fmod_ret:bpf_modify_return_test\nfunc main(ctx *bpf.FModRet) int {\n\treturn int(ctx.a + ctx.ret)\n}",
  ],
];

describe("programs that a kernel may refuse", { skip: cannotRun() }, () => {
  for (const [section, program] of probes) {
    test(section, () => {
      const built = build(`var last int64\n${program}\n`);
      assert.equal(built.programs[0]?.section, section);
      try {
        loadObject(readObject(built.object)).close();
      } catch (error) {
        // Kernels without the trampoline refuse the type, not the program: its code was not looked at.
        assert.ok(error instanceof BpfError);
        assert.notEqual(error.code, "verifier-rejected", error.message);
        assert.match(error.hint ?? "", /policy of this kernel|kernel/);
      }
    });
  }

  test("replacements of functions of other programs need those", () => {
    const text = "// @freplace:other\nfunc main(a int, b uint32) int {\n\treturn a + int(b)\n}\n";
    assert.throws(
      () => load(text).close(),
      (error) => error instanceof BpfError && error.code === "bad-argument",
    );
  });
});

describe("programs that run when they are asked", { skip: cannotRun() }, () => {
  test("an iterator writes what it meets", () => {
    const text = `type Row struct {
	PID  uint32
	Comm [16]byte
}
// @iter:task
func tasks(ctx *bpf.Iter) int {
	task := ctx.task
	if task == nil {
		return 0
	}
	row := Row{PID: uint32(task.tgid)}
	row.Comm = task.comm
	helpers.SeqWrite(ctx.meta.seq, &row, 20)
	return 0
}
`;
    using object = load(text);
    const link = attachIterator(object.program("tasks"));
    try {
      const rows = readIterator(link);
      const pids = Array.from({ length: rows.length / 20 }, (_, i) => Buffer.from(rows).readUInt32LE(i * 20));
      assert.ok(pids.includes(process.pid));
    } finally {
      link.close();
    }
  });

  test("a syscall program works on what user space passes", () => {
    using object = load(`type Args struct {
	A, B uint64
}
// @syscall
func call(ctx *Args) int {
	ctx.B = ctx.A * 2
	return int(ctx.A) + 1
}
`);
    const context = new Uint8Array(16);
    context[0] = 21;
    const run = object.program("call").testRun({ context });
    assert.equal(run.result, 22);
    assert.equal(run.context[8], 42);
  });

  test("what user space wrote is drained", () => {
    using object = load(`type Order struct {
	N uint64
}
var orders = bpf.UserRingBuf[Order](4096)
var total uint64
// @syscall
func drain(ctx *Order) int {
	seen := 0
	n := orders.Drain(func(o *Order) bool {
		total += o.N
		seen++
		return false
	})
	return n + seen
}
`);
    assert.equal(object.program("drain").testRun({ context: new Uint8Array(8) }).result, 0);
  });

  test("sections are what libbpf takes", { skip: hasBpftool() ? false : "bpftool is not here" }, () => {
    const hooks = [
      "@cgroup/connect4\nfunc a(ctx *bpf.SockAddr) int { return 1 }",
      "@cgroup/getsockopt\nfunc b(ctx *bpf.SockOpt) int { return 1 }",
      "@sockops\nfunc c(ctx *bpf.SockOps) int { return 1 }",
      "@sk_msg\nfunc d(ctx *bpf.SkMsg) int { return 1 }",
      "@sk_skb/stream_verdict\nfunc e(ctx *bpf.SKB) int { return 1 }",
      "@sk_lookup\nfunc f(ctx *bpf.SkLookup) int { return 1 }",
      "@tc\nfunc g(ctx *bpf.SKB) int { return 0 }",
      "@xdp.frags\nfunc h(ctx *bpf.XDP) int { return 2 }",
      "@iter:task\nfunc i(ctx *bpf.Iter) int { return 0 }",
      "@cgroup_skb/egress\nfunc j(ctx *bpf.SKB) int { return 1 }",
      "@flow_dissector\nfunc k(ctx *bpf.SKB) int { return 0 }",
      "@syscall\nfunc l(ctx *[8]byte) int { return 0 }",
      "@uprobe\nfunc m(ctx *bpf.UProbe) int { return 0 }",
    ];
    loadWithBpftool(build(hooks.map((hook) => `// ${hook}`).join("\n")).object);
  });
});
