import assert from "node:assert/strict";
import { test } from "node:test";
import { renderDiagnostics } from "../compile.js";
import { compileScript, type ScriptOptions } from "./compile-script.js";

const format = (name: string): string => `name: ${name}
ID: 1
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;

	field:int value;	offset:8;	size:4;	signed:1;
`;

const options: ScriptOptions = {
  tracepoints: () => ["sched:sched_switch", "sched:sched_wakeup", "sched:made_of_a_probe"],
  tracepointFormat: (_, name) => format(name),
  isRawTracepoint: (_, name) => !name.startsWith("made"),
};

const sections = (text: string): string[] => {
  const result = compileScript({ name: "x.bt", text }, options);
  assert.equal(renderDiagnostics(result), "");
  return result.programs.map(({ section }) => section);
};

test("a tracepoint's program is a raw one when it asks nothing of its context", () => {
  assert.deepEqual(sections("t:sched:sched_switch { @[comm, pid] = count(); }"), ["raw_tp/sched_switch"]);
  assert.deepEqual(sections('t:sched:sched_* /pid > 1/ { printf("%d %s\\n", cpu, comm); }'), [
    "raw_tp/sched_switch",
  ]);
  const script = compileScript(
    { name: "x.bt", text: "t:sched:sched_switch { @ = count(); }" },
    options,
  ).script;
  assert.deepEqual(script?.probes[0]?.places, [
    { kind: "tracepoint", group: "sched", name: "sched_switch", raw: true },
  ]);
});

test("programs with fields or kernel stacks stay perf's, and so do system calls and events made of probes", () => {
  for (const [script, section] of [
    ["t:sched:sched_switch { @[args.value] = count(); }", "tracepoint/sched/sched_switch"],
    ["t:sched:sched_switch { @[kstack] = count(); }", "tracepoint/sched/sched_switch"],
    ["t:syscalls:sys_enter_read { @ = count(); }", "tracepoint/syscalls/sys_enter_read"],
    ["t:sched:made_of_a_probe { @ = count(); }", "tracepoint/sched/made_of_a_probe"],
    ["t:sched:* { @ = count(); }", "tracepoint/sched/sched_switch"],
  ] as const)
    assert.deepEqual(sections(script), [section], script);
});
