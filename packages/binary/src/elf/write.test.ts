import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BinaryError } from "../errors.js";
import {
  bpfRelocation,
  elfMachine,
  elfType,
  sectionFlag,
  sectionType,
  symbolBinding,
  symbolType,
} from "./constants.js";
import { readElf } from "./read.js";
import { type ElfSpec, writeElf } from "./write.js";

const spec: ElfSpec = {
  machine: elfMachine.BPF,
  sections: [
    {
      name: "tracepoint/sched/sched_switch",
      flags: sectionFlag.ALLOC | sectionFlag.EXECINSTR,
      align: 8,
      data: new Uint8Array(32).fill(0x95),
      relocations: [
        { offset: 16, type: bpfRelocation.R64_64, symbol: 2 },
        { offset: 0, type: bpfRelocation.R64_64, symbol: 1 },
      ],
    },
    {
      name: ".bss",
      type: sectionType.NOBITS,
      flags: sectionFlag.ALLOC | sectionFlag.WRITE,
      align: 8,
      size: 100,
      data: new Uint8Array(0),
    },
    { name: "license", flags: sectionFlag.ALLOC | sectionFlag.WRITE, data: Buffer.from("GPL\0") },
  ],
  symbols: [
    {
      name: "on_switch",
      binding: symbolBinding.GLOBAL,
      type: symbolType.FUNC,
      section: "tracepoint/sched/sched_switch",
      size: 32,
    },
    {
      name: "counts",
      binding: symbolBinding.LOCAL,
      type: symbolType.OBJECT,
      section: ".bss",
      value: 8,
      size: 4,
    },
    { name: "extern", binding: symbolBinding.GLOBAL, type: symbolType.NOTYPE },
    { name: "_license", binding: symbolBinding.GLOBAL, type: symbolType.OBJECT, section: "license", size: 4 },
  ],
};

test("an object reads back as it was described", () => {
  const elf = readElf(writeElf(spec));
  assert.equal(elf.type, elfType.REL);
  assert.equal(elf.machine, elfMachine.BPF);
  assert.deepEqual(
    elf.sections.map((section) => section.name),
    [
      "",
      ...spec.sections.map((section) => section.name),
      ".reltracepoint/sched/sched_switch",
      ".symtab",
      ".strtab",
      ".shstrtab",
    ],
  );
  for (const section of spec.sections) {
    const back = elf.section(section.name);
    assert.ok(back);
    assert.equal(back.flags, section.flags);
    assert.equal(back.size, section.size ?? section.data.length);
    assert.deepEqual([...elf.data(back)], [...section.data]);
  }
  const symbols = elf.symbols();
  assert.ok(symbols);
  assert.deepEqual(
    [...symbols].map((symbol) => symbol.name),
    ["counts", "on_switch", "extern", "_license"],
    "locals come first",
  );
  const license = symbols.find("_license");
  assert.equal(elf.sections[license?.section ?? -1]?.name, "license");
  const rel = elf.section(".reltracepoint/sched/sched_switch");
  assert.ok(rel);
  assert.deepEqual(
    elf.relocations(rel).map((row) => [row.offset, row.type, symbols.at(row.symbol).name]),
    [
      [0, bpfRelocation.R64_64, "counts"],
      [16, bpfRelocation.R64_64, "extern"],
    ],
  );
  assert.equal(elf.section(".symtab")?.info, 2, "sh_info is the first global symbol");
});

test("the same spec gives the same bytes", () => {
  assert.deepEqual(writeElf(spec), writeElf(structuredClone(spec)));
});

test("a spec that contradicts itself is refused", () => {
  const cases: { name: string; change: Partial<ElfSpec> }[] = [
    { name: "two sections of one name", change: { sections: [...spec.sections, ...spec.sections] } },
    {
      name: "symbol in no section",
      change: { symbols: [{ name: "x", binding: 0, type: 0, section: "nowhere" }] },
    },
    { name: "relocation to no symbol", change: { symbols: [] } },
    {
      name: "link to no section",
      change: { sections: [{ name: "a", data: new Uint8Array(0), link: "b" }], symbols: [] },
    },
  ];
  for (const row of cases) {
    assert.throws(
      () => writeElf({ ...spec, ...row.change }),
      (error) => error instanceof BinaryError && error.code === "bad-spec",
      row.name,
    );
  }
});

test("readelf agrees and warns of nothing", (t) => {
  if (spawnSync("readelf", ["--version"]).status !== 0) return t.skip("readelf (binutils) is not installed");
  const folder = mkdtempSync(join(tmpdir(), "go3s-elf-"));
  try {
    const path = join(folder, "probe.o");
    writeFileSync(path, writeElf(spec));
    const done = spawnSync("readelf", ["-aW", path], { encoding: "utf8" });
    assert.equal(done.status, 0);
    assert.equal(done.stderr, "");
    assert.match(done.stdout, /REL \(Relocatable file\)/);
    assert.match(done.stdout, /Machine:\s+Linux BPF/);
    assert.match(done.stdout, /\.bss\s+NOBITS\s+0+\s+[0-9a-f]+\s+000064 00\s+WA\s+0\s+0\s+8/);
    assert.match(done.stdout, /FUNC\s+GLOBAL DEFAULT\s+1 on_switch/);
    assert.match(done.stdout, /R_BPF_(64_64|INSN_64)\s+0+8 counts/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
