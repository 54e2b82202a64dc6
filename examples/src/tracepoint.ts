// A tracepoint: the kernel's named places, with fields that `format` files describe. Here: which files a process opens.
import { attachTracepoint, RingBufferReader } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { loadProbe, textOf, viewOf } from "./support/probe.js";

const probe = `
package opens

import "bpf"

type Open struct {
	PID  uint32
	Path [64]byte
}

var (
	opens   = bpf.RingBuf[Open](1 << 16)
	watched uint32 // @config
)

// @tracepoint:syscalls:sys_enter_openat
func onOpen(ctx *bpf.Tracepoint) int {
	if bpf.PID() != watched {
		return 0
	}
	e := opens.Reserve()
	if e == nil {
		return 0
	}
	e.PID = bpf.PID()
	bpf.ReadUserString(&e.Path, uint64(ctx.filename))
	opens.Submit(e)
	return 0
}
`;

interface Open {
  readonly PID: number;
  readonly Path: Uint8Array;
}

const child = await startWaiting("cat /proc/version");
using object = loadProbe(probe, { constants: { watched: child.pid } });
using link = attachTracepoint(object.program("onOpen"), { group: "syscalls", name: "sys_enter_openat" });
console.log(`attached to ${link.target}`);
await child.go();

// One view is moved from record to record; its fields are read in place.
const open = viewOf<Open>(object, "Open");
using reader = new RingBufferReader(object.map("opens"), (memory, offset) => {
  const { PID, Path } = open.at(memory, offset);
  console.log(`${PID === child.pid ? "the child" : PID} opened ${textOf(Path)}`);
});
reader.drain();
