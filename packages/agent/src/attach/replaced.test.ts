import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { newExecutables } from "../discovery/executable.js";
import { readProcess } from "../discovery/proc.js";
import { readGoFacts } from "../go/facts.js";
import { newGoPrograms } from "../go/programs.js";
import { type BuiltProgram, buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { newRecorder } from "../testing/recorder.js";
import { openKernelObserver } from "./observer.js";

const skip = whyNoLiveTests();

// A breakpoint for one program within the instructions of another ends that with an illegal instruction.
describe("a process that has executed another program meanwhile", { skip: skip ?? false }, () => {
  let program: BuiltProgram;

  before(() => {
    program = buildGoService();
  });
  after(() => program.remove());

  test("gets no probes that were meant for the first", async () => {
    const other = `${program.path}-other`;
    copyFileSync(program.path, other);
    const service = await program.start();
    const observer = await openKernelObserver({ sink: newRecorder().sink });
    try {
      const facts = readGoFacts(other);
      assert.ok(facts !== undefined && facts.calls !== undefined);
      const { count, lost, probes } = observer.watch(service.pid, facts);
      assert.deepEqual([count, lost], [0, []]);
      assert.deepEqual(probes, { handlerEnd: false, roundTrip: false, spawn: false });
      const own = readGoFacts(`/proc/${service.pid}/exe`);
      assert.ok(observer.watch(service.pid, own).count > 0);
    } finally {
      observer.close();
      await service.stop();
    }
  });

  test("is not taken for the first when its places are looked for", async () => {
    const service = await program.start();
    try {
      const facts = readProcess(service.pid);
      const executable = facts && newExecutables().of(facts);
      assert.ok(executable);
      const programs = newGoPrograms();
      const before = { ...executable, key: executable.key.replace(/^\d+:\d+/, "1:1") };
      assert.deepEqual(programs.of(service.pid, before), { facts: undefined, problem: "" });
      assert.ok(programs.of(service.pid, executable).facts?.sites.handlerEnd);
    } finally {
      await service.stop();
    }
  });
});
