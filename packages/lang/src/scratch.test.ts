import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { test } from "node:test";
import { attachBySection, loadObject, readObject, u32Bytes } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

const probe = `package scratch

type Line struct {
	N    uint64
	Text [1024]byte
}

var (
	target uint32 // @config
	lines  = bpf.RingBuf[Line](1 << 16)
	counts = bpf.Array[uint64](4)
)

// @raw_tp:sys_enter
func onWrite(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != target || ctx.Arg(1) != 1 {
		return 0
	}
	regs := (*vmlinux.pt_regs)(ctx.Arg(0))
	var line Line
	if bpf.ReadUserString(&line.Text, regs.SyscallArg(1)) < 8 {
		return 0
	}
	if !bpf.HasPrefix(&line.Text, "go3s-scratch") {
		return 0
	}
	counts.Increment(0)
	line.N = 17
	if line.Text[1000] == 'x' && line.Text[1023] == 0 {
		counts.Increment(1)
	}
	if lines.Output(line) == 0 {
		counts.Increment(2)
	}
	return 0
}
`;

test("a probe keeps a kilobyte of text, run after run", { skip: cannotRun() }, () => {
  const built = build(probe);
  assert.equal(built.notes.length, 1);
  assert.match(built.notes[0] ?? "", /^onWrite: .*per-CPU map scratch_0: line \(1032 bytes\)$/);
  const constants = { target: new Uint8Array(u32Bytes(process.pid)) };
  using object = loadObject(readObject(built.object), { constants });
  const link = attachBySection(object, "onWrite");
  const sink = openSync("/dev/null", "w");
  try {
    // More runs than there are entries: each run must give its entry back, also those that end early.
    for (let i = 0; i < 20; i++) {
      writeSync(sink, Buffer.from(`something else ${i}\0`));
      writeSync(sink, Buffer.from(`go3s-scratch${"x".repeat(2000)}\0`));
    }
    const count = (i: number): bigint | undefined => {
      const value = object.map("counts").lookup(u32Bytes(i));
      return value === undefined
        ? undefined
        : new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
    };
    assert.deepEqual([count(0), count(1), count(2)], [20n, 20n, 20n]);
  } finally {
    closeSync(sink);
    link.close();
  }
});

const jumping = `package jumping

var (
	target uint32 // @config
	jumps  = bpf.ProgArray(2)
	counts = bpf.Array[uint64](4)
)

// @raw_tp:sys_enter
func onWrite(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != target || ctx.Arg(1) != 1 {
		return 0
	}
	regs := (*vmlinux.pt_regs)(ctx.Arg(0))
	var text [700]byte
	if bpf.ReadUserString(&text, regs.SyscallArg(1)) < 8 {
		return 0
	}
	if bpf.HasPrefix(&text, "go3s-jump") {
		counts.Increment(0)
		bpf.TailCall(ctx, &jumps, 0)
	}
	if bpf.HasPrefix(&text, "go3s-miss") {
		bpf.TailCall(ctx, &jumps, 1)
		if text[600] == 'x' {
			counts.Increment(2)
		}
	}
	return 0
}

// @raw_tp:sys_enter
func onJump(ctx *bpf.RawTracepoint) int {
	counts.Increment(1)
	return 0
}
`;

test("a program that goes on in another gives its memory back: it runs the hundredth time as the first", {
  skip: cannotRun(),
}, () => {
  const built = build(jumping);
  assert.match(built.notes[0] ?? "", /^onWrite: .*per-CPU map scratch_0/);
  const constants = { target: new Uint8Array(u32Bytes(process.pid)) };
  using object = loadObject(readObject(built.object), { constants });
  object.map("jumps").update(u32Bytes(0), u32Bytes(object.program("onJump").fd));
  const link = attachBySection(object, "onWrite");
  const sink = openSync("/dev/null", "w");
  try {
    for (let i = 0; i < 100; i++) {
      writeSync(sink, Buffer.from("go3s-jump\0"));
      // There is no program 1: what stands behind the call still has its memory.
      writeSync(sink, Buffer.from(`go3s-miss${"x".repeat(2000)}\0`));
    }
    const count = (i: number): bigint | undefined => {
      const value = object.map("counts").lookup(u32Bytes(i));
      return value === undefined
        ? undefined
        : new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
    };
    assert.deepEqual([count(0), count(1), count(2)], [100n, 100n, 100n]);
  } finally {
    closeSync(sink);
    link.close();
  }
});

test("a program that nothing interrupts needs one entry, others claim one of several", () => {
  const entries = (head: string): string =>
    build(`${head} int {\n\tvar big [700]byte\n\tbig[bpf.CPU()&63] = 1\n\treturn int(big[5])\n}\n`, {
      check: true,
      emit: ["asm"],
    }).stages.asm ?? "";
  assert.doesNotMatch(entries("// @xdp\nfunc main(ctx *bpf.XDP)"), /xchg/);
  assert.match(entries("// @uprobe\nfunc main(ctx *bpf.UProbe)"), /xchg/);
});
