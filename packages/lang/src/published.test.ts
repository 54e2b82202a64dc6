import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { attachBySection, loadObject, readObject, u32Bytes } from "@go3s/bpf";
import { build, cannotRun } from "./testing/live.js";

/** published are spellings that people paste; each counts this process's opened files in element 0 of a map. */
const published: readonly { readonly name: string; readonly map: string; readonly program: string }[] = [
  {
    name: "//go:ebpf, *bpf.Context and bpf.MapLookup by addresses",
    map: "events",
    program: `package main
import "bpf"
type Event struct { Count uint64 }
var target uint32 // @config
var events = bpf.Hash[uint32, Event](16)
//go:ebpf program=tracepoint category="syscalls" name="sys_enter_openat"
func open(ctx *bpf.Context) int {
	if bpf.PID() != target { return 0 }
	pid := uint32(0)
	var event Event
	if bpf.MapLookup(&events, &pid, &event) != 0 {
		event.Count = 0
	}
	event.Count++
	bpf.MapUpdate(&events, &pid, &event)
	return 0
}
`,
  },
  {
    name: "a map declared by its use",
    map: "open_count",
    program: `package main
import "bpf"
var target uint32 // @config
// @tracepoint:syscalls:sys_enter_openat
func open(ctx *bpf.Tracepoint) int {
	if bpf.PID() == target {
		bpf::map::Array[uint64]("open_count").Increment(0)
	}
	return 0
}
`,
  },
  {
    name: "@bpf_map marks, helpers by the kernel's names",
    map: "opens",
    program: `package main
import (
	"bpf"
	"bpf/helpers"
)
var target uint32 // @config
@bpf_map
var opens bpf.Hash[uint32, uint64]
// @raw_tracepoint:sys_enter
func enter(ctx *bpf.RawTracepoint) int {
	regs := ctx.Arg(0)
	var number uint64
	if uint32(helpers.GetCurrentPidTgid() >> 32) != target || ctx.Arg(1) != 257 {
		return 0
	}
	if helpers.ProbeReadKernel(&number, regs + 120) == 0 && number == 257 {
		opens.Increment(0)
	}
	return 0
}
`,
  },
  {
    name: "a section by its name, unrolled loops",
    map: "opens",
    program: `package main
import "bpf"
var target uint32 // @config
var opens = bpf.Array[uint64](1)
// @section tracepoint/syscalls/sys_enter_openat
func open(ctx *bpf.Tracepoint) int {
	if bpf.PID() != target { return 0 }
	half := uint64(0)
	//go:unroll 4
	for i := 0; i < 4; i++ {
		half += uint64(i)
	}
	opens.Add(0, half - 5)
	return 0
}
`,
  },
];

for (const { name, map, program } of published) {
  const onlyHere = program.includes("257") && process.arch !== "x64";
  test(name, { skip: onlyHere ? "the numbers are x86-64's" : cannotRun() }, () => {
    const target = new Uint8Array(u32Bytes(process.pid));
    using object = loadObject(readObject(build(program).object), { constants: { target } });
    const [first] = object.programs.keys();
    assert.ok(first);
    const link = attachBySection(object, first);
    try {
      for (let i = 0; i < 7; i++) closeSync(openSync("/dev/null", "r"));
    } finally {
      link.close();
    }
    const value = object.map(map).lookup(u32Bytes(0));
    assert.ok(value);
    assert.equal(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true), 7n);
  });
}
