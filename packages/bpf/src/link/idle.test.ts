import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { createVeth, enterOwnNetwork } from "../testing/network.js";
import { Tally } from "../testing/tally.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import type { Link } from "./link.js";
import { attachNetfilter } from "./netfilter.js";
import { attachRawTracepoint } from "./raw-tracepoint.js";
import { attachTc } from "./tc.js";
import { attachUprobeMulti } from "./uprobe-multi.js";

test("a hundred links keep no timer, no watcher and no thread", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  enterOwnNetwork();
  createVeth("near", "far");
  const resources = process.getActiveResourcesInfo().sort();
  const links: Link[] = [];
  try {
    using tally = new Tally();
    using tracepoint = tally.program(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
    const type = ProgramType.BPF_PROG_TYPE_NETFILTER;
    using filter = tally.program(type, 1, { attachType: AttachType.BPF_NETFILTER });
    const attachType = AttachType.BPF_TRACE_UPROBE_MULTI;
    using probe = tally.program(ProgramType.BPF_PROG_TYPE_KPROBE, 0, { attachType });
    for (let priority = 1; priority <= 70; priority++) {
      links.push(attachNetfilter(filter, { family: "ipv4", hook: "input", priority }));
    }
    for (let count = 0; count < 10; count++) {
      // An interface takes a program once.
      using packets = tally.program(ProgramType.BPF_PROG_TYPE_SCHED_CLS, -1);
      links.push(attachTc(packets, { interface: "near", direction: "ingress" }));
    }
    for (let count = 0; count < 10; count++) {
      links.push(attachRawTracepoint(tracepoint, { name: "task_rename" }));
    }
    for (let count = 0; count < 10; count++) {
      links.push(attachUprobeMulti(probe, { path: "/proc/self/exe", offsets: [count] }));
    }
    assert.equal(links.length, 100);
    assert.deepEqual(process.getActiveResourcesInfo().sort(), resources);
  } finally {
    for (const link of links) link.close();
  }
  assert.deepEqual(kernelDescriptors(), held);
  assert.deepEqual(process.getActiveResourcesInfo().sort(), resources);
});
