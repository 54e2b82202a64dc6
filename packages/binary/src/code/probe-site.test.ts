import assert from "node:assert/strict";
import { test } from "node:test";
import { elfMachine } from "../elf/constants.js";
import { openGoBinary } from "../go/binary.js";
import { goIsMissing, helloSource, npmFixtures, run, workshopOfTests } from "../testing/go-program.js";
import { type CallAbi, probeSite } from "./probe-site.js";

const workshop = workshopOfTests();

interface Case {
  readonly name: string;
  readonly code: string;
  readonly abi?: CallAbi;
  readonly offset: number;
  readonly cost: string;
  readonly repeats: boolean;
}

// The morestack part is cut to "JMP entry": eb and a distance that leads back to offset 0.
const cases: readonly Case[] = [
  // CMPQ SP, 0x10(R14); JBE; PUSHQ BP; MOVQ SP, BP; POPQ BP; RET; JMP entry
  {
    name: "Go since 1.21",
    code: "493b6610 7606 55 4889e5 5d c3 ebf2",
    offset: 6,
    cost: "emulated",
    repeats: false,
  },
  // LEAQ -0x78(SP), R12; CMPQ R12, 0x10(R14); JBE; PUSHQ BP …
  {
    name: "a large frame",
    code: "4c8d642488 4d3b6610 7606 55 4889e5 5d c3 ebed",
    offset: 11,
    cost: "emulated",
    repeats: false,
  },
  // MOVQ SP, R12; SUBQ $0x10000, R12; JB; CMPQ R12, 0x10(R14); JBE; PUSHQ BP …
  {
    name: "a huge frame",
    code: "4989e4 4981ec00000100 720c 4d3b6610 7606 55 4889e5 5d c3 ebe3",
    offset: 18,
    cost: "emulated",
    repeats: false,
  },
  // CMPQ SP, 0x10(R14); JBE; SUBQ $0x18, SP; MOVQ BP, 0x10(SP); RET; JMP entry
  {
    name: "Go 1.17 to 1.20",
    code: "493b6610 760a 4883ec18 48896c2410 c3 ebee",
    offset: 4,
    cost: "emulated",
    repeats: true,
  },
  // MOVQ FS:-8, CX; CMPQ SP, 0x10(CX); JBE; SUBQ …
  {
    name: "Go 1.16",
    code: "64488b0c25f8ffffff 483b6110 7605 4883ec28 c3 ebea",
    abi: "go-stack",
    offset: 13,
    cost: "emulated",
    repeats: true,
  },
  {
    name: "a leaf that changes its argument",
    code: "4801d8 7400 55 c3",
    offset: 0,
    cost: "stepped",
    repeats: false,
  },
  {
    name: "a leaf that tests its argument",
    code: "4885c0 7401 c3 c3",
    offset: 3,
    cost: "emulated",
    repeats: false,
  },
  // TESTQ AX, AX; JNE; DECQ AX; JMP to the test's branch: the branch is hit once per turn
  {
    name: "a loop around the branch",
    code: "4885c0 7503 c3 9090 90 ebf6",
    offset: 0,
    cost: "stepped",
    repeats: false,
  },
  { name: "PUSH first", code: "55 4889e5 5d c3", offset: 0, cost: "emulated", repeats: false },
  // ENDBR64; MOV FS:-24, DX; MOV 0xd0(DX), AX; TEST AX, AX; JE: CPython's PyContext_CopyCurrent
  {
    name: "a C function without arguments",
    code: "f30f1efa 64488b1425e8ffffff 488b82d0000000 4885c0 7409 488b7818 c3",
    abi: "c-void",
    offset: 23,
    cost: "emulated",
    repeats: false,
  },
  // The same after SUB $0x18, SP: at the branch the stack is another.
  {
    name: "a C function without arguments that takes stack first",
    code: "4883ec18 4885c0 7401 c3 c3",
    abi: "c-void",
    offset: 0,
    cost: "stepped",
    repeats: false,
  },
  {
    name: "C with ENDBR64",
    code: "f30f1efa 55 4889e5 5d c3",
    abi: "c",
    offset: 4,
    cost: "emulated",
    repeats: false,
  },
  { name: "no instruction at all", code: "06", offset: 0, cost: "stepped", repeats: false },
  { name: "no bytes", code: "", offset: 0, cost: "stepped", repeats: false },
];

