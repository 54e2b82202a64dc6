import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { attachBySection, loadObject, possibleCpus, readObject, u32Bytes } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

/** readers look at one thing in several ways: registers and user memory, kernel objects by both kinds of pointers. */
const readers = `package readers

type Text struct {
	Head [8]byte
	Tail [8]byte
}

var (
	target uint32 // @config
	found  = bpf.PerCPUArray[uint64](16)
)

func count(i uint32, yes bool) {
	if yes {
		found.Increment(i)
	}
}

// @raw_tp:sys_enter
func onEnter(ctx *bpf.RawTracepoint) int {
	if bpf.PID() != target || ctx.Arg(1) != 1 {
		return 0
	}
	regs := (*vmlinux.pt_regs)(ctx.Arg(0))
	user := bpf.TaskPtRegs(bpf.CurrentTask())
	text := bpf.User[Text](regs.SyscallArg(1))
	n := regs.SyscallArg(2)
	if n < 16 {
		return 0
	}
	if !bpf.HasPrefix(&text.Head, "go3s-mem") {
		return 0
	}
	count(0, true)
	count(1, user.SyscallArg(1) == bpf.Addr(text))
	whole := *text
	count(2, whole.Tail == "ory-test")
	count(3, text.Tail[3] == '-' && whole.Tail[int(n&7)] == text.Tail[n&7])
	var part [32]byte
	got := bpf.ReadUserN(&part, n, regs.SyscallArg(1))
	count(4, got == 0 && bpf.Load64(&part, 8) == bpf.Load64(&whole.Tail, 0) && part[31] == 0)
	task := bpf.CurrentTask()
	count(5, uint32(task.tgid) == target)
	again := bpf.Kernel[vmlinux.task_struct](bpf.Addr(task))
	count(6, again.tgid == task.tgid && again.mm.task_size > 0)
	var comm [16]byte = bpf.Comm()
	count(7, comm == again.comm && comm[0] != 0)
	nothing := bpf.User[Text](16)
	count(8, nothing.Head[0] == 0 && bpf.ReadUser(&part, nothing) != 0)
	return 0
}

// @tp_btf:inet_sock_set_state
func onState(ctx *bpf.TracepointBTF) int {
	if ctx.Arg(2) != bpf.TCP_SYN_SENT || bpf.PID() != target {
		return 0
	}
	sk := ctx.Arg(0)
	same := bpf.Kernel[vmlinux.sock](bpf.Addr(sk))
	count(9, sk.__sk_common.skc_family == bpf.AF_INET && same.__sk_common.skc_family == bpf.AF_INET)
	count(10, sk.__sk_common.skc_dport == same.__sk_common.skc_dport && sk.sk_protocol == bpf.IPPROTO_TCP)
	count(11, bpf.Ntohl(sk.__sk_common.skc_daddr) == 0x7f000001)
	return 0
}

// @tracepoint:sock:inet_sock_set_state
func onStateFields(ctx *bpf.Tracepoint) int {
	if ctx.newstate != bpf.TCP_SYN_SENT || bpf.PID() != target {
		return 0
	}
	address := ctx.daddr
	count(12, address == [4]byte{127, 0, 0, 1} && ctx.family == bpf.AF_INET)
	count(13, ctx.oldstate == bpf.TCP_CLOSE && ctx.protocol == bpf.IPPROTO_TCP)
	return 0
}
`;

function total(perCpu: Uint8Array | undefined): number {
  assert.ok(perCpu);
  const view = new DataView(perCpu.buffer, perCpu.byteOffset, perCpu.byteLength);
  let sum = 0n;
  for (let cpu = 0; cpu < possibleCpus(); cpu++) sum += view.getBigUint64(cpu * 8, true);
  return Number(sum);
}

test("registers, user memory and kernel objects are read as they are", { skip: cannotRun() }, async () => {
  const constants = { target: new Uint8Array(u32Bytes(process.pid)) };
  using object = loadObject(readObject(build(readers).object), { constants });
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const links = ["onEnter", "onState", "onStateFields"].map((name) => attachBySection(object, name));
  const sink = openSync("/dev/null", "w");
  try {
    for (let i = 0; i < 3; i++) writeSync(sink, Buffer.from(`go3s-memory-test${"!".repeat(i)}`));
    const { port } = address;
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve();
      });
      socket.on("error", reject);
    });
    const counts = Array.from({ length: 14 }, (_, i) => total(object.map("found").lookup(u32Bytes(i))));
    assert.deepEqual(counts, [3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1]);
  } finally {
    closeSync(sink);
    for (const link of links) link.close();
    server.close();
  }
});
