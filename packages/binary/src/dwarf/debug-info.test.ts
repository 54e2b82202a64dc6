import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ElfFile, openElf } from "../elf/read.js";
import { compilers, openBench, symbolizerSays } from "../testing/debug-fixtures.js";
import { goIsMissing, hasTool, openWorkshop, run } from "../testing/go-program.js";
import { type DebugInfo, openDebugInfo } from "./debug-info.js";
import { locationText } from "./location.js";
import type { Variable } from "./variables.js";

const noPeer = hasTool("llvm-symbolizer") ? false : "llvm-symbolizer is not installed";
const noCompiler = compilers.length > 0 ? false : "no C++ compiler is installed";

function sample(elf: ElfFile, count: number): number[] {
  const text = elf.section(".text");
  assert.ok(text);
  return Array.from({ length: count }, (_, i) => text.address + Math.floor((text.size * i) / count));
}

function framesText(info: DebugInfo, address: number): string {
  return info
    .frames(address)
    .map(({ linkageName, position }) => {
      const where = position ?? { file: "??", line: 0, column: 0 };
      return `${linkageName}\n${where.file}:${where.line}:${where.column}`;
    })
    .join("\n");
}

function compare(path: string, what: string, count = 150): void {
  using elf = openElf(path);
  using info = openDebugInfo(elf);
  assert.ok(info, what);
  const addresses = sample(elf, count);
  const theirs = symbolizerSays(path, addresses);
  let answered = 0;
  for (const [i, address] of addresses.entries()) {
    const ours = framesText(info, address);
    // Start-up code has no debug information: the peer then answers from the symbol table.
    if (ours === "") continue;
    answered++;
    assert.equal(ours, theirs[i], `${what}: 0x${address.toString(16)}`);
  }
  assert.ok(answered > count / 3, `${what}: only ${answered} of ${count} addresses answered`);
}

const where = (elf: ElfFile, row: Variable | undefined): string =>
  row === undefined ? "missing" : locationText(elf.machine, row.location);

const goSource = `package main

import (
	"errors"
	"fmt"
	"os"
)

type Shape struct {
	Name string
	Next *Shape
	Tags map[string]int
}

//go:noinline
func describe(s *Shape, name string, n int, list []byte, failed error) (text string, err error) {
	return fmt.Sprint(s.Name, name, n, len(list)), failed
}

func main() {
	fmt.Println(describe(&Shape{Name: os.Args[0]}, "a", 3, nil, errors.New("x")))
}
`;

const rustSource = `
#[inline(never)]
fn area(w: u32, h: u32) -> u32 { let triple = |x: u32| x * 3; triple(w) * h }
fn main() { println!("{}", area(std::env::args().count() as u32, 4)); }
`;

const variants: readonly (readonly string[])[] = [
  ["-gdwarf-4"],
  ["-gdwarf-5"],
  ["-gdwarf-5", "-gz=zlib"],
  ["-gdwarf-4", "-gsplit-dwarf"],
  ["-gdwarf-5", "-gsplit-dwarf"],
  ["-gdwarf-5", "-gdwarf64"],
  ["-gdwarf-5", "-fPIE", "-pie", "-ffunction-sections", "-Wl,--gc-sections"],
];

test("every address has the functions, inlined ones too, and the lines that llvm-symbolizer names", {
  skip: noCompiler || noPeer,
}, () => {
  using bench = openBench();
  for (const compiler of compilers) {
    for (const flags of variants) {
      // LLVM 14 writes 64-bit DWARF, but its symbolizer loses the line tables of GCC's.
      if (compiler === "g++" && flags.includes("-gdwarf64")) continue;
      compare(bench.compile(compiler, "cart", ["-O2", ...flags]), `${compiler} ${flags.join(" ")}`);
    }
    const unoptimised = bench.compile(compiler, "cart", ["-O0", "-gdwarf-5"]);
    compare(unoptimised, `${compiler} -O0`);
  }
});

test("Go programs agree with llvm-symbolizer", { skip: goIsMissing || noPeer }, () => {
  using workshop = openWorkshop();
  compare(workshop.build("shapes", goSource, ["-ldflags=-compressdwarf=false"]), "go", 150);
});

test("Rust programs agree with llvm-symbolizer", {
  skip: noPeer || (hasTool("rustc") ? false : "rustc is not installed"),
}, () => {
  using bench = openBench();
  writeFileSync(join(bench.folder, "area.rs"), rustSource);
  run("rustc", ["-g", "-O", "area.rs"], bench.folder);
  compare(join(bench.folder, "area"), "rust", 150);
});