for (const row of cases) {
  test(`x86-64: ${row.name}`, () => {
    const site = probeSite(elfMachine.X86_64, Buffer.from(row.code.replaceAll(" ", ""), "hex"), row.abi);
    assert.deepEqual(
      [site.offset, site.cost, site.repeats],
      [row.offset, row.cost, row.repeats],
      site.reason,
    );
  });
}

test("arm64: the stack check's branch", () => {
  // MOVD 16(R28), R16; CMP R16, RSP; BLS +12; MOVD.W R30, -48(RSP); RET; B entry
  const words = [0xf9400b90, 0xeb3063ff, 0x54000069, 0xf81d0ffe, 0xd65f03c0, 0x17fffffb];
  const code = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) code.writeUInt32LE(word, i * 4);
  const site = probeSite(elfMachine.AARCH64, code);
  assert.deepEqual([site.offset, site.cost, site.repeats], [8, "emulated", true]);
});

/** before returns Go's disassembly of a function up to and with an address. */
function before(path: string, name: string, address: number): string[] {
  const rows: string[] = [];
  const listing = run("go", ["tool", "objdump", "-s", `^${name.replaceAll(/[.*()]/g, "\\$&")}$`, path]);
  for (const line of listing.split("\n")) {
    const row = /^\s+\S+:\d+\t+0x([0-9a-f]+)\t+[0-9a-f]+\t+(.*?)\s*$/.exec(line);
    if (row === null) continue;
    const at = Number.parseInt(row[1] ?? "", 16);
    if (at <= address) rows.push(row[2] ?? "");
  }
  return rows;
}

test("real Go functions are probed at PUSHQ BP, with nothing but the stack check before it", {
  skip: goIsMissing,
}, () => {
  const path = workshop().build("hello", helloSource);
  using binary = openGoBinary(path);
  for (const name of [
    "main.classify",
    "main.describe",
    "main.main",
    "fmt.Fprintln",
    "runtime.newproc1",
    "runtime.gopark",
  ]) {
    const fn = binary.functions.find(name);
    assert.ok(fn, name);
    const site = binary.probeAddress(fn);
    assert.equal(site.cost, "emulated", name);
    assert.equal(site.repeats, false, name);
    const rows = before(path, name, site.address);
    assert.equal(rows.pop(), "PUSHQ BP", name);
    for (const row of rows)
      assert.match(
        row,
        /^(CMPQ (SP|R12), 0x1[08]\(R14\)|LEAQ -?0x[0-9a-f]+\(SP\), R12|JBE 0x[0-9a-f]+)$/,
        name,
      );
    assert.equal(binary.elf.source.read(site.fileOffset, 1)[0], 0x55, name);
  }
});

test("nearly every function with a stack check has a cheap site; none of another release is missed", (t) => {
  const fixtures = npmFixtures();
  if (fixtures.length === 0) return t.skip("npm installed no Go program for this platform");
  for (const fixture of fixtures) {
    using binary = openGoBinary(fixture.path);
    let repeating = 0;
    let cheap = 0;
    for (let i = 0; i < Math.min(binary.functions.count, 6_000); i++) {
      const site = binary.probeAddress(binary.functions.at(i));
      if (site.cost === "emulated") cheap++;
      else if (site.repeats) repeating++;
    }
    assert.ok(cheap > 4_000, `${fixture.path}: ${cheap}`);
    assert.ok(repeating < 150, `${fixture.path}: ${repeating} dear sites in functions with a stack check`);
  }
});
