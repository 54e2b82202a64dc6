import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openDebugInfo } from "./dwarf/debug-info.js";
import { openElf, readElf } from "./elf/read.js";
import { compilers, openBench } from "./testing/debug-fixtures.js";
import { debugRanges, mutate, randomFrom, readDebug, readEverything } from "./testing/hostile.js";

const skip = compilers.length > 0 ? false : "no C++ compiler is installed";

/** addressesOf picks places in the program's own functions. */
function addressesOf(bytes: Uint8Array): number[] {
  const elf = readElf(bytes);
  const rows = [...(elf.symbols() ?? [])].filter((row) => row.size > 0 && row.type === 2);
  return rows.flatMap((row) => [row.value, row.value + (row.size >> 1)]).slice(0, 8);
}

/** A seed that once broke something stays here by its number; the long runs of scripts/fuzz.mjs use others. */
const seeds = [1, 2];

test("changed debug information gives answers or BinaryErrors, in bounded time and memory", { skip }, () => {
  using bench = openBench();
  const compiler = compilers[0] ?? "";
  for (const flags of [["-gdwarf-4"], ["-gdwarf-5"], ["-gdwarf-5", "-gz=zlib"]]) {
    const bytes = readFileSync(bench.compile(compiler, "cart", ["-O2", ...flags]));
    const addresses = addressesOf(bytes);
    assert.ok(addresses.length > 2);
    const ranges = debugRanges(readElf(bytes));
    for (const seed of seeds) {
      const random = randomFrom(seed);
      for (let run = 0; run < 60; run++) {
        const undo = mutate(bytes, ranges, random);
        readEverything(bytes, addresses);
        undo();
      }
    }
  }
});

test("a changed split unit gives answers or BinaryErrors", { skip }, () => {
  using bench = openBench();
  for (const version of ["-gdwarf-4", "-gdwarf-5"]) {
    const path = bench.compile(compilers[0] ?? "", "cart", ["-O2", version, "-gsplit-dwarf"]);
    using program = openElf(path);
    const addresses = addressesOf(readFileSync(path));
    const split = readdirSync(bench.folder).find((row) => row.endsWith(".dwo"));
    assert.ok(split);
    const name = join(bench.folder, split);
    const bytes = readFileSync(name);
    const ranges = debugRanges(readElf(bytes));
    const random = randomFrom(7);
    for (let run = 0; run < 60; run++) {
      const undo = mutate(bytes, ranges, random);
      writeFileSync(name, bytes);
      readDebug(program, addresses);
      undo();
    }
    rmSync(name);
  }
});

test("a unit whose addresses have no size is refused: lists of addresses would have no end", { skip }, () => {
  using bench = openBench();
  // The size stands behind length, version and, in DWARF 4, the offset of the abbreviations; in DWARF 5 behind the kind.
  for (const [version, at] of [
    ["-gdwarf-4", 10],
    ["-gdwarf-5", 7],
  ] as const) {
    const bytes = readFileSync(bench.compile(compilers[0] ?? "", "cart", ["-O2", version]));
    const info = readElf(bytes).section(".debug_info");
    assert.ok(info);
    bytes[info.offset + at] = 0;
    const expected = { code: "unsupported-dwarf", offset: info.offset + at };
    assert.throws(() => openDebugInfo(readElf(bytes)), expected);
  }
});
