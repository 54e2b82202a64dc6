import assert from "node:assert/strict";
import { once } from "node:events";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { aluImm, movImm, movReg } from "../asm/arithmetic.js";
import { callHelper, exit, jumpIfReg } from "../asm/flow.js";
import { R0, R1 } from "../asm/instruction.js";
import { loadMapValue, storeReg } from "../asm/memory.js";
import { PerfHardware, PerfSoftware, PerfType } from "../kernel/perf.js";
import { addressOf } from "../kernel/syscall.js";
import { createMap, u32Bytes } from "../maps/map.js";
import { BPFFS, isOnBpffs } from "../pin/bpffs.js";
import { unpin } from "../pin/folder.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import { countingProgram, countOf, createCounter } from "../testing/counter.js";
import { refused } from "../testing/errors.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { AttachType } from "../uapi/attach-types.js";
import { HelperFunction } from "../uapi/helper-functions.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { attachKprobeMulti } from "./kprobe-multi.js";
import { openPinnedLink } from "./open.js";
import { attachPerfEvent } from "./perf-event.js";
import { attachRawTracepoint } from "./raw-tracepoint.js";
import { findTracefs } from "./tracefs.js";
import { attachTracepoint } from "./tracepoint.js";
import { attachUprobeMulti } from "./uprobe-multi.js";

function createCell() {
  return createMap({
    name: "cell",
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: 8,
    maxEntries: 1,
  });
}

function cookieIn(cell: ReturnType<typeof createCell>): bigint {
  const value = cell.lookup(u32Bytes(0));
  return value === undefined ? -1n : new DataView(value.buffer, value.byteOffset).getBigUint64(0, true);
}

/** A program that writes its cookie into the cell, for any process: another one's cookie is the same. */
function cookieProgram(type: ProgramTypeId, cell: ReturnType<typeof createCell>): Program {
  return loadProgram({
    name: "cookie",
    type,
    license: "GPL",
    instructions: [
      callHelper(HelperFunction.get_attach_cookie),
      loadMapValue(R1, cell.fd, 0),
      storeReg(8, R1, 0, R0),
      movImm(R0, 0),
      exit(),
    ],
  });
}

/** spend uses the processor until something is so, or for too long; gives what it computed, so that it must be. */
function spend(until: () => boolean): number {
  let sum = 0;
  for (let round = 0; round < 1e6 && !until(); round++) for (let k = 0; k < 20_000; k++) sum += k;
  return sum;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo() && waited < 1000; waited++) await sleep(10);
}

