// Pins: what is to stay in the kernel when this process ends, under a path of the BPF file system. Here: it is taken up again.
import {
  attachBySection,
  BPFFS,
  makePinFolder,
  openPinnedLink,
  openPinnedMap,
  pinsBelow,
  u32Bytes,
  unpinFolder,
} from "@go3s/bpf";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package calls

import "bpf"

var count = bpf.Array[uint64](1)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	count.Increment(0)
	return 0
}
`;

const folder = makePinFolder(`${BPFFS}/go3s-example-${process.pid}`);
try {
  {
    using object = loadProbe(probe);
    using link = attachBySection(object, "onCall");
    object.map("count").pin(`${folder}/count`);
    link.pin(`${folder}/link`);
  }
  // Everything was closed, and still runs: another process could be the one that goes on here.
  using map = openPinnedMap(`${folder}/count`);
  const first = numberOf(map.lookup(u32Bytes(0)));
  const second = numberOf(map.lookup(u32Bytes(0)));
  console.log(`it ${second > first ? "still counts" : "stands still"}`);
  using link = openPinnedLink(`${folder}/link`);
  console.log(`pinned: ${pinsBelow(folder).map(({ kind }) => kind)}; a ${link.info().kind} link`);
} finally {
  // go3s ps lists such pins; go3s unload takes away those that go3s load made.
  console.log(`taken away: ${unpinFolder(folder).length}`);
}
