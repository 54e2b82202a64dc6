// uprobe_multi: many functions by one link and one program (6.6), told apart by cookies. Here: a process's use of the heap.
import { openElf } from "@go3s/binary";
import { AttachType, attachUprobeMulti, loadObject, u32Bytes } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { libc } from "./support/libc.js";
import { compileProbe, numberOf } from "./support/probe.js";

const probe = `
package heap

import (
	"bpf"
	"bpf/helpers"
)

var calls = bpf.Array[uint64](8)

// @uprobe
func onCall(ctx *bpf.UProbe) int {
	calls.Increment(uint32(helpers.GetAttachCookie(ctx)))
	return 0
}
`;

const path = libc();
using elf = openElf(path);
const symbols = elf.dynamicSymbols();
const functions = ["malloc", "calloc", "realloc", "free"];
const offsets = functions.map((name) => {
  const symbol = symbols?.find(name);
  const offset = symbol === undefined ? undefined : elf.addressToOffset(symbol.value);
  if (offset === undefined) throw new Error(`${path} has no ${name}`);
  return offset;
});

const child = await startWaiting("ls /");
// A spec is a plain value. The kernel wants to know at load already that the program is for many places.
const spec = compileProbe(probe);
const attachType = AttachType.BPF_TRACE_UPROBE_MULTI;
const programs = new Map([...spec.programs].map(([name, program]) => [name, { ...program, attachType }]));
using object = loadObject({ ...spec, programs });
using link = attachUprobeMulti(object.program("onCall"), {
  path,
  offsets,
  cookies: functions.map((_, index) => BigInt(index)),
  pid: child.pid,
});
console.log(`attached to ${link.target}`);
await child.go();
for (const [index, name] of functions.entries()) {
  console.log(`${name}: ${numberOf(object.map("calls").lookup(u32Bytes(index)))} calls`);
}
