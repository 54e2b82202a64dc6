import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { BpfError } from "../errors.js";
import type { Descriptor } from "../kernel/fd.js";
import { interfaceIndex } from "../kernel/interface.js";
import { inNetworkNamespace, openNetworkNamespace } from "../kernel/namespace.js";
import { BPFFS, isOnBpffs } from "../pin/bpffs.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { createVeth, enterOwnNetwork, ourFramesInXdp, sendFrames } from "../testing/network.js";
import { Tally } from "../testing/tally.js";
import { ProgramType } from "../uapi/program-types.js";
import { openPinnedLink } from "./open.js";
import { attachXdp } from "./xdp.js";

const TYPE = ProgramType.BPF_PROG_TYPE_XDP;
const XDP_DROP = 1;
const XDP_PASS = 2;
const OURS = { filter: ourFramesInXdp };

describe("XDP", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  let away = 0;
  let home: Descriptor;
  before(() => {
    home = openNetworkNamespace();
    enterOwnNetwork();
    createVeth("near", "far");
    away = interfaceIndex("far");
  });
  after(() => {
    home.close();
    assert.deepEqual(kernelDescriptors(), held);
  });

  for (const mode of ["generic", "native"] as const) {
    test(`${mode}: packets are met, the program is replaced, nothing stays`, async () => {
      using first = new Tally();
      using second = new Tally();
      using program = first.program(TYPE, XDP_DROP, OURS);
      using next = second.program(TYPE, XDP_PASS, { ...OURS, name: "next" });
      const link = attachXdp(program, { interface: "near", mode });
      sendFrames(away, 3);
      assert.equal(await first.reached(3), 3);
      const info = link.info();
      assert.equal(info.kind, "xdp");
      assert.ok(info.kind === "xdp" && info.interfaceIndex === interfaceIndex("near"));
      assert.equal(info.programId, program.info().id);

      assert.throws(
        () => link.update(next, { replaces: next }),
        refused("bad-argument", /"next" is not what is attached now/),
      );
      link.update(next, { replaces: program });
      sendFrames(away, 2);
      assert.equal(await second.reached(2), 2);
      assert.equal(link.info().programId, next.info().id);
      assert.throws(
        () => attachXdp(program, { interface: "near", mode, way: "netlink" }),
        refused("system-call-failed", /EBUSY.*active bpf_link|EBUSY/),
      );
      link.close();
      link.close();
      sendFrames(away, 2);
      assert.equal(first.count, 3);
      assert.equal(second.count, 2);
      assert.throws(() => link.update(next), refused("closed", /after close/));
    });
  }

  test("the way of older kernels does the same", async () => {
    using first = new Tally();
    using second = new Tally();
    const program = first.program(TYPE, XDP_DROP, OURS);
    using next = second.program(TYPE, XDP_DROP, OURS);
    const link = attachXdp(program, { interface: away, mode: "generic", way: "netlink" });
    assert.equal(link.info().programId, program.info().id);
    program.close();
    sendFrames(interfaceIndex("near"), 2);
    assert.equal(await first.reached(2), 2);
    link.update(next);
    sendFrames(interfaceIndex("near"), 2);
    assert.equal(await second.reached(2), 2);
    assert.equal(first.count, 2);
    assert.throws(() => link.pin("/sys/fs/bpf/x"), refused("not-supported", /no link for it/));
    link.close();
    sendFrames(interfaceIndex("near"), 2);
    assert.equal(second.count, 2);
    using again = attachXdp(next, { interface: away, mode: "generic", way: "netlink" });
    assert.equal(again.info().programId, next.info().id);
  });

  test("a pin keeps it until it is detached", { skip: isOnBpffs(BPFFS) ? false : "no bpffs" }, async () => {
    using tally = new Tally();
    using program = tally.program(TYPE, XDP_DROP, OURS);
    const path = `${BPFFS}/go3s_xdp_${process.pid}`;
    try {
      const link = attachXdp(program, { interface: "near" });
      assert.equal(link.pin(path), path);
      link.close();
      sendFrames(away, 1);
      assert.equal(await tally.reached(1), 1);
      using again = openPinnedLink(path);
      assert.equal(again.kind, "xdp");
      assert.equal(again.info().programId, program.info().id);
      again.detach();
      sendFrames(away, 1);
      assert.equal(tally.count, 1);
      const info = again.info();
      assert.ok(info.kind === "xdp" && info.interfaceIndex === 0);
      assert.throws(
        () => again.update(program),
        refused("system-call-failed", /detached or what it hung on/),
      );
    } finally {
      rmSync(path, { force: true });
    }
  });

  test("what cannot be is told", () => {
    using tally = new Tally();
    using program = tally.program(TYPE, XDP_PASS);
    assert.throws(() => attachXdp(program, { interface: "none" }), refused("not-found", /\/sys\/class\/net/));
    assert.throws(
      () => attachXdp(program, { interface: "much/too" }),
      refused("bad-argument", /1 to 15 bytes/),
    );
    assert.throws(() => attachXdp(program, { interface: 0 }), refused("bad-argument", /no number/));
    assert.throws(
      () => attachXdp(program, { interface: "near", mode: "offload" }),
      (error) => error instanceof BpfError && /card that runs XDP itself/.test(error.hint ?? ""),
    );
    assert.throws(
      () => attachXdp(program, { interface: "lo", mode: "native" }),
      (error) => error instanceof BpfError && /take mode generic/.test(error.hint ?? ""),
    );
    // The namespace this process came from has none of ours.
    assert.throws(
      () =>
        inNetworkNamespace(`/proc/self/fd/${home.number}`, () => attachXdp(program, { interface: "far" })),
      refused("not-found", /far/),
    );
    assert.equal(interfaceIndex("far"), away);
  });
});
