// A kprobe: any function of the kernel. Kernels may be built without them: then the error says what is missing.
import { attachKprobe, BpfError, u32Bytes } from "@go3s/bpf";
import { startWaiting } from "./support/child.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package unlinks

import "bpf"

var (
	count   = bpf.Array[uint64](1)
	watched uint32 // @config
)

// @kprobe:do_unlinkat
func onUnlink(ctx *bpf.KProbe) int {
	if bpf.PID() == watched {
		count.Increment(0)
	}
	return 0
}
`;

const child = await startWaiting("rm -f /tmp/go3s-no-such-file");
try {
  using object = loadProbe(probe, { constants: { watched: child.pid } });
  using link = attachKprobe(object.program("onUnlink"), { symbol: "do_unlinkat" });
  await child.go();
  console.log(`${link.target}: ${numberOf(object.map("count").lookup(u32Bytes(0)))} times`);
} catch (error) {
  // A refusal has a code for the program, and words and a way out for the person.
  if (!(error instanceof BpfError) || error.code !== "not-supported") throw error;
  console.log(`refused: ${error.message}`);
  console.log(`what to do: ${error.hint}`);
} finally {
  child.kill();
}
