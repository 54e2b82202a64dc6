import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { ProbeOrder, ProbeOutput, ProbeTold } from "@go3s/server";
import { canObserve } from "../testing/go-service.js";
import { descendantsOf, heldByKernel, isAlive } from "../testing/processes.js";
import { until } from "../testing/running-go3s.js";
import { openProbePort } from "./probe-port.js";

const skip = canObserve ? false : "probes need root";

describe("probes of the page on the real kernel", { skip }, () => {
  const port = openProbePort();
  after(() => port.close());

  /** run starts an order and gathers what it tells. */
  function run(order: Partial<ProbeOrder> & Pick<ProbeOrder, "language" | "text">) {
    const told: ProbeTold[] = [];
    const started = port.run({ title: "test", duration_ms: 120_000, ...order }, (event) => told.push(event));
    const outputs = (): ProbeOutput[] => told.flatMap((each) => (each.type === "output" ? each.items : []));
    const ended = () => told.find((each) => each.type === "ended");
    return { told, outputs, ended, stop: () => started.stop() };
  }
  const wait = async (what: string, done: () => boolean): Promise<void> =>
    assert.ok(await until(120_000, done), `never: ${what}`);

  test("the gallery's one-liners and cookbook compile, and say what an event costs", async () => {
    const examples = port.examples();
    for (const group of ["one-liner", "cookbook", "agent"])
      assert.ok(examples.filter((each) => each.group === group).length >= 5, group);
    for (const { id, group, language, text, about } of examples) {
      assert.notEqual(about, "", id);
      if (group !== "one-liner") continue;
      const check = await port.check({ language, text });
      assert.deepEqual([check.mistakes, check.ok], [[], true], id);
      for (const { instructions, estimate_ns } of check.programs)
        assert.ok(instructions > 0 && estimate_ns > 28, `${id}: ${estimate_ns} ns`);
    }
  });

  test("a compiler's process that is killed is replaced, and what was asked is answered", async () => {
    const before = new Set(descendantsOf(process.pid));
    const fresh = openProbePort();
    try {
      const asked = fresh.check({ language: "script", text: "interval:s:1 { }" });
      const started = () => descendantsOf(process.pid).filter((pid) => !before.has(pid));
      await wait("a process", () => started().length > 0);
      for (const pid of started()) process.kill(pid, "SIGKILL");
      assert.equal((await asked).ok, true);
    } finally {
      await fresh.close();
    }
  });

  test("a mistake is told at its line and column, in both languages", async () => {
    const script = await port.check({
      language: "script",
      text: "tracepoint:sched:sched_switch {\n  @[nothing] = count();\n}\n",
    });
    assert.equal(script.ok, false);
    assert.deepEqual(script.mistakes.map(({ line, column, severity }) => [line, column, severity])[0], [
      2,
      5,
      "error",
    ]);
    const text =
      'package p\n\nimport "bpf"\n\n// @raw_tp:sys_enter\nfunc f(ctx *bpf.RawTracepoint) int {\n\treturn nothing\n}\n';
    const go3s = await port.check({ language: "go3s", text });
    const [mistake] = go3s.mistakes;
    assert.deepEqual([mistake?.line, mistake?.column], [7, 9]);
    assert.equal(text.slice(mistake?.from, mistake?.to), "nothing");
    const empty = await port.check({ language: "script", text: "// nothing" });
    assert.ok(empty.mistakes.length > 0);
  });

  test("what changes the machine is refused", async () => {
    const check = await port.check({ language: "script", text: 'begin { system("touch /tmp/x"); }' });
    assert.equal(check.ok, false);
    assert.match(check.mistakes[0]?.message ?? "", /unsafe/);
  });

  test("a script tells its maps while it runs and what the kernel counted, and leaves nothing when it is stopped", async () => {
    const before = new Set(descendantsOf(process.pid));
    const probe = run({
      language: "script",
      text: "tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }",
    });
    await wait("a map", () => probe.outputs().some((each) => each.kind === "map" && each.rows.length > 0));
    await wait("a cost", () =>
      probe.told.some(
        (each) => each.type === "cost" && each.costs.some(({ runs, ns }) => runs > 0 && ns > 0),
      ),
    );
    assert.deepEqual(probe.told[0], { type: "attached", probes: 1 });
    const own = descendantsOf(process.pid).filter((pid) => !before.has(pid));
    assert.ok(heldByKernel(own) > 0, "it holds programs and links while it runs");
    await probe.stop();
    assert.deepEqual(probe.ended(), { type: "ended", by: "itself", failure: null });
    assert.deepEqual(own.filter(isAlive), []);
  });

  test("a Go3s program tells its maps and events", async () => {
    const text = `package p

import "bpf"

type Seen struct {
	PID  uint32
	Comm [16]byte
}

var (
	calls  = bpf.PerCPUHash[[16]byte, uint64](1024)
	events = bpf.RingBuf[Seen](1 << 16)
)

// @raw_tp:sys_enter
func onCall(ctx *bpf.RawTracepoint) int {
	calls.Increment(bpf.Comm())
	e := events.Reserve()
	if e == nil {
		return 0
	}
	e.PID = bpf.PID()
	e.Comm = bpf.Comm()
	events.Submit(e)
	return 0
}
`;
    const probe = run({ language: "go3s", text });
    await wait("an event", () =>
      probe.outputs().some((each) => each.kind === "event" && Number(each.fields["PID"]) > 0),
    );
    await wait("a map", () =>
      probe.outputs().some((each) => each.kind === "map" && each.name === "calls" && each.rows.length > 0),
    );
    await probe.stop();
    assert.deepEqual(probe.ended(), { type: "ended", by: "itself", failure: null });
  });

  test("a run ends with its time, and with exit()", async () => {
    const timed = run({ language: "script", text: "interval:s:3600 { }", duration_ms: 200 });
    await wait("its end", () => timed.ended() !== undefined);
    assert.deepEqual(timed.ended(), { type: "ended", by: "time", failure: null });
    const exits = run({ language: "script", text: 'begin { printf("done\\n"); exit(); }' });
    await wait("its end", () => exits.ended() !== undefined);
    assert.deepEqual(exits.ended(), { type: "ended", by: "itself", failure: null });
    assert.deepEqual(exits.outputs(), [{ kind: "text", text: "done\n" }]);
  });

  test("what the compiler or the kernel refuses is told, with the place", async () => {
    const wrong = run({ language: "script", text: "begin {\n  @ = nothing;\n}" });
    await wait("its end", () => wrong.ended() !== undefined);
    const told = wrong.ended();
    assert.ok(told?.type === "ended" && told.failure !== null);
    assert.equal(told.failure.code, "bad-program");
    assert.equal(told.failure.mistakes[0]?.line, 2);
    const nowhere = run({ language: "script", text: "tracepoint:nothing:at_all { @ = count(); }" });
    await wait("its end", () => nowhere.ended() !== undefined);
    const refused = nowhere.ended();
    assert.ok(refused?.type === "ended" && refused.failure !== null && refused.failure.message !== "");
  });

  test("a probe's process that is killed is told of, and takes everything along", async () => {
    const before = new Set(descendantsOf(process.pid));
    const probe = run({ language: "script", text: "tracepoint:raw_syscalls:sys_enter { @ = count(); }" });
    await wait("it is attached", () => probe.told.some(({ type }) => type === "attached"));
    for (const pid of descendantsOf(process.pid).filter((each) => !before.has(each)))
      process.kill(pid, "SIGKILL");
    await wait("its end", () => probe.ended() !== undefined);
    const told = probe.ended();
    assert.match((told?.type === "ended" && told.failure?.message) || "", /SIGKILL/);
    await probe.stop();
  });
});
