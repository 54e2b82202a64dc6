import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { aluImm, movImm } from "../asm/arithmetic.js";
import { encodeInstructions } from "../asm/encode.js";
import { exit } from "../asm/flow.js";
import { type Instruction, R0, R1 } from "../asm/instruction.js";
import { load, loadMapFd } from "../asm/memory.js";
import { BtfBuilder } from "../btf/builder.js";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind, BtfLinkage } from "../btf/kinds.js";
import { loadBtf } from "../btf/load.js";
import { BpfError } from "../errors.js";
import { createMap } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import type { ProgramImage } from "../program/spec.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { runRefusals } from "../testing/refusal-run.js";
import { AttachType } from "../uapi/attach-types.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { explainRefusal, refusalRows } from "./explain.js";
import { renderExplanation } from "./render.js";

function image(
  instructions: Uint8Array | readonly Instruction[],
  more: Partial<ProgramImage> = {},
): ProgramImage {
  return { name: "p", type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER, license: "GPL", instructions, ...more };
}

function refusalOf(one: ProgramImage): BpfError {
  try {
    loadProgram(one).close();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  return assert.fail("it was loaded");
}

const told = new Set<string>();

/** What this kernel does not say, or only says of programs with much around them; in the kernels' own words. */
const OTHERS: readonly { kind: string; says: string }[] = [
  { kind: "back-edge", says: "back-edge from insn 3 to 1" },
  {
    kind: "lock-held",
    says: "1: (95) exit\nBPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region",
  },
  {
    kind: "lock-held",
    says: "0: (85) call bpf_ktime_get_ns#5\nfunction calls are not allowed while holding a lock",
  },
  { kind: "function-argument", says: "0: (85) call pc+1\nCaller passes invalid args into func#1 ('f')" },
  { kind: "map-not-allowed", says: "tracing progs cannot use bpf_spin_lock yet" },
  {
    kind: "helper-not-allowed",
    says: "0: (85) call bpf_skb_load_bytes#26\nunknown func bpf_skb_load_bytes#26",
  },
  { kind: "pointer-arithmetic", says: "0: (1f) r1 -= r2\nR1 tried to subtract pointer from scalar" },
  { kind: "not-a-pointer", says: "0: (79) r0 = *(u64 *)(r1 +0)\nR1 invalid mem access 'inv'" },
  {
    kind: "result-range",
    says: "0: (95) exit\nAt program exit the register R0 has value (0x9; 0x0) should have been in (0x0; 0x1)",
  },
  {
    kind: "stack-uninitialised",
    says: "0: (85) call bpf_map_lookup_elem#1\ninvalid indirect read from stack off -8+4 size 8",
  },
  { kind: "value-bounds", says: "0: (79) r0 = *(u64 *)(r1 +0)\nR1 max value is outside of the array range" },
  {
    kind: "struct-bounds",
    says: "0: (79) r0 = *(u64 *)(r1 -8)\nR1 is bpf_array invalid negative access: off=-8",
  },
  {
    kind: "stack-variable-offset",
    says: "0: (79) r0 = *(u64 *)(r2 +0)\nR2 variable stack access prohibited for !root, var_off=(0x0; 0x4)",
  },
  {
    kind: "mixed-pointers",
    says: "0: (79) r0 = *(u64 *)(r1 +0)\nsame insn cannot be used with different pointers",
  },
  {
    kind: "reference-argument",
    says: "0: (85) call bpf_cgroup_release#9\nrelease kernel function bpf_cgroup_release expects refcounted PTR_TO_BTF_ID",
  },
  { kind: "dynptr", says: "0: (85) call bpf_dynptr_read#201\nExpected an initialized dynptr as arg #2" },
  { kind: "iterator", says: "0: (85) call bpf_iter_num_next#9\nexpected an initialized iter_num as arg #0" },
  {
    kind: "packet-for-helper",
    says: "0: (85) call bpf_map_lookup_elem#1\nhelper access to the packet is not allowed",
  },
  {
    kind: "stack-too-deep",
    says: "tail_calls are not allowed when stack size of previous frames is 300 bytes. Too large",
  },
  {
    kind: "lock-held",
    says: "0: (85) call bpf_rcu_read_unlock#9\nunmatched rcu read unlock (kernel function bpf_rcu_read_unlock)",
  },
  { kind: "argument-type", says: "0: (85) call bpf_iter_num_new#9\nR2 is not a scalar" },
  {
    kind: "needs-types",
    says: "0: (85) call bpf_tail_call#12\ntail_call is not allowed in subprogs without BTF",
  },
  {
    kind: "moved-context",
    says: "0: (79) r0 = *(u64 *)(r1 +0)\nnegative offset ctx ptr R1 off=-4 disallowed",
  },
  {
    kind: "needs-capability",
    says: "0: (79) r0 = *(u64 *)(r1 +0)\nbpf_array access is allowed only to CAP_PERFMON and CAP_SYS_ADMIN",
  },
  { kind: "must-sleep", says: "Syscall programs can only be sleepable" },
  { kind: "jump-out-of-range", says: "call to invalid destination" },
  { kind: "misaligned", says: "0: (79) r0 = *(u64 *)(r1 +1)\nmisaligned access off 0+0+1 size 8" },
  { kind: "read-only-memory", says: "0: (7b) *(u64 *)(r1 +0) = r2\nonly read from bpf_array is supported" },
  { kind: "unknown", says: "something nobody has read before" },
];

for (const { kind, says } of OTHERS) {
  test(`in other words: ${says.split("\n").at(-1)}`, () => {
    const explanation = explainRefusal(image([movImm(R0, 0), exit()]), says);
    assert.equal(explanation.kind, kind);
    assert.equal(explanation.said, says.split("\n").at(-1));
    assert.doesNotMatch(renderExplanation(explanation), /undefined|\{\w+\}/);
    told.add(kind);
  });
}

test("the log of an old kernel is told at its source line, in its language", () => {
  // As 5.10 prints it: whole states, _w marks, `inv`.
  const log = `func#0 @0
0: R1=ctx(id=0,off=0,imm=0) R10=fp0
; v := counts.Lookup(1)
0: (18) r1 = 0xffff888000000000
2: R1_w=map_ptr(id=0,off=0,ks=4,vs=8,imm=0) R10=fp0
2: (85) call bpf_map_lookup_elem#1
3: R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R10=fp0
; return *v
3: (79) r0 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
  const lines = [
    { slot: 0, file: "a.go3s", line: 7, column: 7, text: "\tv := counts.Lookup(1)" },
    { slot: 3, file: "a.go3s", line: 8, column: 9, text: "\treturn *v" },
  ];
  const code = [loadMapFd(R1, 3), { ...exit(), opcode: 0x85, imm: 1 }, load(8, R0, R0, 0), exit()];
  const explanation = explainRefusal(image(code, { lines }), log);
  assert.deepEqual(explanation.registers, {
    r0: "map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0)",
    r10: "fp0",
  });
  assert.equal(
    renderExplanation(explanation),
    [
      "a.go3s:8:9: `v` (r0) may be nil here because the lookup on line 7 was not compared with nil [may-be-null]",
      "  8 | \treturn *v",
      "    | \t       ^",
      "  - line 7: r0 is what bpf_map_lookup_elem gives: a pointer to a value of a map, or nil",
      "  - line 8 reads 8 bytes through `v` (r0), which was not compared with nil on the way",
      "  verifier: R0 invalid mem access 'map_value_or_null'",
      "  help: compare `v` with nil before it is used, and return or skip when it is nil",
    ].join("\n"),
  );
});

test("a loop that does not end in time is told with how far it came", () => {
  const loop = [
    movImm(R0, 0),
    aluImm("add", R0, 1),
    { ...exit(), opcode: 0x55, offset: -2, imm: 3_000_000 },
    exit(),
  ];
  const turn = (n: number): string =>
    `1: (07) r0 += 1 ; R0=${n}\n2: (55) if r0 != 0x2dc6c0 goto pc-2 ; R0=${n}\n`;
  const turns = Array.from({ length: 50 }, (_, n) => turn(499_000 + n)).join("");
  const log = `${turns}BPF program is too large. Processed 1000001 insn\nprocessed 1000001 insns (limit 1000000)`;
  const { kind, story } = explainRefusal(image(loop), log);
  assert.equal(kind, "too-many-instructions");
  assert.deepEqual(story, [
    "instruction 2: the jump back to instruction 1 was followed 49 times in the part of the log that was kept",
    "its condition is `if r0 != 0x2dc6c0`, and r0 had come to the number 499048",
  ]);
  told.add(kind);
});

test("any log and any code are explained without harm", () => {
  const parts = fc.constantFrom(
    "0: R1=ctx() R10=fp0",
    "0: (79) r0 = *(u64 *)(r1 +0) ; R0=scalar(umax=5",
    "1: (85) call pc+1",
    "1: (95) exit",
    "from 3 to 7: R0=((((",
    "R0 invalid mem access 'scalar'",
    "Unreleased reference id=1 alloc_insn=1",
    "R9 !read_ok",
    "fp-8=mmmm",
  );
  const line = fc.oneof(parts, fc.string());
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.uint8Array({ maxLength: 64 }), (log, code) => {
      const explanation = explainRefusal(image(code), log.join("\n"));
      assert.ok(renderExplanation(explanation).length > 0);
    }),
  );
});

describe("refusals of this kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  test("are told by kind, with a story and a fix", () => {
    for (const { name, wanted, explanation, message, hint } of runRefusals(false)) {
      assert.ok(explanation !== undefined, `${name}: ${message}`);
      const text = renderExplanation(explanation);
      assert.equal(explanation.kind, wanted.kind, `${name}: ${text}`);
      if (wanted.tells !== undefined) assert.match(explanation.story.join("\n"), wanted.tells, name);
      assert.doesNotMatch(text, /undefined|NaN|\{\w+\}/, name);
      assert.equal(hint, explanation.fix);
      assert.ok(message.endsWith(explanation.said), `${name}: ${message}`);
      told.add(wanted.kind);
    }
  });

  const cannotRestrict = existsSync("/usr/bin/setpriv") ? false : "setpriv is not installed";
  test("a process without CAP_PERFMON is refused more, and told so", { skip: cannotRestrict }, () => {
    const script = fileURLToPath(new URL("../testing/restricted-refusals.js", import.meta.url));
    // cap_39 is CAP_BPF, which older setpriv does not know by name.
    const only = ["--bounding-set=-all,+cap_39", "--inh-caps=-all", process.execPath, script];
    const child = spawnSync("/usr/bin/setpriv", only, { encoding: "utf8", timeout: 60_000 });
    assert.equal(child.status, 0, child.stderr);
    const lines = child.stdout.trim().split("\n");
    assert.equal(lines.length, 5);
    for (const line of lines) {
      const { name, wanted, explanation } = JSON.parse(line);
      assert.equal(explanation?.kind, wanted, name);
      told.add(wanted);
    }
  });

  test("what the program hangs on is told as such", () => {
    const type = ProgramType.BPF_PROG_TYPE_TRACING;
    const attachType = AttachType.BPF_TRACE_RAW_TP;
    const attachBtfId = kernelBtf().findOne("task_struct", BtfKind.STRUCT);
    const code = [movImm(R0, 0), exit()];
    const target = refusalOf(image(code, { type, attachType, attachBtfId })).explanation;
    assert.equal(target?.kind, "bad-attach-target");
    assert.equal(target?.instruction, undefined);

    const btf = new BtfBuilder();
    const int = btf.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
    const proto = btf.add({ kind: "func_proto", type: int, parameters: [] });
    const func = btf.add({ kind: "func", name: "f", type: proto, linkage: BtfLinkage.STATIC });
    using types = loadBtf(btf.encode());
    const info = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
    const withTypes = { btfFd: types.number };
    const twice = refusalOf(image(code, { ...withTypes, functionInfo: info(0, func, 1, func) })).explanation;
    assert.equal(twice?.kind, "bad-function-info", twice?.said);
    const lineInfo = info(9, 0, 0, 1 << 10);
    const outside = refusalOf(
      image(code, { ...withTypes, functionInfo: info(0, func), lineInfo }),
    ).explanation;
    assert.equal(outside?.kind, "bad-line-info", outside?.said);
    for (const one of [target, twice, outside]) told.add(one?.kind ?? "");
  });

  test("a log that is too long is kept at its end, with the kernel's verdict", () => {
    // A log that is cut makes the kernel say ENOSPC instead.
    const long = Array.from({ length: 60_000 }, () => aluImm("add", R0, 1));
    const error = refusalOf(image([movImm(R0, 0), ...long, load(8, R0, R0, 0), exit()]));
    assert.equal(error.errno, 13);
    assert.ok((error.log?.length ?? 0) <= 2 * 1024 * 1024);
    assert.deepEqual(
      [error.explanation?.kind, error.explanation?.instruction?.slot],
      ["not-a-pointer", 60_001],
    );
  });

  test("a program array of other programs is told, of which the verifier says nothing", () => {
    using slots = createMap({
      name: "slots",
      type: MapType.BPF_MAP_TYPE_PROG_ARRAY,
      keySize: 4,
      valueSize: 4,
      maxEntries: 1,
    });
    const code = [loadMapFd(R1, slots.fd), movImm(R0, 0), exit()];
    using first = loadProgram(image(code));
    const error = refusalOf(image(code, { type: ProgramType.BPF_PROG_TYPE_TRACEPOINT }));
    assert.ok(first.fd > 0);
    assert.equal(error.explanation?.kind, "refused-after", error.log);
    told.add("refused-after");
  });

  test("a refusal without words says where to look", () => {
    const error = refusalOf(
      image([movImm(R0, 0), exit()], { attachType: 99, type: ProgramType.BPF_PROG_TYPE_CGROUP_SKB }),
    );
    assert.equal(error.explanation, undefined);
    assert.match(error.hint ?? "", /did not look at the instructions/);
    assert.equal(refusalOf(image([])).code, "bad-argument");
  });

  test("every row was told", () => {
    const missing = new Set(refusalRows().map(({ kind }) => kind));
    for (const kind of told) missing.delete(kind);
    // Found by the case "no result" and, restricted, by setpriv.
    if (cannotRestrict) for (const kind of ["address-leak", "pointer-comparison"]) missing.delete(kind);
    assert.deepEqual([...missing], []);
  });
});

test("code that ends in the middle of an instruction is no reason to fail", () => {
  const cut = encodeInstructions([loadMapFd(R1, 3)]).subarray(0, 8);
  assert.equal(explainRefusal(image(cut), "0: (18) r1 = 0x3\nR1 !read_ok").kind, "unset-register");
});
