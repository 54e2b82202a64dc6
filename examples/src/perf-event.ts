// A perf event: a program that runs so many times a second on a processor. Here: where a busy process is, by address.

import { spawn } from "node:child_process";
import { attachPerfEvent, PerfSoftware, PerfType } from "@go3s/bpf";
import { pause } from "./support/network.js";
import { loadProbe, numberOf } from "./support/probe.js";

const probe = `
package samples

import "bpf"

var places = bpf.Hash[uint64, uint64](4096)

// @perf_event
func onSample(ctx *bpf.PerfEvent) int {
	places.Increment(ctx.IP())
	return 0
}
`;

const child = spawn("/bin/sh", ["-c", "while :; do :; done"], { stdio: "ignore" });
try {
  using object = loadProbe(probe);
  using link = attachPerfEvent(object.program("onSample"), {
    type: PerfType.SOFTWARE,
    config: PerfSoftware.CPU_CLOCK,
    frequency: 999,
    pid: child.pid ?? 0,
  });
  console.log(`attached to ${link.target}`);
  // Until there is something to show: a busy machine may not let the child run at once.
  let places: { readonly address: number; readonly samples: number }[] = [];
  for (let i = 0; i < 200 && places.length < 3; i++) {
    await pause(50);
    const entries = [...object.map("places").entries()];
    places = entries.map(({ key, value }) => ({ address: numberOf(key), samples: numberOf(value) }));
  }
  places.sort((a, b) => b.samples - a.samples);
  for (const { address, samples } of places.slice(0, 3))
    console.log(`${samples} samples at 0x${address.toString(16)}`);
  console.log(`${places.length >= 3 ? "several" : places.length} places in all`);
} finally {
  child.kill("SIGKILL");
}
