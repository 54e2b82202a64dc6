import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { openElf } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import { openBench } from "../testing/debug-fixtures.js";
import { goIsMissing, hasTool, helloSource, openWorkshop, run } from "../testing/go-program.js";
import { elfSymbols } from "./elf-symbols.js";
import { parseKernelSymbols, readKernelSymbols } from "./kernel-symbols.js";
import { collectSymbols } from "./symbol-map.js";

const noNames = { heldBytes: 0, name: (number: number) => `s${number}` };

test("an address has the symbol that covers it, and the best of several at one place", () => {
  const collector = collectSymbols(2);
  collector.add(0x2000, 0x100, 1, 5);
  collector.add(0x1000, 0x50, 2, 1);
  collector.add(0x1000, 0x50, 3, 9);
  collector.add(0x1000, 0x50, 4, 9);
  collector.add(0x2010, 0x10, 5, 0);
  collector.add(0x3000, 0, 6, 0);
  const map = collector.finish(noNames);
  const name = (address: number) => map.at(address)?.name;
  assert.equal(map.count, 4);
  assert.equal(name(0x1000), "s3", "the higher rank, then the first");
  assert.deepEqual(map.at(0x104f), { name: "s3", start: 0x1000, size: 0x50, offset: 0x4f });
  assert.equal(name(0x1050), undefined, "between symbols");
  assert.equal(name(0x2018), "s5");
  assert.equal(name(0x2030), "s1", "behind a symbol that lies in a larger one");
  assert.equal(name(0x9999), "s6", "without a size a symbol reaches to the next");
  assert.equal(name(0xfff), undefined);
});

test("any symbols are found where a plain search finds them", () => {
  const symbol = fc.record({ start: fc.integer({ min: -50, max: 300 }), wide: fc.boolean() });
  fc.assert(
    fc.property(fc.array(symbol, { maxLength: 40 }), fc.integer({ min: -60, max: 320 }), (rows, address) => {
      const collector = collectSymbols();
      // Beyond 32 bits the map keeps whole addresses.
      const place = (row: { start: number; wide: boolean }) => row.start + (row.wide ? 2 ** 40 : 0);
      for (const [i, row] of rows.entries()) collector.add(place(row), 4, i, 0);
      const map = collector.finish(noNames);
      const there = rows.some((row) => address >= place(row) && address < place(row) + 4);
      assert.equal(map.at(address) !== undefined, there);
      const far = rows.some((row) => address + 2 ** 40 >= place(row) && address + 2 ** 40 < place(row) + 4);
      assert.equal(map.at(address + 2 ** 40) !== undefined, far);
    }),
  );
});

test("a million symbols with their names take no more than 40 MB", () => {
  const count = 1_000_000;
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const address = (0xffffffff81000000n + BigInt(i * 16)).toString(16);
    lines.push(`${address} t kernel_function_${i}${i % 7 === 0 ? "\t[some_module]" : ""}`);
  }
  const data = Buffer.from(lines.join("\n"));
  lines.length = 0;
  const map = parseKernelSymbols(data);
  assert.equal(map.count, count);
  assert.ok(map.heldBytes < 40_000_000, `${map.heldBytes} bytes`);
  const last = map.at(0xffffffff81000000n + BigInt((count - 1) * 16 + 3));
  assert.deepEqual([last?.name, last?.offset], [`kernel_function_${count - 1}`, 3]);
});

test("a program's functions are those of nm, stripped Go programs' those of their table", {
  skip: hasTool("nm") ? false : "nm is not installed",
}, (t) => {
  using bench = openBench();
  const path = bench.compile(hasTool("g++") ? "g++" : "clang++", "cart", ["-O1"]);
  using elf = openElf(path);
  const map = elfSymbols(elf);
  assert.ok(map);
  const rows = run("nm", ["-S", path]).split("\n");
  let seen = 0;
  for (const row of rows) {
    const parts = /^([0-9a-f]+) ([0-9a-f]+) [tTwW] /.exec(row);
    if (parts === null) continue;
    const address = Number.parseInt(parts[1] ?? "", 16);
    const found = map.at(address + Number.parseInt(parts[2] ?? "", 16) - 1);
    assert.equal(found?.start, address, row);
    seen++;
  }
  assert.ok(seen >= 3, `${seen} functions`);
  assert.ok(map.at(elf.symbols()?.find("main")?.value ?? 0)?.name === "main");
  if (goIsMissing) return t.diagnostic("without Go only the first half was tested");
  using workshop = openWorkshop();
  using stripped = openElf(workshop.build("hello", helloSource, ["-ldflags=-s -w"]));
  using whole = openElf(workshop.build("whole", helloSource, ["-ldflags=-compressdwarf=false"]));
  const main = whole.symbols()?.find("main.main");
  assert.equal(elfSymbols(whole)?.at((main?.value ?? 0) + 1)?.name, "main.main");
  const names = elfSymbols(stripped);
  const all = Array.from({ length: names?.count ?? 0 }, (_, i) => names?.entry(i).name);
  assert.ok(all.includes("main.main") && all.includes("runtime.gopark"));
});

test("the kernel's functions carry their module; hidden addresses are told", (t) => {
  const text = [
    "0000000000000000 A fixed_percpu_data",
    "ffffffff81000000 T _text",
    "ffffffff81000000 t secondary",
    "ffffffff81000040 W weak_one",
    "ffffffff82000000 D data",
    "ffffffffc0201000 t handler\t[some_module]",
    "nonsense",
    "",
  ].join("\n");
  const map = parseKernelSymbols(Buffer.from(text));
  assert.equal(map.count, 3);
  assert.equal(map.at(0xffffffff81000010n)?.name, "_text");
  assert.deepEqual(map.at(0xffffffffc0201008n), {
    name: "handler",
    start: Number(BigInt.asIntN(64, 0xffffffffc0201000n)),
    size: 0,
    offset: 8,
    module: "some_module",
  });
  assert.equal(map.at(0x1000n), undefined);
  assert.throws(
    () => parseKernelSymbols(Buffer.from("0000000000000000 T _text\n")),
    (error) => error instanceof BinaryError && error.hint?.includes("kptr_restrict") === true,
  );
  const first = /^(ffff[0-9a-f]{12}) T (\w+)$/m.exec(
    readFileSync("/proc/kallsyms", "latin1").slice(0, 100_000),
  );
  if (first === null) return t.diagnostic("this user sees no kernel addresses");
  assert.equal(readKernelSymbols().at(BigInt(`0x${first[1]}`))?.offset, 0);
});
