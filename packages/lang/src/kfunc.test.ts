import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { attachBySection, loadObject, readObject, u32Bytes } from "@go3s/bpf";
import { compile } from "./compile.js";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun, machineOptions } from "./testing/live.js";

const probe = `package kfuncs

import "bpf/kfunc"

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
	if bpf.PID() != target || ctx.Arg(2) != bpf.TCP_LISTEN {
		return 0
	}
	task := kfunc.bpf_task_from_pid(target)
	if task == nil {
		return 0
	}
	count(0, uint32(task.tgid) == target && task.comm == bpf.CurrentTask().comm)
	n := int(bpf.Random() & 7)
	var table [8]uint8
	table[n+8-8]++
	again := kfunc.bpf_task_acquire(task)
	if again != nil {
		count(1, again.pid == task.pid)
		kfunc.bpf_task_release(again)
	}
	kfunc.bpf_task_release(task)
	parent := bpf.CurrentTask().real_parent
	for i := 0; i < 3; i++ {
		parent = parent.real_parent
	}
	count(2, parent != nil)
	if bpf.FuncExists("bpf_no_such_function") {
		kfunc.bpf_no_such_function(3)
	}
	if bpf.FuncExists("bpf_cpumask_create") {
		mask := kfunc.bpf_cpumask_create()
		if mask == nil {
			return 0
		}
		kfunc.bpf_cpumask_set_cpu(0, mask)
		count(3, kfunc.bpf_cpumask_test_cpu(0, &mask.cpumask) && kfunc.bpf_cpumask_first(&mask.cpumask) == 0)
		kfunc.bpf_cpumask_release(mask)
	}
	sk := bpf.Cast[vmlinux.sock](bpf.Addr(ctx.Arg(0)))
	count(4, sk.__sk_common.skc_family == bpf.AF_INET)
	count(5, true)
	count(6, bpf.Ksym("schedule") != 0)
	count(7, kfunc.bpf_strlen("twelve bytes") == 12)
	count(8, bpf.FuncExists("bpf_task_release"))
	return 0
}
`;

describe("functions and variables of the kernel", { skip: cannotRun() }, () => {
  test("are called and read by their names", async () => {
    const { createServer } = await import("node:net");
    const constants = { target: new Uint8Array(u32Bytes(process.pid)) };
    using object = loadObject(readObject(build(probe).object), { constants });
    const link = attachBySection(object, "onState");
    const server = createServer();
    try {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const counts = Array.from({ length: 9 }, (_, i) => {
        const value = object.map("found").lookup(u32Bytes(i));
        return value === undefined
          ? -1
          : Number(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true));
      });
      assert.deepEqual(counts, Array(9).fill(1));
    } finally {
      link.close();
      server.close();
    }
  });

  test("libbpf finds them too", { skip: hasBpftool() ? false : "bpftool is not here" }, () => {
    loadWithBpftool(build(probe).object);
  });
});

const perCpu = `var found = bpf.Array[uint64](1)
// @tp_btf:sched_switch
func main(ctx *bpf.TracepointBTF) int {
	queue := bpf.ThisCPU("runqueues")
	other := bpf.PerCPU("runqueues", bpf.CPU())
	if other != nil && queue.cpu == other.cpu && uint32(other.cpu) == bpf.CPU() {
		found.Increment(0)
	}
	return 0
}
`;

test("variables that each CPU has its own of", { skip: cannotRun() }, async () => {
  const open = () => loadObject(readObject(build(perCpu).object));
  const listed = / runqueues$/m.test(readFileSync("/proc/kallsyms", "utf8"));
  if (!listed) {
    // The kernel gets their addresses from its own list, which has variables with CONFIG_KALLSYMS_ALL only.
    assert.throws(open, /failed to find the address for kernel symbol 'runqueues'/);
    return;
  }
  using object = open();
  const link = attachBySection(object, "main");
  try {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const value = object.map("found").lookup(u32Bytes(0));
    assert.ok(value?.some((byte) => byte !== 0));
  } finally {
    link.close();
  }
});

/** refusals gives the ids and messages of a program's errors. */
function refusals(body: string): string[] {
  const text = `// @tp_btf:sched_switch\nfunc main(ctx *bpf.TracepointBTF) int {\n${body}\nreturn 0\n}\n`;
  const { diagnostics } = compile([{ name: "case.go3s", text }], machineOptions());
  return diagnostics.map((each) => `${each.id}: ${each.message}`);
}

test("objects of the kernel are given back once, on every path", { skip: cannotRun() }, () => {
  assert.deepEqual(refusals("task := kfunc.bpf_task_from_pid(1)\nif task == nil { return 0 }"), [
    "reservation-lost: this object is not given back on every path",
  ]);
  const twice = "kfunc.bpf_task_release(task)\nkfunc.bpf_task_release(task)";
  assert.deepEqual(refusals(`task := kfunc.bpf_task_from_pid(1)\nif task == nil { return 0 }\n${twice}`), [
    "reservation-reused: this object was given back already on some path",
  ]);
  assert.deepEqual(refusals("task := kfunc.bpf_task_from_pid(1)\nkfunc.bpf_task_release(task)"), [
    "unchecked-nil: this pointer may be nil here: the kernel may not have it",
  ]);
});

test("wrong functions and arguments are told", { skip: cannotRun() }, () => {
  assert.match(
    refusals("kfunc.bpf_no_such(1)")[0] ?? "",
    /^no-kernel-type: the kernel has no function bpf_no_such/,
  );
  assert.match(refusals("kfunc.schedule()")[0] ?? "", /^no-kernel-type: programs may not call/);
  assert.match(
    refusals("kfunc.bpf_task_release()")[0] ?? "",
    /^bad-call: .*takes \(p \*vmlinux.task_struct\)/,
  );
  const untrusted =
    "t := bpf.Kernel[vmlinux.task_struct](bpf.KtimeNS())\nx := kfunc.bpf_task_acquire(t)\n_ = x";
  assert.match(refusals(untrusted).join("\n"), /address-space: the verifier does not know this object/);
});
