import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readGoFacts } from "../go/facts.js";
import { bpfDescriptors } from "../testing/bpf-descriptors.js";
import { buildGoService, whyNoLiveTests } from "../testing/go-service.js";
import { newRecorder } from "../testing/recorder.js";
import { beginKernelObserver, openKernelObserver } from "./observer.js";

describe("an observer that is being opened", { skip: whyNoLiveTests() ?? false }, () => {
  let held: string[];
  beforeEach(() => {
    held = bpfDescriptors();
  });
  afterEach(() => assert.deepEqual(bpfDescriptors(), held));

  test("sees the programs that start and end while its probes are verified, and tells them when it is open", async () => {
    const started: number[] = [];
    const ended: number[] = [];
    const opening = beginKernelObserver({
      watchNew: true,
      sink: {
        ...newRecorder().sink,
        processStart: ({ tgid }) => void started.push(tgid),
        processExit: ({ tgid }) => void ended.push(tgid),
      },
    });
    const { pid } = spawnSync("/bin/true");
    const observer = await opening.opened();
    try {
      observer.drain();
      assert.ok(started.includes(pid));
      assert.ok(ended.includes(pid));
    } finally {
      observer.close();
    }
  });

  test("has loaded what a process needs when it is open, and nothing for libraries that no process has", async () => {
    const program = buildGoService();
    const service = await program.start();
    try {
      const facts = readGoFacts(`/proc/${service.pid}/exe`);
      const opening = beginKernelObserver({ sink: newRecorder().sink });
      opening.prepare({ facts, tls: ["goRead", "goWrite"] });
      const observer = await opening.opened();
      const loaded = (): string[] =>
        observer
          .stats()
          .costs.map(({ name }) => name)
          .sort();
      try {
        const prepared = loaded();
        for (const name of ["onReceive", "onTLSRead", "onSecureSend", "onHTTP2Serve", "onRoundTrip"])
          assert.ok(prepared.includes(name), name);
        // What crypto/tls writes is found on the stack; nobody here has gRPC, OpenSSL or database/sql.
        for (const name of ["onTLSWrite", "onGRPCServe", "onSecureReturn", "onCall"])
          assert.ok(!prepared.includes(name), name);
        const { count, lost } = observer.watch(service.pid, facts);
        assert.ok(count > 0);
        assert.deepEqual(lost, []);
        assert.deepEqual(loaded(), prepared);
      } finally {
        observer.close();
      }
    } finally {
      await service.stop();
      program.remove();
    }
  });

  test("loads what nobody had told it of when it is asked for", async () => {
    const program = buildGoService();
    const service = await program.start();
    const observer = await openKernelObserver({ sink: newRecorder().sink });
    const has = (name: string): boolean => observer.stats().costs.some((each) => each.name === name);
    try {
      assert.ok(!has("onHTTP2Serve"));
      observer.watch(service.pid, readGoFacts(`/proc/${service.pid}/exe`));
      assert.ok(has("onHTTP2Serve"));
    } finally {
      observer.close();
      await service.stop();
      program.remove();
    }
  });

  test("can be given up", async () => {
    const opening = beginKernelObserver({ sink: newRecorder().sink });
    const opened = opening.opened();
    opening.close();
    await assert.rejects(opened, { code: "closed" });
  });
});
