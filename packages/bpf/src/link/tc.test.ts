import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import { interfaceIndex } from "../kernel/interface.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import {
  createVeth,
  enterOwnNetwork,
  ourFramesInSkb,
  removeInterface,
  sendFrames,
} from "../testing/network.js";
import { Tally } from "../testing/tally.js";
import { AttachType } from "../uapi/attach-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { attachNetkit, attachTc } from "./tc.js";
import { attachXdp } from "./xdp.js";

const TYPE = ProgramType.BPF_PROG_TYPE_SCHED_CLS;
const NEXT = -1;
const SHOT = 2;
const OURS = { filter: ourFramesInSkb };

describe("tc", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  before(() => {
    enterOwnNetwork();
    createVeth("near", "far");
  });
  after(() => assert.deepEqual(kernelDescriptors(), held));

  for (const way of ["link", "filter"] as const) {
    for (const direction of ["ingress", "egress"] as const) {
      test(`${way} ${direction}: packets are met, the program is replaced, nothing stays`, async () => {
        using first = new Tally();
        using second = new Tally();
        const program = first.program(TYPE, SHOT, OURS);
        using next = second.program(TYPE, SHOT, { ...OURS, name: "next" });
        const from = interfaceIndex(direction === "egress" ? "near" : "far");
        const link = attachTc(program, { interface: "near", direction, way });
        sendFrames(from, 3);
        assert.equal(await first.reached(3), 3);
        const info = link.info();
        assert.equal(info.programId, program.info().id);
        assert.equal(link.kind, way === "link" ? "tcx" : "tc");
        if (info.kind === "tcx") {
          assert.equal(info.interfaceIndex, interfaceIndex("near"));
          const isIngress = direction === "ingress";
          assert.equal(info.attachType, isIngress ? AttachType.BPF_TCX_INGRESS : AttachType.BPF_TCX_EGRESS);
        }
        program.close();
        link.update(next);
        sendFrames(from, 2);
        assert.equal(await second.reached(2), 2);
        assert.equal(link.info().programId, next.info().id);
        link.close();
        link.close();
        sendFrames(from, 2);
        assert.deepEqual([first.count, second.count], [3, 2]);
      });
    }
  }

  test("programs run in the order of their places", async () => {
    using a = new Tally();
    using b = new Tally();
    using c = new Tally();
    using passes = a.program(TYPE, NEXT, OURS);
    using drops = b.program(TYPE, SHOT, OURS);
    using never = c.program(TYPE, NEXT, OURS);
    const where = { interface: "near", direction: "egress", way: "link" } as const;
    using last = attachTc(never, { ...where, place: "last" });
    using middle = attachTc(drops, { ...where, place: { before: last } });
    using first = attachTc(passes, { ...where, place: { before: drops } });
    sendFrames(interfaceIndex("near"), 2);
    await b.reached(2);
    assert.deepEqual([a.count, b.count, c.count], [2, 2, 0]);
    middle.detach();
    sendFrames(interfaceIndex("near"), 1);
    await c.reached(1);
    assert.deepEqual([a.count, b.count, c.count], [3, 2, 1]);
    assert.throws(
      () => attachTc(drops, { ...where, place: { after: middle } }),
      refused("not-found", /near/),
    );
    assert.equal(first.kind, "tcx");
    assert.throws(() => attachTc(passes, where), refused("already-exists", /load it a second time/));
    const stale = { ...where, expectedRevision: 1n };
    using other = b.program(TYPE, NEXT, OURS);
    assert.throws(() => attachTc(other, stale), refused("system-call-failed", /ESTALE.*has changed/));
  });

  test("two filters share a queueing discipline, which goes with the last", () => {
    using tally = new Tally();
    using program = tally.program(TYPE, NEXT, OURS);
    const where = { interface: "near", direction: "ingress", way: "filter" } as const;
    const first = attachTc(program, where);
    const second = attachTc(program, { ...where, priority: 7 });
    first.close();
    assert.equal(second.info().programId, program.info().id);
    assert.throws(() => second.update(program, { replaces: program }), refused("not-supported", /only if/));
    assert.throws(() => second.pin("/sys/fs/bpf/none"), refused("not-supported", /no link/));
    second.close();
    // What is there already is told by the kernel in its own words.
    const again = attachTc(program, { ...where, priority: 7 });
    assert.equal(again.info().programId, program.info().id);
    again.close();
  });

  test("a link whose interface is gone is closed in peace", () => {
    createVeth("brief", "other");
    using tally = new Tally();
    using classifies = tally.program(TYPE, NEXT);
    using meets = tally.program(ProgramType.BPF_PROG_TYPE_XDP, 2);
    const links = [
      attachTc(classifies, { interface: "brief", direction: "egress", way: "link" }),
      attachTc(classifies, { interface: "brief", direction: "ingress", way: "filter" }),
      attachXdp(meets, { interface: "brief" }),
      attachXdp(meets, { interface: "other", way: "netlink", mode: "generic" }),
    ];
    removeInterface("brief");
    const [tcx] = links;
    const info = tcx?.info();
    assert.ok(info?.kind === "tcx" && info.interfaceIndex === 0);
    assert.throws(() => tcx?.update(classifies), refused("system-call-failed", /what it hung on is gone/));
    for (const link of links) link.close();
  });

  test("attaching and closing over and over leaves no descriptor", () => {
    using tally = new Tally();
    using classifies = tally.program(TYPE, NEXT);
    using meets = tally.program(ProgramType.BPF_PROG_TYPE_XDP, 2);
    const before = readdirSync("/proc/self/fd").length;
    for (let round = 0; round < 20; round++) {
      for (const way of ["link", "filter"] as const) {
        attachTc(classifies, { interface: "near", direction: "ingress", way }).close();
      }
      for (const way of ["link", "netlink"] as const) {
        const link = attachXdp(meets, { interface: "near", mode: "generic", way });
        assert.throws(() => attachXdp(meets, { interface: "near", mode: "generic", way }), BpfError);
        link.update(meets);
        link.close();
      }
    }
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });

  test("a netkit program is told what it needs", () => {
    using tally = new Tally();
    using program = tally.program(TYPE, NEXT, { attachType: AttachType.BPF_NETKIT_PRIMARY });
    assert.throws(
      () => attachNetkit(program, { interface: "near", end: "primary" }),
      refused(
        "not-supported",
        /attach program "tally" to interface near netkit primary.*6\.7.*CONFIG_NETKIT=y/,
      ),
    );
  });
});