describe("probes", { skip: skipWithoutBpf() }, () => {
  const held = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), held));

  test("a perf event by frequency, by thread and by processor, gives its cookie", () => {
    const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK };
    const ways = [
      { frequency: 1000 },
      { frequency: 1000, pid: process.pid },
      { frequency: 1000, threadId: process.pid },
      { period: 1_000_000, cpu: 0 },
    ];
    for (const [index, way] of ways.entries()) {
      using cell = createCell();
      using program = cookieProgram(ProgramType.BPF_PROG_TYPE_PERF_EVENT, cell);
      using link = attachPerfEvent(program, { ...clock, ...way, cookie: BigInt(index + 40) });
      // Which processor this runs on is not ours to say: for one of several, being attached is what is tested.
      if (!("cpu" in way)) {
        spend(() => cookieIn(cell) !== 0n);
        assert.equal(cookieIn(cell), BigInt(index + 40));
      }
      const info = link.info();
      assert.ok(info.kind === "perf-event" && info.config === BigInt(clock.config));
      assert.equal(info.cookie, BigInt(index + 40));
      assert.throws(() => link.update(program), refused("not-supported", /perf-event keep their program/));
    }
  });

  test("all threads of a process are sampled, also those that come later", async () => {
    // Counts the samples of threads that are not the first of this process.
    using counter = createCounter(process.pid);
    const notFirst = [
      callHelper(HelperFunction.get_current_pid_tgid),
      movReg(R1, R0),
      aluImm("rsh", R1, 32),
      aluImm("and", R0, -1, 32),
      jumpIfReg("eq", R0, R1, "out"),
    ];
    using program = loadProgram({
      name: "threads",
      type: ProgramType.BPF_PROG_TYPE_PERF_EVENT,
      instructions: countingProgram(counter, notFirst),
      license: "GPL",
    });
    const clock = { type: PerfType.SOFTWARE, config: PerfSoftware.CPU_CLOCK, frequency: 1000 };
    const early = new Worker("for (;;);", { eval: true });
    await once(early, "online");
    using link = attachPerfEvent(program, { ...clock, pid: process.pid });
    assert.equal(link.kind, "perf-event");
    try {
      await until(() => countOf(counter) > 0);
    } finally {
      await early.terminate();
    }
    const counted = countOf(counter);
    assert.ok(counted > 0, "a thread from before");
    const late = new Worker("for (;;);", { eval: true });
    try {
      // The thread that was there before ran for some more: much more than that is the new one's.
      await until(() => countOf(counter) > counted + 50);
    } finally {
      await late.terminate();
    }
    assert.ok(countOf(counter) > counted + 50, "a thread from after");
    assert.throws(
      () => attachPerfEvent(program, { ...clock, pid: 0x3fff_ffff }),
      refused("not-found", /no process/),
    );
  });

  test("a hardware breakpoint sees who writes to an address", () => {
    using counter = createCounter(process.pid);
    using program = loadProgram({
      name: "watch",
      type: ProgramType.BPF_PROG_TYPE_PERF_EVENT,
      instructions: countingProgram(counter),
      license: "GPL",
    });
    const word = new BigUint64Array(8);
    const breakpoint = { on: 2, address: BigInt(addressOf(word)), length: 8 };
    try {
      using link = attachPerfEvent(program, {
        type: PerfType.BREAKPOINT,
        config: 0,
        period: 1,
        pid: process.pid,
        breakpoint,
      });
      word[0] = 1n;
      word[0] = 2n;
      word[1] = 3n;
      assert.equal(countOf(counter), 2);
      assert.equal(link.kind, "perf-event");
    } catch (error) {
      // Machines without debug registers say so, and that is told.
      assert.ok(refused("not-supported", /event/)(error), String(error));
    }
  });

  test("hardware counters are there, or told to be missing", () => {
    using cell = createCell();
    using program = cookieProgram(ProgramType.BPF_PROG_TYPE_PERF_EVENT, cell);
    const event = { type: PerfType.HARDWARE, config: PerfHardware.CPU_CYCLES, period: 1e6, cookie: 3n };
    let link: ReturnType<typeof attachPerfEvent>;
    try {
      link = attachPerfEvent(program, event);
    } catch (error) {
      assert.ok(refused("not-supported", /no hardware counters.*CPU_CLOCK/)(error), String(error));
      return;
    }
    spend(() => cookieIn(cell) !== 0n);
    link.close();
    assert.equal(cookieIn(cell), 3n);
  });

  test("tracepoints give their cookie", { skip: findTracefs() ? false : "no tracefs" }, () => {
    using cell = createCell();
    using program = cookieProgram(ProgramType.BPF_PROG_TYPE_TRACEPOINT, cell);
    using link = attachTracepoint(program, { group: "sched", name: "sched_switch", cookie: 51n });
    for (let round = 0; round < 1000 && cookieIn(cell) === 0n; round++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    assert.equal(cookieIn(cell), 51n);
    const info = link.info();
    assert.ok(info.kind === "tracepoint");
    assert.deepEqual([info.tracepoint, info.cookie], ["sched_switch", 51n]);
    assert.throws(() => link.update(program), refused("not-supported", /keep their program.*createSlot/));
    link.detach();
    assert.deepEqual(link.fds, []);
    assert.throws(() => link.info(), refused("closed", /after close/));
  });

  test("a raw tracepoint tells what it is", () => {
    using cell = createCell();
    using program = cookieProgram(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, cell);
    using link = attachRawTracepoint(program, { name: "sys_enter", cookie: 9n });
    const info = link.info();
    assert.ok(info.kind === "raw-tracepoint");
    assert.equal(info.tracepoint, "sys_enter");
    assert.equal(cookieIn(cell), 9n);
  });

  test("a pinned link that cannot be detached says so", {
    skip: isOnBpffs(BPFFS) ? false : "no bpffs",
  }, () => {
    using cell = createCell();
    using program = cookieProgram(ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, cell);
    using link = attachRawTracepoint(program, { name: "sys_enter", cookie: 12n });
    const path = link.pin(`${BPFFS}/go3s_raw_${process.pid}`);
    try {
      assert.throws(() => link.detach(), refused("not-supported", /while they are pinned.*unpin .*go3s_raw/));
      link.close();
      using again = openPinnedLink(path);
      assert.equal(again.kind, "raw-tracepoint");
      assert.equal(again.info().programId, program.info().id);
      assert.equal(cookieIn(cell), 12n);
    } finally {
      unpin(path);
    }
  });

  test("kprobe.multi and its session are attached or refused with what is missing", () => {
    for (const session of [false, true]) {
      const attachType = session ? AttachType.BPF_TRACE_KPROBE_SESSION : AttachType.BPF_TRACE_KPROBE_MULTI;
      using counter = createCounter(process.pid);
      using program = loadProgram({
        name: "multi",
        type: ProgramType.BPF_PROG_TYPE_KPROBE,
        attachType,
        instructions: countingProgram(counter),
        license: "GPL",
      });
      try {
        using link = attachKprobeMulti(program, {
          symbols: ["do_exit", "do_sys_openat2"],
          cookies: [1n, 2n],
          session,
        });
        const info = link.info();
        assert.ok(info.kind === "kprobe-multi" && info.count === 2);
      } catch (error) {
        assert.ok(
          refused(
            "not-supported",
            /attach program "multi" to kprobe.*BPF_LINK_CREATE says.*CONFIG_FPROBE=y/,
          )(error),
          String(error),
        );
      }
      assert.throws(() => attachKprobeMulti(program, {}), refused("bad-argument", /symbols or by addresses/));
      assert.throws(
        () => attachKprobeMulti(program, { symbols: ["do_exit"], cookies: [] }),
        refused("bad-argument", /0 cookies for 1 functions/),
      );
    }
  });

  test("a uprobe session is attached at entry and return", () => {
    using counter = createCounter(process.pid);
    using program = loadProgram({
      name: "session",
      type: ProgramType.BPF_PROG_TYPE_KPROBE,
      attachType: AttachType.BPF_TRACE_UPROBE_SESSION,
      instructions: countingProgram(counter),
      license: "GPL",
    });
    // The first bytes of an executable are its header, where no one ever executes anything.
    const where = { path: "/proc/self/exe", offsets: [0], cookies: [8n], pid: process.pid };
    using link = attachUprobeMulti(program, { ...where, session: true });
    const info = link.info();
    assert.ok(info.kind === "uprobe-multi");
    assert.deepEqual([info.offsets, info.cookies, info.pid], [[0], [8n], process.pid]);
  });
});