test("sections compressed by zstd answer the same", { skip: noCompiler || noPeer }, (t) => {
  using bench = openBench();
  const path = bench.compile(compilers[0] ?? "", "cart", ["-O2", "-gdwarf-5"]);
  const packed = spawnSync("objcopy", ["--compress-debug-sections=zstd", path, `${path}.zstd`]);
  if (packed.status !== 0) return t.skip("objcopy without zstd");
  using plain = openElf(path);
  using zstd = openElf(`${path}.zstd`);
  using ours = openDebugInfo(zstd);
  using theirs = openDebugInfo(plain);
  assert.ok(ours && theirs);
  assert.notEqual(zstd.section(".debug_info")?.size, plain.section(".debug_info")?.size, "it is compressed");
  for (const address of sample(plain, 100)) assert.deepEqual(ours.frames(address), theirs.frames(address));
});

/** packs puts split units into cart.dwp. Neither tool can everything: LLVM 14's does not end on GCC's DWARF 5, and binutils' 2.40 crashes. */
function packs(folder: string): boolean {
  return ["llvm-dwp", "dwp"].some((tool) => {
    const done = spawnSync(tool, ["-e", "cart", "-o", "cart.dwp"], { cwd: folder, timeout: 10_000 });
    if (done.status !== 0) rmSync(join(folder, "cart.dwp"), { force: true });
    return done.status === 0;
  });
}

test("split units are found in one .dwp file, and stale ones are refused", { skip: noCompiler }, (t) => {
  using bench = openBench();
  let packed = 0;
  for (const version of ["-gdwarf-4", "-gdwarf-5"]) {
    const flags = ["-O2", version, "-gsplit-dwarf", "-o", "cart.o", "-c"];
    run(compilers[0] ?? "", [...flags, "cart.cc"], bench.folder);
    run(compilers[0] ?? "", ["-o", "cart", "cart.o"], bench.folder);
    const path = `${bench.folder}/cart`;
    const names = (): string[] => {
      using elf = openElf(path);
      using info = openDebugInfo(elf);
      assert.ok(info);
      return sample(elf, 60).flatMap((address) => info.frames(address).map((row) => row.name));
    };
    const whole = names();
    assert.ok(whole.includes("square"), "inlined functions are in the split unit");
    if (!packs(bench.folder)) {
      t.diagnostic(`no tool of this machine packs what ${compilers[0]} ${version} writes`);
      continue;
    }
    packed++;
    run("rm", ["cart.dwo"], bench.folder);
    assert.deepEqual(names(), whole, `${version} packed`);
    run("rm", ["cart.dwp"], bench.folder);
    assert.ok(names().length < whole.length, "without the files little is known, and nothing breaks");
    // Another program's split unit of the same name.
    run(compilers[0] ?? "", [...flags, "-DOTHER", "-O0", "cart.cc"], bench.folder);
    run("rm", ["cart.o"], bench.folder);
    assert.ok(names().length < whole.length, "a split unit of another build is not used");
  }
  if (packed === 0)
    t.skip("neither llvm-dwp nor dwp is installed, or they cannot pack what the compiler writes");
});

test("the code of a line is found by the end of its file's path", { skip: noCompiler }, () => {
  using bench = openBench();
  for (const compiler of compilers) {
    using elf = openElf(bench.compile(compiler, "cart", ["-O2", "-gdwarf-5"]));
    using info = openDebugInfo(elf);
    assert.ok(info);
    // Line 13 is in cube, which is inlined; 23 is puts(label).
    for (const [line, name] of [
      [13, "cube"],
      [23, "total"],
    ] as const) {
      const found = info.addresses("cart.cc", line);
      assert.ok(found.length > 0, `${compiler} line ${line}`);
      for (const row of found) {
        assert.equal(row.line, line);
        // GCC marks the line's place where its first instruction would have been, before the inlined code begins.
        const names = info.frames(row.address).map((frame) => frame.name);
        assert.ok(names.includes(compiler === "g++" ? "total" : name), names.join());
      }
    }
    assert.equal(
      info.addresses("cart.cc", 16)[0]?.line,
      18,
      "a line without code stands for the next that has",
    );
    assert.deepEqual(info.addresses("art.cc", 13), [], "half a name is no match");
    assert.deepEqual(info.addresses("cart.cc", 4_000), []);
  }
});

