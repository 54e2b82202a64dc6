import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openElf, readElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import {
  goIsMissing,
  hasTool,
  helloSource,
  npmFixtures,
  run,
  workshopOfTests,
} from "../testing/go-program.js";
import { openGoBinary } from "./binary.js";
import { readGoFunctions } from "./functions.js";

const workshop = workshopOfTests();

/** symbols returns the code symbols `go tool nm` shows, without the assembler's ABI suffix. */
function symbols(path: string): { name: string; address: number }[] {
  const rows: { name: string; address: number }[] = [];
  for (const line of run("go", ["tool", "nm", path]).split("\n")) {
    const match = /^\s*([0-9a-f]+) [Tt] (\S+)$/.exec(line);
    const name = match?.[2] ?? "";
    // Names that the linker makes for itself are no functions.
    if (match === null || !/^(main|runtime|fmt|os|internal\/poll)\.[a-zA-Z(]/.test(name)) continue;
    if (/\.abi0$|^runtime\.e?text$/.test(name)) continue;
    rows.push({ name, address: Number.parseInt(match[1] ?? "", 16) });
  }
  return rows;
}

function agrees(path: string): void {
  using binary = openGoBinary(path);
  const wanted = symbols(path);
  assert.ok(wanted.length > 500, `${wanted.length} symbols`);
  for (const { name, address } of wanted) {
    const found = binary.functions.findAll(name).map((row) => row.entry);
    assert.ok(found.includes(address), `${name}: ${found} instead of ${address}`);
    assert.equal(binary.functions.containing(address + 1)?.entry, address, name);
  }
}

test("every function has the name and address that go tool nm shows", { skip: goIsMissing }, () => {
  agrees(workshop().build("hello", helloSource));
});

test("the same on arm64", { skip: goIsMissing }, () => {
  agrees(workshop().build("hello_arm64", helloSource, [], ["GOARCH=arm64"]));
});

test("stripping and trimming cost no function", { skip: goIsMissing }, () => {
  const plain = workshop().build("hello", helloSource, ["-trimpath"]);
  const stripped = workshop().build("hello_stripped", helloSource.replace("hello.go", ""), [
    "-trimpath",
    "-ldflags=-s -w",
  ]);
  using a = openGoBinary(plain);
  using b = openGoBinary(stripped);
  assert.equal(b.elf.symbols(), undefined);
  assert.equal(b.functions.count, a.functions.count);
  for (const name of ["main.main", "main.classify", "fmt.Fprintln", "runtime.newproc1"]) {
    assert.ok(b.functions.find(name), name);
    assert.equal(b.functions.find(name)?.entry, a.functions.find(name)?.entry, name);
  }
});

test("a position-independent, stripped program is found through its module data", {
  skip: goIsMissing,
}, () => {
  const path = workshop().build("hello_pie", helloSource, ["-buildmode=pie", "-ldflags=-s -w"]);
  using binary = openGoBinary(path);
  const main = binary.functions.find("main.main");
  assert.ok(main);
  // The program's entry point is a function of the table: a wrong text start would not meet it.
  assert.match(binary.functions.containing(binary.elf.entry)?.name ?? "", /^_rt0_/);
  assert.equal(binary.functions.containing(binary.elf.entry)?.entry, binary.elf.entry);
});

const noCompiler = goIsMissing || (hasTool("gcc") ? false : "gcc is not installed");

test("an externally linked, position-independent program is found through its relocations", {
  skip: noCompiler,
}, () => {
  const flags = ["-buildmode=pie", "-ldflags=-linkmode=external -s -w"];
  using binary = openGoBinary(workshop().build("hello_external", helloSource, flags, ["CGO_ENABLED=1"]));
  // C's start-up code comes first in .text: the table does not count from there.
  assert.notEqual(binary.functions.text, binary.elf.section(".text")?.address);
  const main = binary.functions.find("main.main");
  assert.ok(main);
  assert.equal(binary.probeAddress(main).reason, "PUSH after the stack check");
});

test("a file without section headers is searched", { skip: goIsMissing }, () => {
  const bytes = readFileSync(workshop().build("hello", helloSource));
  using whole = openGoBinary(workshop().build("hello", helloSource));
  bytes.fill(0, 40, 48);
  bytes.fill(0, 60, 64);
  using elf = readElf(bytes);
  assert.equal(elf.sections.length, 0);
  assert.equal(
    readGoFunctions(elf)?.find("main.classify")?.entry,
    whole.functions.find("main.classify")?.entry,
  );
});

test("addresses have the file and line that go tool addr2line shows", { skip: goIsMissing }, () => {
  const path = workshop().build("hello", helloSource);
  using binary = openGoBinary(path);
  for (const name of ["main.main", "main.classify", "fmt.Fprintln", "runtime.mallocgc", "runtime.gogo"]) {
    const fn = binary.functions.find(name);
    assert.ok(fn, name);
    for (const offset of [0, 9, Math.floor((fn.end - fn.entry) / 2)]) {
      const shown: readonly string[] = run("sh", [
        "-c",
        `printf '0x${(fn.entry + offset).toString(16)}\\n' | go tool addr2line '${path}'`,
      ]).split("\n");
      const found = binary.functions.symbolise(fn.entry + offset);
      assert.equal(`${found?.file}:${found?.line}`, shown[1], `${name}+${offset}`);
    }
  }
  assert.equal(binary.functions.symbolise(1), undefined);
  assert.equal(binary.functions.find("main.nothing"), undefined);
  assert.equal(binary.functions.find(""), undefined);
});

test("programs from npm, Go 1.17 to 1.26, stripped: functions, lines and vendored names", (t) => {
  const fixtures = npmFixtures();
  if (fixtures.length === 0) return t.skip("npm installed no Go program for this platform");
  for (const fixture of fixtures) {
    using binary = openGoBinary(fixture.path);
    assert.ok(binary.functions.count > 5_000, fixture.path);
    const main = binary.functions.find("main.main");
    assert.ok(main, fixture.path);
    assert.match(binary.functions.symbolise(main.entry)?.file ?? "", /main\.go$/);
    assert.equal(binary.functions.containing(binary.elf.entry)?.entry, binary.elf.entry, fixture.path);
    if (fixture.package.includes("esbuild")) {
      const vendored = binary.functions.find("golang.org/x/net/http2/hpack.(*Decoder).Write");
      assert.equal(vendored?.name, "vendor/golang.org/x/net/http2/hpack.(*Decoder).Write");
    }
  }
});

test("a program that Go did not build is refused", () => {
  using elf = openElf(process.execPath);
  assert.equal(readGoFunctions(elf), undefined);
  assert.throws(
    () => openGoBinary(process.execPath),
    (error) => error instanceof BinaryError && error.code === "not-go",
  );
});
