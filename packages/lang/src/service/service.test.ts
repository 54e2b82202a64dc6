import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { machineOptions } from "../testing/live.js";
import { analyse, type Spot } from "./analysis.js";
import { completionsAt, type MachineNames } from "./complete.js";
import { definitionAt } from "./definition.js";
import { hoverAt } from "./hover.js";

const program = `package probe

import "bpf"

type Event struct {
	PID  uint32
	Port uint16
}

func (e *Event) fill(port uint16) {
	e.Port = port
}

var (
	events = bpf.RingBuf[Event](4096)
	counts = bpf.Hash[uint32, uint64](16)
)

const limit = 300

// @tracepoint:sock:inet_sock_set_state
func onState(ctx *bpf.Tracepoint) int {
	task := bpf.CurrentTask()
	parent := task.real_parent
	if ctx.newstate != bpf.TCP_SYN_SENT || parent.tgid > limit {
		return 0
	}
	counts.Increment(bpf.PID())
	e := events.Reserve()
	if e == nil {
		return 0
	}
	e.fill(ctx.dport)
	events.Submit(e)
	return 0
}
`;
const sources = (text: string) => [{ name: "probe.go3s", text }];
const options = { ...machineOptions(), check: false };
const names: MachineNames = {
  tracepoints: () => ["sock:inet_sock_set_state", "sched:sched_switch", "syscalls:sys_enter_openat"],
  kernelTypes: (prefix) => ["task_struct", "sock"].filter((each) => each.startsWith(prefix)),
};

/** spot finds the place of a mark: the text before and behind the cursor, written with |. */
function spot(marked: string, text = program): Spot {
  const at = text.indexOf(marked.replace("|", ""));
  assert.ok(at >= 0, marked);
  return { file: "probe.go3s", offset: at + marked.indexOf("|") };
}

describe("hover", () => {
  const analysis = analyse(sources(program), options);
  for (const [mark, code, note] of [
    ["ev|ents.Reserve", /^var events = bpf\.RingBuf\[Event\]\(4096\)/, undefined],
    ["parent.tg|id", /^tgid int32 \/\/ offset \d+$/, /vmlinux\.task_struct/],
    ["task.real_p|arent", /^real_parent \*vmlinux\.task_struct/, /vmlinux\.task_struct/],
    ["ctx.new|state", /^newstate int32 \/\/ offset \d+$/, /bpf\.Tracepoint/],
    ["> lim|it", /^const limit = 300 \/\/ 0x12c$/, undefined],
    ["bpf.CurrentT|ask", /bpf\.CurrentTask/, /\(\)/],
    ["e.Po|rt = port", /^Port uint16 \/\/ offset 4$/, /Event/],
    ["RingBuf[Ev|ent]", /type Event struct \{ \/\/ 8 bytes\n\tPID uint32 \/\/ offset 0/, undefined],
    [
      "// @tracepoint:sock:inet|_sock",
      /dport uint16 \/\/ offset/,
      /section tracepoint\/sock\/inet_sock_set_state/,
    ],
  ] as const) {
    test(mark, () => {
      const found = hoverAt(analysis, spot(mark));
      assert.match(found?.code ?? "", code);
      if (note !== undefined) assert.match(found?.note ?? "", note);
    });
  }

  test("nothing is said of what is no name", () => {
    assert.equal(hoverAt(analysis, spot("return| 0\n}\n")), undefined);
  });
});

describe("definition", () => {
  const analysis = analyse(sources(program), options);
  for (const [mark, declared] of [
    ["ev|ents.Submit", "events = bpf"],
    ["e.fi|ll(", "fill(port uint16)"],
    ["e.Po|rt = port", "Port uint16"],
    ["e.Port = po|rt", "port uint16"],
    ["RingBuf[Ev|ent]", "Event struct"],
    ["parent.tgid > li|mit", "limit = 300"],
    ["par|ent.tgid", "parent := task"],
  ] as const) {
    test(mark, () => assert.equal(definitionAt(analysis, spot(mark))?.start, program.indexOf(declared)));
  }

  test("the kernel's names are declared nowhere", () => {
    assert.equal(definitionAt(analysis, spot("parent.tg|id")), undefined);
    assert.equal(definitionAt(analysis, spot("b|pf.CurrentTask")), undefined);
  });
});

describe("completion", () => {
  const at = (text: string, mark: string): string[] =>
    completionsAt(sources(text), options, names, spot(mark, text)).map((each) => each.label);
  const edited = (from: string, to: string): string => program.replace(from, to);

  for (const [name, from, to, mark, wanted, unwanted] of [
    [
      "members of a kernel pointer",
      "parent.tgid > limit",
      "parent.",
      "parent.|",
      ["tgid", "pid", "comm"],
      ["limit"],
    ],
    [
      "a tracepoint's fields",
      "ctx.newstate !=",
      "ctx. !=",
      "ctx.|",
      ["newstate", "dport", "skaddr"],
      ["tgid"],
    ],
    [
      "fields and methods of one's own",
      "e.fill(ctx.dport)",
      "e.",
      "e.|\n\tevents",
      ["PID", "Port", "fill"],
      ["Reserve"],
    ],
    [
      "methods of a map",
      "counts.Increment",
      "counts.Inc",
      "counts.Inc|",
      ["Lookup", "Increment"],
      ["Reserve"],
    ],
    [
      "the package bpf",
      "bpf.PID()",
      "bpf.",
      "(bpf.|)",
      ["PID", "Hash", "Tracepoint", "TCP_SYN_SENT"],
      ["ProbeRead"],
    ],
    ["helpers", "bpf.PID()", "helpers.", "helpers.|", ["ProbeReadKernel", "GetPrandomU32"], ["PID"]],
    ["kernel types", "bpf.CurrentTask()", "(*vmlinux.ta", "vmlinux.ta|", ["task_struct"], ["sock"]],
    [
      "names around",
      "counts.Increment",
      "ta",
      "ta|(bpf.PID())",
      ["task", "parent", "events", "limit", "Event", "return"],
      ["e", "port"],
    ],
    [
      "hooks",
      "@tracepoint:sock:inet_sock_set_state",
      "@",
      "// @|",
      ["tracepoint", "xdp", "Go3sLog"],
      ["events"],
    ],
    ["groups", ":sock:inet_sock_set_state", ":", "@tracepoint:|", ["sock", "sched"], ["sched_switch"]],
    [
      "tracepoints",
      "inet_sock_set_state",
      "",
      "@tracepoint:sock:|",
      ["inet_sock_set_state"],
      ["sched_switch"],
    ],
    [
      "raw tracepoints",
      "@tracepoint:sock:inet_sock_set_state",
      "@raw_tp:",
      "@raw_tp:|",
      ["sched_switch"],
      ["sys_enter_openat"],
    ],
  ] as const) {
    test(name, () => {
      const labels = at(edited(from, to), mark);
      for (const each of wanted)
        assert.ok(labels.includes(each), `${each} is missing: ${labels.slice(0, 20)}`);
      for (const each of unwanted) assert.ok(!labels.includes(each), `${each} is proposed`);
    });
  }

  test("nothing in a comment", () => {
    const text = edited("// @tracepoint", "// words\n// @tracepoint");
    assert.deepEqual(at(text, "// wor|ds"), []);
  });
});
