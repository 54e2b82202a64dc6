import assert from "node:assert/strict";
import { test } from "node:test";
import { elfMachine } from "../elf/constants.js";
import { openElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { openGoBinary } from "../go/binary.js";
import {
  goIsMissing,
  hasTool,
  helloSource,
  npmFixtures,
  run,
  workshopOfTests,
} from "../testing/go-program.js";
import { decodeInstruction, returnOffsets } from "./instruction.js";

const workshop = workshopOfTests();

interface Listing {
  readonly all: number[];
  readonly returns: number[];
  known: boolean;
}

const listing = (): Listing => ({ all: [], returns: [], known: true });

/** disassembly returns per function its instructions' addresses and those of its RETs, by Go's own disassembler. */
function disassembly(path: string): Map<string, Listing> {
  const functions = new Map<string, Listing>();
  let current = listing();
  for (const line of run("go", ["tool", "objdump", path]).split("\n")) {
    const header = /^TEXT (.+)\(SB\)/.exec(line);
    if (header !== null) {
      current = listing();
      functions.set(header[1] ?? "", current);
      continue;
    }
    const row = /^\s+\S+:\d+\t+0x([0-9a-f]+)\t+([0-9a-f]+)\t+(\S+)/.exec(line);
    if (row === null) continue;
    const address = Number.parseInt(row[1] ?? "", 16);
    // Go's disassembler knows no EVEX instruction and goes on in its middle; zeros are padding.
    if (row[3] === "?" && !/^0+$/.test(row[2] ?? "")) current.known = false;
    current.all.push(address);
    if (row[3] === "RET") current.returns.push(address);
  }
  return functions;
}

function agreesOnReturns(path: string): void {
  using binary = openGoBinary(path);
  let checked = 0;
  let returns = 0;
  for (const [name, want] of disassembly(path)) {
    const start = want.all[0];
    const fn = start === undefined ? undefined : binary.functions.containing(start);
    // Symbols without a row in the function table are the linker's.
    if (!want.known || fn === undefined || fn.entry !== start) continue;
    assert.deepEqual(binary.returnAddresses(fn), want.returns, name);
    checked++;
    returns += want.returns.length;
  }
  assert.ok(checked > 1_500 && returns > 2_000, `${checked} functions, ${returns} returns`);
}

test("returns of every x86-64 function are those go tool objdump shows", { skip: goIsMissing }, () => {
  agreesOnReturns(workshop().build("hello", helloSource));
});

test("returns of every arm64 function are those go tool objdump shows", { skip: goIsMissing }, () => {
  agreesOnReturns(workshop().build("hello_arm64", helloSource, [], ["GOARCH=arm64"]));
});

test("a C and C++ program's instructions have the lengths objdump shows", {
  skip: hasTool("objdump") ? false : "objdump is not installed",
}, (t) => {
  if (process.arch !== "x64") return t.skip("objdump of this machine shows other instructions");
  using elf = openElf(process.execPath);
  const section = elf.section(".text");
  assert.ok(section);
  const code = elf.data(section);
  // V8, OpenSSL and ICU: SSE, AVX, AVX2, AVX-512, BMI, AES and SHA instructions are all in there. 2 MB are 400,000 of them.
  const stop = section.address + Math.min(section.size, 0x20_0000);
  const shown = run("objdump", [
    "-d",
    "-w",
    "-z",
    "--no-show-raw-insn",
    "-j",
    ".text",
    `--stop-address=${stop}`,
    process.execPath,
  ]);
  let last: { at: number; text: string } | undefined;
  let count = 0;
  for (const match of shown.matchAll(/^\s*([0-9a-f]+):\t(.*)$/gm)) {
    const at = Number.parseInt(match[1] ?? "", 16);
    // Data between the instructions (constants of hand-written assembly) is shown as what no compiler emits.
    if (last !== undefined && !/\(bad\)|^rex|\.byte/.test(last.text)) {
      const found = decodeInstruction(elfMachine.X86_64, code, last.at - section.address);
      assert.equal(found?.length, at - last.at, `${last.at.toString(16)}: ${last.text}`);
      count++;
    }
    last = { at, text: match[2] ?? "" };
  }
  assert.ok(count > 100_000, `${count} instructions`);
});

test("programs from npm decode without a gap", (t) => {
  const fixture = npmFixtures().find((row) => row.version === "go1.17.2");
  if (fixture === undefined) return t.skip("npm installed no Go program for this platform");
  using binary = openGoBinary(fixture.path);
  let returns = 0;
  for (let i = 0; i < binary.functions.count; i++)
    returns += binary.returnAddresses(binary.functions.at(i)).length;
  assert.ok(returns > binary.functions.count, `${returns} returns in ${binary.functions.count} functions`);
});

test("one instruction of each kind: length, role, target and cost of a probe", () => {
  const rows: readonly [hex: string, want: Partial<ReturnType<typeof decodeInstruction>>][] = [
    ["55", { length: 1, probeCost: "emulated" }],
    ["4154", { length: 2, probeCost: "emulated" }],
    ["4855", { length: 2, probeCost: "stepped" }],
    ["90", { length: 1, probeCost: "emulated" }],
    ["6690", { length: 2, probeCost: "emulated" }],
    ["4190", { length: 2, probeCost: "stepped" }],
    ["eb05", { length: 2, target: 7, probeCost: "emulated" }],
    ["7405", { length: 2, target: 7, probeCost: "emulated" }],
    ["0f868a000000", { length: 6, target: 0x90, probeCost: "emulated" }],
    ["e833ffffff", { length: 5, target: -200, isCall: true, probeCost: "emulated" }],
    ["66e833ffffff", { length: 6, probeCost: "refused" }],
    ["c3", { length: 1, isReturn: true, probeCost: "stepped" }],
    ["f3c3", { length: 2, isReturn: true }],
    ["c20800", { length: 3, isReturn: true }],
    ["b8c3000000", { length: 5, isReturn: false }],
    ["48b8c3c3c3c3c3c3c3c3", { length: 10, isReturn: false }],
    ["f30f1efa", { length: 4, isReturn: false, probeCost: "stepped" }],
    ["493b6610", { length: 4, probeCost: "stepped" }],
    ["f00fb111", { length: 4, probeCost: "refused" }],
    ["cc", { length: 1, probeCost: "refused" }],
    ["c5f877", { length: 3, probeCost: "stepped" }],
    ["c4e37d39c101", { length: 6, probeCost: "stepped" }],
    ["62f17c4828c0", { length: 6, isReturn: false }],
    ["66c704250000000034 12".replace(" ", ""), { length: 10 }],
    ["f604c301", { length: 4 }],
    ["f614c3", { length: 3 }],
    ["0f3800c1", { length: 4 }],
    ["660f3a0fc108", { length: 6 }],
  ];
  for (const [hex, want] of rows) {
    const found = decodeInstruction(elfMachine.X86_64, Buffer.from(hex, "hex"), 0);
    assert.ok(found, hex);
    for (const [key, value] of Object.entries(want ?? {}))
      assert.equal(Reflect.get(found, key), value, `${hex} ${key}`);
  }
  for (const hex of [
    "06",
    "62",
    "0f",
    "e833",
    "4040",
    "0f0a",
    "666666666666666666666666666666 90".replace(" ", ""),
  ]) {
    assert.equal(decodeInstruction(elfMachine.X86_64, Buffer.from(hex, "hex"), 0), undefined, hex);
  }
});

test("arm64: returns, branches and what the kernel simulates", () => {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return decodeInstruction(elfMachine.AARCH64, bytes, 0);
  };
  assert.deepEqual(word(0xd65f03c0), {
    offset: 0,
    length: 4,
    isReturn: true,
    isCall: false,
    target: undefined,
    probeCost: "emulated",
  });
  assert.equal(word(0x540005a9)?.target, 45 * 4);
  assert.equal(word(0x17ffffff)?.target, -4);
  assert.equal(word(0x94000002)?.isCall, true);
  assert.equal(word(0xf81d0ffe)?.probeCost, "stepped");
  assert.equal(word(0xd4200000)?.probeCost, "refused");
  assert.equal(word(0x58000040)?.probeCost, "refused");
});

test("a word that a literal load reads is no return, and bytes that are no instruction are an error with their offset", () => {
  // LDR X0, +8; RET; then the constant, which reads like another RET.
  const pool = Buffer.alloc(16);
  for (const [i, value] of [0x58000040, 0xd65f03c0, 0xd65f03c0, 0].entries())
    pool.writeUInt32LE(value, i * 4);
  assert.deepEqual(returnOffsets(elfMachine.AARCH64, pool), [4]);
  assert.throws(
    () => returnOffsets(elfMachine.X86_64, Buffer.from("5506c3", "hex")),
    (error) => error instanceof BinaryError && error.code === "malformed" && error.offset === 1,
  );
  assert.throws(
    () => returnOffsets(elfMachine.BPF, new Uint8Array(8)),
    (error) => error instanceof BinaryError && error.code === "unsupported-machine",
  );
});
