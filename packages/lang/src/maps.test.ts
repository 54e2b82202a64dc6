import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { describe, test } from "node:test";
import { attachBySection, loadObject, possibleCpus, readObject, u32Bytes } from "@go3s/bpf";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun } from "./testing/live.js";

const probe = `package maps

type State struct {
	Calls uint64
}

type Event struct {
	N uint64
}

var (
	target  uint32 // @config
	tasks   = bpf.TaskStorage[State]()
	groups  = bpf.CgroupStorage[uint64]()
	stacks  = bpf.StackTrace(64)
	perf    = bpf.PerfEventArray[Event]()
	took    = bpf.Histogram[uint32](4)
	results = bpf.Array[uint64](8)
)

// @tp_btf:sys_enter
func onEnter(ctx *bpf.TracepointBTF) int {
	if bpf.PID() != target || ctx.Arg(1) != 1 {
		return 0
	}
	task := bpf.CurrentTask()
	state := tasks.GetOrCreate(task)
	if state == nil {
		return 0
	}
	state.Calls++
	results.Add(0, 1)
	if again := tasks.Get(task); again != nil && again.Calls == state.Calls {
		results.Add(1, 1)
	}
	if total := groups.GetOrCreate(task.cgroups.dfl_cgrp, 5); total != nil && *total == 5 {
		results.Add(2, 1)
	}
	if bpf.KernelStack(&stacks) >= 0 || bpf.UserStack(&stacks, bpf.BPF_F_FAST_STACK_CMP) >= 0 {
		results.Add(3, 1)
	}
	perf.Output(ctx, Event{3})
	took.Observe(1, state.Calls)
	return 0
}
`;

/** word reads the 64-bit number at an offset. */
function word(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true);
}

describe("maps that belong to objects", { skip: cannotRun() }, () => {
  test("are kept by task and cgroup, and histograms count by size", () => {
    const constants = { target: new Uint8Array(u32Bytes(process.pid)) };
    using object = loadObject(readObject(build(probe).object), { constants });
    const link = attachBySection(object, "onEnter");
    const sink = openSync("/dev/null", "w");
    try {
      for (let i = 0; i < 20; i++) writeSync(sink, "x");
    } finally {
      closeSync(sink);
      link.close();
    }
    const counts = [0, 1, 2, 3].map((i) =>
      word(object.map("results").lookup(u32Bytes(i)) ?? new Uint8Array(8), 0),
    );
    const [calls] = counts;
    assert.ok(calls !== undefined && calls >= 20n);
    assert.deepEqual(counts, [calls, calls, calls, calls]);
    const histogram = object.map("took").lookup(u32Bytes(1)) ?? new Uint8Array(0);
    const size = histogram.length / possibleCpus();
    assert.equal(size, 16 + 65 * 8);
    const sum = (at: number): bigint => {
      let total = 0n;
      for (let cpu = 0; cpu < possibleCpus(); cpu++) total += word(histogram, cpu * size + at);
      return total;
    };
    assert.equal(sum(0), calls);
    assert.equal(sum(8), (calls * (calls + 1n)) / 2n);
    // 1 has one bit, 2 and 3 two, 4 to 7 three, 8 to 15 four.
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((i) => sum(16 + i * 8)),
      [0n, 1n, 2n, 4n, 8n],
    );
  });

  test("are made by libbpf too", { skip: hasBpftool() ? false : "bpftool is not here" }, () => {
    loadWithBpftool(build(probe).object);
    loadWithBpftool(
      build(`var jumps = bpf.ProgArray(3, main, second)
var first = bpf.Array[uint64](2)
var all = bpf.ArrayOfMaps[bpf.Array[uint64](2)](2, first)
// @xdp
func main(ctx *bpf.XDP) int {
	bpf.TailCall(ctx, &jumps, 1)
	if inner := all.Lookup(0); inner != nil {
		inner.Increment(0)
	}
	return 0
}
// @xdp
func second(ctx *bpf.XDP) int {
	return 44
}
`).object,
    );
  });
});
