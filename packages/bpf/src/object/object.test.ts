import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { kernelBtf } from "../btf/kernel.js";
import { BtfKind } from "../btf/kinds.js";
import { BpfError } from "../errors.js";
import { createMap, u32Bytes, u64Bytes } from "../maps/map.js";
import { kernelDescriptors, skipWithoutBpf } from "../testing/kernel.js";
import { OWN_SECTION, ownObject } from "../testing/own-object.js";
import { MapType } from "../uapi/map-types.js";
import { ProgramType } from "../uapi/program-types.js";
import { attachBySection } from "./attach.js";
import { loadObject } from "./load.js";
import { readObject } from "./read.js";
import { meaningOfSection, sectionRows } from "./section-names.js";

test("names of sections say type, attach type and target", () => {
  const cases = [
    {
      have: "tracepoint/sched/sched_switch",
      type: ProgramType.BPF_PROG_TYPE_TRACEPOINT,
      target: "sched/sched_switch",
    },
    {
      have: "tp/sched/sched_switch",
      type: ProgramType.BPF_PROG_TYPE_TRACEPOINT,
      target: "sched/sched_switch",
    },
    { have: "raw_tp/sys_enter", type: ProgramType.BPF_PROG_TYPE_RAW_TRACEPOINT, target: "sys_enter" },
    { have: "tp_btf/sched_switch", type: ProgramType.BPF_PROG_TYPE_TRACING, target: "sched_switch" },
    { have: "uprobe", type: ProgramType.BPF_PROG_TYPE_KPROBE, target: "" },
    { have: "uprobe.multi//bin/sh:main", type: ProgramType.BPF_PROG_TYPE_KPROBE, target: "/bin/sh:main" },
    { have: "xdp", type: ProgramType.BPF_PROG_TYPE_XDP, target: "" },
    { have: "?xdp", type: ProgramType.BPF_PROG_TYPE_XDP, target: "" },
    { have: "cgroup/connect4", type: ProgramType.BPF_PROG_TYPE_CGROUP_SOCK_ADDR, target: "" },
    { have: "tracepointless", type: ProgramType.BPF_PROG_TYPE_UNSPEC, target: "" },
    {
      have: "s_tracepoint:sched:sched_switch_1",
      type: ProgramType.BPF_PROG_TYPE_TRACEPOINT,
      target: "sched/sched_switch",
    },
    { have: "s_kfunc:vmlinux:vfs_read_2", type: ProgramType.BPF_PROG_TYPE_TRACING, target: "vfs_read" },
    { have: "s_BEGIN_1", type: ProgramType.BPF_PROG_TYPE_KPROBE, target: "" },
    { have: "s_interval:s:1_1", type: ProgramType.BPF_PROG_TYPE_PERF_EVENT, target: "s:1" },
    { have: "s_nothing:x_1", type: ProgramType.BPF_PROG_TYPE_UNSPEC, target: "" },
    { have: "xdp_prog1", type: ProgramType.BPF_PROG_TYPE_XDP, target: "" },
    { have: "socket2", type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER, target: "" },
    { have: "tcp", type: ProgramType.BPF_PROG_TYPE_UNSPEC, target: "" },
    { have: "my_section", type: ProgramType.BPF_PROG_TYPE_UNSPEC, target: "" },
  ];
  for (const { have, type, target } of cases) {
    const meaning = meaningOfSection(have);
    assert.deepEqual({ type: meaning.type, target: meaning.target }, { type, target }, have);
  }
  assert.equal(new Set(sectionRows.map((row) => row.prefix)).size, sectionRows.length);
});

test("an object is read into a spec that needs no kernel", () => {
  const spec = readObject(ownObject());
  assert.equal(spec.license, "Dual MIT/GPL");
  assert.deepEqual([...spec.maps.keys()].sort(), [".bss", ".rodata", "counts"]);
  const counts = spec.maps.get("counts");
  assert.deepEqual(
    [counts?.type, counts?.keySize, counts?.valueSize, counts?.maxEntries],
    [MapType.BPF_MAP_TYPE_ARRAY, 4, 8, 4],
  );
  const program = spec.programs.get("count");
  assert.equal(program?.section, OWN_SECTION);
  // The subprogram stands behind the program, and the call goes there: slot 19 from slot 3.
  assert.equal(program?.code.length, 152 + 24);
  assert.equal(new DataView(program.code.buffer).getInt32(28, true), 15);
  assert.deepEqual(program.references, [
    { kind: "data", offset: 0, map: ".rodata", at: 0 },
    { kind: "map", offset: 64, map: "counts" },
    { kind: "data", offset: 104, map: ".bss", at: 0 },
  ]);
  assert.deepEqual(
    program.functions.map(({ offset }) => offset),
    [0, 152],
  );
  assert.deepEqual(
    program.lines.map(({ offset, line }) => [offset, line]),
    [
      [0, 2],
      [152, 9],
    ],
  );
  assert.deepEqual(spec.variables.get("runs")?.map, ".bss");
  assert.deepEqual(readObject(ownObject()), spec);
});

