// The verifier explained: what it refuses is told at its source line, with the story of the register and what to do.
import { BpfError, loadObject, ProgramType } from "@go3s/bpf";
import { compileProbe, loadProbe } from "./support/probe.js";

// The compiler finds such mistakes itself. Here it sees none: the program is changed to another type behind its back.
const probe = `
package redirect

import (
	"bpf"
	"bpf/helpers"
)

// @tc
func redirect(ctx *bpf.SKB) int {
	return int(helpers.RedirectPeer(1, 0))
}
`;

const spec = compileProbe(probe);
const type = ProgramType.BPF_PROG_TYPE_XDP;
const programs = new Map([...spec.programs].map(([name, program]) => [name, { ...program, type }]));
try {
  using object = loadObject({ ...spec, programs });
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
using compiled = loadObject(spec);
console.log(`as it was compiled: loaded ${compiled.programs.size} program`);
