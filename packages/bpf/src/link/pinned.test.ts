import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { kernelBtf } from "../btf/kernel.js";
import { PerfSoftware, PerfType } from "../kernel/perf.js";
import { createMap } from "../maps/map.js";
import { attachBtfId } from "../object/attach-target.js";
import { BPFFS, isOnBpffs } from "../pin/bpffs.js";
import { unpin } from "../pin/folder.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { OwnCgroup, skipWithoutCgroups } from "../testing/cgroup.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { createVeth, enterOwnNetwork } from "../testing/network.js";
import { Tally } from "../testing/tally.js";
import { AttachType } from "../uapi/attach-types.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { attachCgroup } from "./cgroup.js";
import { attachIterator } from "./iterator.js";
import type { Attachable, Link } from "./link.js";
import { attachNetfilter } from "./netfilter.js";
import { attachNetns } from "./netns.js";
import { openPinnedLink } from "./open.js";
import { attachPerfEvent } from "./perf-event.js";
import { attachTracing } from "./raw-tracepoint.js";
import { attachSockmap } from "./sockmap.js";
import { attachTc } from "./tc.js";
import { attachUprobe } from "./uprobe.js";
import { attachUprobeMulti } from "./uprobe-multi.js";
import { attachXdp } from "./xdp.js";

interface Row {
  readonly kind: string;
  readonly type: ProgramTypeId;
  readonly attachType?: number;
  /** For types that attach by BTF. */
  readonly target?: string;
  readonly result?: number;
  readonly attach: (program: Attachable) => Link;
  /** What the kernel lets be done to the link by another process. */
  readonly canUpdate: boolean;
  readonly canDetach: boolean;
}

const skip =
  skipWithoutBpf() || skipWithoutCgroups() || (isOnBpffs(BPFFS) ? false : `no BPF file system on ${BPFFS}`);

describe("links by their pins", { skip }, () => {
  const held = kernelDescriptors();
  let group: OwnCgroup | undefined;
  let sockets: { readonly fd: number; close(): void } | undefined;
  before(() => {
    enterOwnNetwork();
    createVeth("near", "far");
    group = new OwnCgroup();
    const sizes = { keySize: 4, valueSize: 4, maxEntries: 2 };
    sockets = createMap({ name: "sockets", type: MapType.BPF_MAP_TYPE_SOCKMAP, ...sizes });
  });
  after(() => {
    sockets?.close();
    group?.[Symbol.dispose]();
    assert.deepEqual(kernelDescriptors(), held);
  });

  const both = { canUpdate: true, canDetach: true };
  const neither = { canUpdate: false, canDetach: false };
  const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK, period: 1e9 };
  const path = "/proc/self/exe";
  const rows: readonly Row[] = [
    {
      kind: "xdp",
      type: ProgramType.BPF_PROG_TYPE_XDP,
      result: 2,
      attach: (program) => attachXdp(program, { interface: "near" }),
      ...both,
    },
    {
      kind: "tcx",
      type: ProgramType.BPF_PROG_TYPE_SCHED_CLS,
      attach: (program) => attachTc(program, { interface: "near", direction: "egress", way: "link" }),
      ...both,
    },
    {
      kind: "cgroup",
      type: ProgramType.BPF_PROG_TYPE_CGROUP_SKB,
      result: 1,
      attach: (program) => attachCgroup(program, { path: group?.path ?? "", hook: "ingress" }),
      ...both,
    },
    {
      kind: "netns",
      type: ProgramType.BPF_PROG_TYPE_SK_LOOKUP,
      attachType: AttachType.BPF_SK_LOOKUP,
      result: 1,
      attach: (program) => attachNetns(program, { hook: "sk_lookup" }),
      ...both,
    },
    {
      kind: "sockmap",
      type: ProgramType.BPF_PROG_TYPE_SK_MSG,
      attachType: AttachType.BPF_SK_MSG_VERDICT,
      result: 1,
      attach: (program) =>
        attachSockmap(program, { map: { fd: sockets?.fd ?? -1 }, hook: "msg_verdict", way: "link" }),
      ...both,
    },
    {
      kind: "netfilter",
      type: ProgramType.BPF_PROG_TYPE_NETFILTER,
      attachType: AttachType.BPF_NETFILTER,
      result: 1,
      attach: (program) => attachNetfilter(program, { family: "ipv4", hook: "input", priority: 12 }),
      canUpdate: false,
      canDetach: true,
    },
    {
      kind: "iterator",
      type: ProgramType.BPF_PROG_TYPE_TRACING,
      attachType: AttachType.BPF_TRACE_ITER,
      target: "task",
      attach: (program) => attachIterator(program),
      canUpdate: true,
      canDetach: false,
    },
    {
      kind: "raw-tracepoint",
      type: ProgramType.BPF_PROG_TYPE_TRACING,
      attachType: AttachType.BPF_TRACE_RAW_TP,
      target: "sched_process_exit",
      attach: (program) => attachTracing(program),
      ...neither,
    },
    {
      kind: "uprobe-multi",
      type: ProgramType.BPF_PROG_TYPE_KPROBE,
      attachType: AttachType.BPF_TRACE_UPROBE_MULTI,
      attach: (program) => attachUprobeMulti(program, { path, offsets: [0] }),
      ...neither,
    },
    {
      kind: "uprobe",
      type: ProgramType.BPF_PROG_TYPE_KPROBE,
      attach: (program) => attachUprobe(program, { path, offset: 0 }),
      ...neither,
    },
    {
      kind: "perf-event",
      type: ProgramType.BPF_PROG_TYPE_PERF_EVENT,
      attach: (program) => attachPerfEvent(program, { ...clock, threadId: process.pid }),
      ...neither,
    },
  ];

  function load(tally: Tally, { type, attachType = 0, target, result = 0 }: Row): Program {
    if (target === undefined) return tally.program(type, result, { attachType });
    const id = attachBtfId(type, attachType, target, kernelBtf);
    const instructions = tally.code(result);
    return loadProgram({ name: "tally", type, attachType, attachBtfId: id, license: "GPL", instructions });
  }

  for (const row of rows) {
    test(`${row.kind}: stays by its pin, and is replaced, detached and let go through it`, () => {
      using tally = new Tally();
      using program = load(tally, row);
      using next = load(tally, row);
      const pin = `${BPFFS}/go3s_link_${process.pid}_${row.kind}`;
      row.attach(program)[Symbol.dispose]();
      const made = row.attach(program);
      try {
        made.pin(pin);
        made.close();
        using link = openPinnedLink(pin);
        const info = link.info();
        assert.equal(info.kind, row.kind);
        assert.equal(info.programId, program.info().id);
        if (row.canUpdate) {
          link.update(next);
          assert.equal(link.info().programId, next.info().id);
        } else {
          assert.throws(() => link.update(next), refused("not-supported", /keep their program.*createSlot/));
          assert.equal(link.info().programId, program.info().id);
        }
        // A link that was detached is still there, hanging on nothing.
        if (row.canDetach) link.detach();
        else assert.throws(() => link.detach(), refused("not-supported", /unpin .*go3s_link/));
        assert.equal(link.fds.length, 1);
      } finally {
        made.close();
        unpin(pin);
      }
      // What was let go leaves its place free.
      row.attach(next).close();
    });
  }
});