test("broken objects give a BpfError or a spec, never anything else", () => {
  const good = ownObject();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }),
      fc.integer({ min: Math.floor(good.length / 2), max: good.length }),
      (changes, length) => {
        const bytes = new Uint8Array(good.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          readObject(bytes);
        } catch (error) {
          assert.ok(error instanceof BpfError, String(error instanceof Error ? error.stack : error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

describe("objects in the kernel", { skip: skipWithoutBpf() }, () => {
  const before = kernelDescriptors();
  after(() => assert.deepEqual(kernelDescriptors(), before));

  const spec = readObject(ownObject());
  const context = new Uint8Array(16);

  test("an object is loaded, run and read, its types answered by the kernel", () => {
    using object = loadObject(spec);
    const task = kernelBtf().findOne("task_struct", BtfKind.STRUCT);
    assert.ok(task !== undefined);
    assert.equal(object.program("count").testRun({ context }).result, kernelBtf().sizeOf(task));
    object.program("count").testRun({ context });
    assert.deepEqual(object.map("counts").lookup(u32Bytes(0)), u64Bytes(20n));
    assert.equal(object.variable("runs").getBigUint64(0, true), 2n);
    object.variable("runs").setBigUint64(0, 40n, true);
    object.program("count").testRun({ context });
    assert.equal(object.variable("runs").getBigUint64(0, true), 41n);
    assert.throws(() => object.map("none"), /no map "none"/);
  });

  test("constants are set by name and checked", () => {
    using object = loadObject(spec, { constants: { factor: 21 } });
    object.program("count").testRun({ context });
    assert.deepEqual(object.map("counts").lookup(u32Bytes(0)), u64Bytes(42n));
    for (const [constants, message] of [
      [{ factor: 2 ** 31 }, /does not fit/],
      [{ factor: 1.5 }, /not an integer/],
      [{ factor: "seven" }, /it is int, which takes no text/],
      [{ nothing: 1 }, /no variable "nothing"/],
    ] as const) {
      assert.throws(() => loadObject(spec, { constants }), message);
    }
  });

  test("a map of the caller takes the place of the object's own and stays open", () => {
    using mine = createMap({
      name: "mine",
      type: MapType.BPF_MAP_TYPE_ARRAY,
      keySize: 4,
      valueSize: 8,
      maxEntries: 4,
    });
    const object = loadObject(spec, { maps: new Map([["counts", mine]]) });
    object.program("count").testRun({ context });
    object.close();
    object.close();
    assert.deepEqual(mine.lookup(u32Bytes(0)), u64Bytes(10n));
    using wrong = createMap({ name: "w", type: 2, keySize: 4, valueSize: 4, maxEntries: 1 });
    assert.throws(
      () => loadObject(spec, { maps: new Map([["counts", wrong]]) }),
      /valueSize 4, the object wants 8/,
    );
  });

  test("sizes of maps are chosen at load", () => {
    using object = loadObject(spec, { mapSizes: { counts: 100 } });
    assert.equal(object.map("counts").lookup(u32Bytes(99))?.length, 8);
    using wide = loadObject(spec, { mapSizes: { counts: { valueSize: 16 } }, programs: [] });
    assert.equal(wide.map("counts").lookup(u32Bytes(3))?.length, 16);
    assert.throws(() => loadObject(spec, { mapSizes: { none: 1 } }), /no map "none"/);
  });

  test("a program is attached where its section says, and sees events", () => {
    using object = loadObject(spec);
    using link = attachBySection(object, "count");
    assert.equal(link.target, "raw tracepoint sys_enter");
    const runs = object.variable("runs");
    for (let i = 0; i < 1000 && runs.getBigUint64(0, true) < 5n; i++)
      object.map("counts").lookup(u32Bytes(1));
    assert.ok(runs.getBigUint64(0, true) >= 5n);
  });

  test("a refusal of the verifier names the object's source line", () => {
    const count = spec.programs.get("count");
    assert.ok(count !== undefined);
    const code = new Uint8Array(count.code);
    // r1 = *(u32 *)(r7 +0) becomes a read far outside of .rodata.
    new DataView(code.buffer).setInt16(18, 4000, true);
    const broken = { ...spec, programs: new Map([["count", { ...count, code }]]) };
    assert.throws(
      () => loadObject(broken),
      (error) => {
        assert.ok(error instanceof BpfError);
        assert.equal(error.code, "verifier-rejected");
        assert.match(error.message, /own\.go3s:2:3: counts\[0\] \+= twice\(factor\)/);
        return true;
      },
    );
  });

  test("what the kernel lacks is named", () => {
    const count = spec.programs.get("count");
    assert.ok(count !== undefined);
    const tracing = { ...count, type: ProgramType.BPF_PROG_TYPE_TRACING, attachType: 23, target: "no_such" };
    assert.throws(
      () => loadObject({ ...spec, programs: new Map([["count", tracing]]) }),
      (error) =>
        error instanceof BpfError && error.code === "not-found" && /tracepoint "no_such"/.test(error.message),
    );
    const references = [
      ...count.references,
      { kind: "kfunc", offset: 24, name: "bpf_no_such", weak: false, type: 0 } as const,
    ];
    assert.throws(
      () => loadObject({ ...spec, programs: new Map([["count", { ...count, references }]]) }),
      (error) => error instanceof BpfError && error.code === "relocation-failed",
    );
  });
});
