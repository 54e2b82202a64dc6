// A tracepoint with the kernel's own types (tp_btf): its arguments are read like structs. Here: who starts which program.
import { attachTracing, RingBufferReader } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { loadProbe, textOf, viewOf } from "./support/probe.js";

const probe = `
package execs

import "bpf"

type Exec struct {
	PID, Parent uint32
	Comm        [16]byte
}

var (
	execs   = bpf.RingBuf[Exec](1 << 16)
	watched uint32 // @config
)

// @tp_btf:sched_process_exec
func onExec(ctx *bpf.TracepointBTF) int {
	task := ctx.Arg(0)
	if uint32(task.tgid) != watched {
		return 0
	}
	e := execs.Reserve()
	if e == nil {
		return 0
	}
	e.PID = uint32(task.tgid)
	e.Parent = uint32(task.real_parent.tgid)
	e.Comm = bpf.Comm()
	execs.Submit(e)
	return 0
}
`;

interface Exec {
  readonly PID: number;
  readonly Parent: number;
  readonly Comm: Uint8Array;
}

const child = await startWaiting("true");
using object = loadProbe(probe, { constants: { watched: child.pid } });
using link = attachTracing(object.program("onExec"));
await child.go();

const exec = viewOf<Exec>(object, "Exec");
using reader = new RingBufferReader(object.map("execs"), (memory, offset) => {
  const { Parent, Comm } = exec.at(memory, offset);
  console.log(`${Parent === process.pid ? "our child" : "a stranger"} became ${textOf(Comm)}`);
});
reader.drain();
console.log(`seen through a ${link.info().kind} link`);
