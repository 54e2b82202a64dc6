// A raw tracepoint: the same places without their fields being copied, so the cheapest hook. Here: a process's system calls.
import { attachRawTracepoint, valuesOfCpus } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package calls

import "bpf"

var (
	calls   = bpf.PerCPUHash[uint32, uint64](512)
	watched uint32 // @config
)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	if bpf.PID() == watched {
		calls.Increment(uint32(ctx.Arg(1)))
	}
	return 0
}
`;

const child = await startWaiting("cat /proc/version");
using object = loadProbe(probe, { constants: { watched: child.pid } });
using link = attachRawTracepoint(object.program("onCall"), { name: "sys_enter" });
console.log(`attached to ${link.target}`);
await child.go();

// A per-CPU map has a value for each processor; a walk gives copies, so it may be changed meanwhile.
const map = object.map("calls");
const rows = [...map.entries()].map(({ key, value }) => {
  const number = new DataView(key.buffer).getUint32(0, true);
  const each = valuesOfCpus(map, value).map(numberOf);
  return { number, count: each.reduce((sum, one) => sum + one, 0) };
});
rows.sort((a, b) => b.count - a.count);
for (const { number, count } of rows.slice(0, 5)) console.log(`system call ${number}: ${count} times`);
console.log(`${rows.length} different system calls`);