test("a Go function's parameters are where its register ABI puts them", { skip: goIsMissing }, () => {
  using workshop = openWorkshop();
  for (const [arch, first, second] of [
    ["amd64", "rax", "rbx:8 rcx:8"],
    ["arm64", "x0", "x1:8 x2:8"],
  ] as const) {
    const path = workshop.build(`shapes-${arch}`, goSource, [], [`GOARCH=${arch}`]);
    using elf = openElf(path);
    using info = openDebugInfo(elf);
    const fn = elf.symbols()?.find("main.describe");
    assert.ok(info && fn);
    const rows = info.parameters(fn.value);
    assert.deepEqual(
      rows.map((row) => [row.role, row.name, row.type.kind, row.type.name]),
      [
        ["parameter", "s", "pointer", "*main.Shape"],
        ["parameter", "name", "go-string", "string"],
        ["parameter", "n", "integer", "int"],
        ["parameter", "list", "go-slice", "[]uint8"],
        ["parameter", "failed", "go-interface", "error"],
        ["result", "text", "go-string", "string"],
        ["result", "err", "go-interface", "error"],
      ],
    );
    assert.deepEqual([where(elf, rows[0]), where(elf, rows[1])], [first, second]);
    assert.equal(rows[0]?.type.target()?.members()[2]?.type.kind, "go-map");
    assert.equal(info.position(fn.value)?.line, 16);
    assert.equal(info.addresses("main.go", 17).length, 0, "the file is called after the build");
    assert.ok(info.addresses(`shapes-${arch}.go`, 17).length > 0);
  }
});

test("types in units of their own are found by their signature", {
  skip: compilers.length > 0 ? false : "no C++ compiler is installed",
}, () => {
  using bench = openBench();
  const source = `struct S { int a; S *next; }; extern "C" int f(S *p, void *v) { return p->a + (v != 0); } int main() { return f(0, 0); }`;
  writeFileSync(join(bench.folder, "cart.cc"), source);
  for (const compiler of compilers) {
    using elf = openElf(bench.compile(compiler, "cart", ["-g", "-gdwarf-5", "-fdebug-types-section"]));
    using info = openDebugInfo(elf);
    const rows = info?.parameters(elf.symbols()?.find("f")?.value ?? 0);
    assert.deepEqual(
      rows?.map((row) => row.type.name),
      ["S *", "void *"],
      compiler,
    );
    assert.deepEqual(
      rows?.[0]?.type
        .target()
        ?.members()
        .map((row) => [row.name, row.type.name]),
      [
        ["a", "int"],
        ["next", "S *"],
      ],
    );
    assert.equal(rows?.[1]?.type.target()?.kind, "void");
  }
});

test("types of C++ have their members, bit fields, bases and enumerators", { skip: noCompiler }, () => {
  using bench = openBench();
  for (const compiler of compilers) {
    for (const version of ["-gdwarf-4", "-gdwarf-5"]) {
      using elf = openElf(bench.compile(compiler, "cart", ["-O1", version]));
      using info = openDebugInfo(elf);
      const item = info?.type("Item");
      assert.ok(info && item, `${compiler} ${version}`);
      assert.equal(item.kind, "struct");
      assert.deepEqual(
        item.members().map((row) => [row.name, row.offset, row.type.kind, row.type.name, row.type.size]),
        [
          ["Base", 0, "struct", "Base", 8],
          ["name", 8, "pointer", "const char *", 8],
          ["kind", 16, "enum", "Kind", 1],
          ["number", 24, "union", "Number", 8],
          ["weight", 32, "integer", "int", 4],
          ["flag", 32, "unsigned", "unsigned int", 4],
          ["history", 40, "array", compiler === "g++" ? "long int[4]" : "long[4]", 32],
          ["next", 72, "pointer", "Item *", 8],
        ],
        `${compiler} ${version}`,
      );
      const bits = item.members().map((row) => row.bits);
      assert.deepEqual(bits[4], { offset: 256, size: 5 });
      assert.deepEqual(bits[5], { offset: 261, size: 1 });
      assert.equal(item.members()[6]?.type.count, 4);
      assert.deepEqual(info.type("Kind")?.enumerators(), [
        { name: "apple", value: 1 },
        { name: "pear", value: 7 },
      ]);
      const total = [...(elf.symbols() ?? [])].find((row) => row.name.includes("Cart5total"));
      const rows = info.parameters(total?.value ?? 0);
      assert.deepEqual(
        rows.map((row) => [row.name, row.type.kind, row.location.kind === "register" && row.location.name]),
        [
          ["this", compiler === "g++" ? "qualifier" : "pointer", "rdi"],
          ["extra", "integer", "rsi"],
          ["label", "pointer", "rdx"],
        ],
      );
      assert.equal(info.type("Nothing"), undefined);
      assert.equal(item.members()[7]?.type.target()?.name, "Item", "a struct that points to its own kind");
    }
  }
});
