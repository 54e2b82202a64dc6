import assert from "node:assert/strict";
import { test } from "node:test";
import { u32Bytes } from "@go3s/bpf";
import { compile } from "./compile.js";
import { hasBpftool, loadWithBpftool } from "./testing/bpftool.js";
import { build, cannotRun, load, machineOptions } from "./testing/live.js";

const probe = `type Job struct {
	N     uint64
	Timer bpf.Timer
	Left  uint32
}

var jobs = bpf.Array[Job](2)
var runs uint64

// @syscall
func start(ctx *[8]byte) int {
	job := jobs.Lookup(1)
	if job == nil {
		return 1
	}
	if job.Timer.Init(&jobs) != 0 {
		return 2
	}
	job.Left = 3
	job.Timer.SetCallback(func(key *uint32, job *Job) {
		job.N += uint64(*key) + 10
		runs++
		job.Left--
		if job.Left > 0 {
			job.Timer.Start(1000)
		}
	})
	return int(job.Timer.Start(1000))
}
`;

test("a timer runs again and again, as it is started", { skip: cannotRun() }, async () => {
  using object = load(probe);
  assert.equal(object.program("start").testRun({ context: new Uint8Array(8) }).result, 0);
  const value = (): DataView => {
    const bytes = object.map("jobs").lookup(u32Bytes(1)) ?? new Uint8Array(32);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  while (value().getBigUint64(0, true) < 33n) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(value().getBigUint64(0, true), 33n);
  assert.equal(value().getUint32(24, true), 0);
  assert.equal(object.get("runs"), 3n);
});

test("a timer's function has no surroundings", { skip: cannotRun() }, () => {
  const text = probe.replace("runs++", "runs += uint64(ctx[0])");
  const { diagnostics } = compile([{ name: "case.go3s", text }], machineOptions());
  assert.match(diagnostics[0]?.message ?? "", /runs when its surroundings are gone/);
});

test("libbpf makes such maps too", {
  skip: cannotRun() || (hasBpftool() ? false : "bpftool is not here"),
}, () => {
  loadWithBpftool(build(probe).object);
});
