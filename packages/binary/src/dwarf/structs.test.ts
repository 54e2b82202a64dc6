import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openElf } from "../elf/read.js";
import { goIsMissing, hasTool, helloSource, npmFixtures, openWorkshop, run } from "../testing/go-program.js";
import { readStructs, type StructLayout } from "./structs.js";

const members = (layout: StructLayout | undefined) =>
  layout?.fields.map((row) => [row.name, row.offset, row.typeName, row.size]);

test("a Go struct has the members the compiler laid out, compressed sections or not, DWARF 4 and 5", {
  skip: goIsMissing,
}, () => {
  using workshop = openWorkshop();
  const builds: readonly [name: string, flags: readonly string[], settings: readonly string[]][] = [
    ["compressed", [], []],
    ["plain", ["-ldflags=-compressdwarf=false"], []],
    ["dwarf4", [], ["GOEXPERIMENT=nodwarf5"]],
    ["arm64", [], ["GOARCH=arm64"]],
  ];
  for (const [name, flags, settings] of builds) {
    let path: string;
    try {
      path = workshop.build(name, helloSource, flags, settings);
    } catch (error) {
      // Go before 1.25 has no such experiment: it writes DWARF 4 anyway.
      if (name === "dwarf4") continue;
      throw error;
    }
    using elf = openElf(path);
    const structs = readStructs(elf, ["main.Shape", "runtime.g", "main.Nothing"]);
    assert.deepEqual(
      members(structs?.get("main.Shape")),
      [
        ["Name", 0, "string", 16],
        ["Flag", 16, "bool", 1],
        ["Sides", 24, "int64", 8],
        ["Inner", 32, "struct { A int32; B int32 }", 8],
        ["Next", 40, "*main.Shape", 8],
      ],
      name,
    );
    assert.equal(structs?.get("main.Shape")?.size, 48);
    assert.ok(structs?.get("runtime.g")?.fields.some((row) => row.name === "goid" && row.size === 8));
    assert.equal(structs?.get("main.Nothing"), undefined);
  }
});

const program = `
#include <stdint.h>
#include <stdio.h>
struct inner { uint8_t a; uint32_t b; };
typedef const struct inner *inner_pointer;
struct outer { char tag; struct inner nested; inner_pointer pointer; union { int i; double d; } either; uint16_t words[3]; };
struct outer value;
int main(int argc, char **argv) { value.tag = (char)argc; printf("%d", value.nested.a); return 0; }
`;

test("a C struct is found through string sections and references", {
  skip: hasTool("gcc") ? false : "gcc is not installed",
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-dwarf-"));
  try {
    writeFileSync(join(folder, "p.c"), program);
    const variants = [
      ["-gdwarf-4"],
      ["-gdwarf-5"],
      ["-gdwarf-5", "-gz=zlib"],
      ["-gdwarf-4", "-gz=zlib"],
      ["-gdwarf-5", "-gdwarf64"],
    ];
    for (const flags of variants) {
      run("gcc", [...flags, "-o", "p", "p.c"], folder);
      using elf = openElf(join(folder, "p"));
      const structs = readStructs(elf, ["outer", "inner", "nothing"]);
      assert.deepEqual(
        members(structs?.get("outer")),
        [
          ["tag", 0, "char", 1],
          ["nested", 4, "inner", 8],
          ["pointer", 16, "inner_pointer", 8],
          ["either", 24, "", 8],
          ["words", 32, "", undefined],
        ],
        flags.join(" "),
      );
      assert.equal(structs?.get("inner")?.size, 8);
      assert.equal(structs?.size, 2);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a file without debug information has no structs", (t) => {
  const [fixture] = npmFixtures();
  if (fixture === undefined) return t.skip("npm installed no Go program for this platform");
  using elf = openElf(fixture.path);
  assert.equal(readStructs(elf, ["runtime.g"]), undefined);
});
