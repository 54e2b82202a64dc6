// The verifier explained: what it refuses is told at its source line, with the story of the register and what to do.
import { BpfError } from "@go3s/bpf";
import { compileProbe, loadProbe } from "./support/probe.js";

// The compiler finds most mistakes itself; which helpers a hook has, only the kernel knows.
const probe = `
package redirect

import (
	"bpf"
	"bpf/helpers"
)

// @xdp
func redirect(ctx *bpf.XDP) int {
	return int(helpers.RedirectPeer(1, 0))
}
`;

try {
  using object = loadProbe(probe);
  console.log(`loaded ${object.programs.size} program`);
} catch (error) {
  if (!(error instanceof BpfError)) throw error;
  console.log(error.code);
  console.log(error.report);
  console.log(`${error.log?.split("\n").length} lines of the verifier's own`);
}

// What does compile and load can be run right here, on a packet of ours.
using object = loadProbe(`
package answer

import "bpf"

// @xdp
func answer(ctx *bpf.XDP) int {
	if bpf.Packet[[20]byte](ctx, 0) == nil {
		return bpf.XDP_DROP
	}
	return bpf.XDP_PASS
}
`);
const answer = object.program("answer");
for (const length of [14, 64]) {
  const { result, durationNs } = answer.testRun({ data: new Uint8Array(length), repeat: 1000 });
  console.log(`${length} bytes: ${["aborted", "drop", "pass"][result]} in ${durationNs} ns`);
}
console.log(`${compileProbe(probe).programs.size} program in a spec that no kernel has seen`);
