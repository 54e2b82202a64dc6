import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { attachBySection, CoreKind, loadObject, readObject, u32Bytes } from "@go3s/bpf";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun } from "./testing/live.js";

const readers = `package kernel

var (
	target uint32 // @config
	found  = bpf.Array[uint64](16)
)

func count(i uint32, yes bool) {
	if yes {
		found.Increment(i)
	}
}

// @tp_btf:inet_sock_set_state
func onState(ctx *bpf.TracepointBTF) int {
	if ctx.Arg(2) != vmlinux.BPF_TCP_LISTEN || bpf.PID() != target {
		return 0
	}
	sk := ctx.Arg(0)
	same := bpf.Kernel[vmlinux.sock](bpf.Addr(sk))
	count(0, sk.__sk_common.skc_reuse == 1 && sk.__sk_common.skc_net_refcnt == 1)
	count(1, same.__sk_common.skc_reuse == 1 && same.__sk_common.skc_net_refcnt == 1)
	count(2, sk.__sk_common.skc_reuseport == 0 && same.__sk_common.skc_ipv6only == 0)

	task := bpf.CurrentTask()
	again := bpf.Kernel[vmlinux.task_struct](bpf.Addr(task))
	n := int(bpf.Random() & 3)
	count(3, task.comm[n] == again.comm[n] && task.comm[n] != 0)
	group := task.cgroups.dfl_cgrp
	count(4, group.ancestors[group.level].kn.id == group.kn.id && group.ancestors[0].level == 0)
	file := task.files.fdt.fd[0]
	count(5, file != nil && *(task.files.fdt.fd + 0) == file && file.f_inode.i_ino != 0)
	pid := task.thread_pid
	count(6, pid.numbers[0].nr == task.pid && pid.numbers[n*0].nr == again.pid)
	words := bpf.User[uint64](task.mm.arg_start)
	count(7, words[0] == *words && words[1] == *(words + 1) && words[1] != words[0])
	count(8, bpf.TypeSize[vmlinux.task_struct]() > 1000)
	count(9, bpf.EnumValue[vmlinux.pid_type]("PIDTYPE_TGID") == vmlinux.PIDTYPE_TGID)
	if bpf.FieldExists[vmlinux.sock]("__sk_common.skc_reuse") && bpf.TypeExists[vmlinux.sock]() {
		count(10, true)
	}
	return 0
}
`;

test("bit fields, elements, pointers of pointers and facts of the kernel", {
  skip: cannotRun(),
}, async () => {
  const constants = { target: new Uint8Array(u32Bytes(process.pid)) };
  const spec = readObject(build(readers).object);
  const kinds = new Set(
    [...spec.programs.values()].flatMap((each) => each.relocations.map(({ kind }) => kind)),
  );
  for (const kind of [
    CoreKind.FIELD_BYTE_SIZE,
    CoreKind.FIELD_LSHIFT_U64,
    CoreKind.FIELD_RSHIFT_U64,
    CoreKind.FIELD_EXISTS,
    CoreKind.TYPE_EXISTS,
    CoreKind.TYPE_SIZE,
    CoreKind.ENUMVAL_VALUE,
  ])
    assert.ok(kinds.has(kind), `a relocation of kind ${kind}`);
  using object = loadObject(spec, { constants });
  const link = attachBySection(object, "onState");
  const server = createServer();
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const counts = Array.from({ length: 11 }, (_, i) => {
      const value = object.map("found").lookup(u32Bytes(i));
      return value === undefined
        ? -1
        : Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
    });
    assert.deepEqual(counts, Array(11).fill(1));
  } finally {
    link.close();
    server.close();
  }
});

test("libbpf relocates them too", {
  skip: cannotRun() || (hasBpftool() ? false : "bpftool is not here"),
}, () => {
  loadWithBpftool(build(readers).object);
});
