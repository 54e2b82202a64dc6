import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun, load } from "./testing/live.js";

const probe = `import "bpf/kfunc"

var seen uint64
var mine uint64
var target uint32

// @syscall
func walk(ctx *[8]byte) int {
	sum := 0
	table := [4]int{1, 2, 3, 4}
	for i := range kfunc.bpf_iter_num(0, 10) {
		if i == 2 {
			continue
		}
		for j := range kfunc.bpf_iter_num(0, 3) {
			if j == 1 && i > 5 {
				break
			}
			sum += int(j) * 10
		}
		sum += int(i)
		if i >= 8 {
			return sum + table[i-5]
		}
	}
	return -1
}

// @syscall
func tasks(ctx *[8]byte) int {
	for task := range kfunc.bpf_iter_task(nil, vmlinux.BPF_TASK_ITER_ALL_PROCS) {
		seen++
		if uint32(task.tgid) == target {
			mine++
			break
		}
	}
	return 0
}
`;

describe("iterators of the kernel", { skip: cannotRun() }, () => {
  test("end on every way out", () => {
    using object = load(probe);
    const context = new Uint8Array(8);
    // i is 0, 1, 3, 4, 5: each inner loop gives 30; 6, 7, 8: it is left at 1, with 0. Then the sum of i, and table[3].
    const result = object.program("walk").testRun({ context }).result;
    assert.equal(result, 5 * 30 + (0 + 1 + 3 + 4 + 5 + 6 + 7 + 8) + 4);
    object.set("target", process.pid);
    object.program("tasks").testRun({ context });
    assert.equal(object.get("mine"), 1n);
    assert.ok(BigInt(String(object.get("seen"))) >= 1n);
  });

  test("libbpf loads them", { skip: hasBpftool() ? false : "bpftool is not here" }, () => {
    loadWithBpftool(build(probe).object);
  });
});
