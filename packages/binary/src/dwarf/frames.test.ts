import assert from "node:assert/strict";
import { test } from "node:test";
import { openElf } from "../elf/read.js";
import { compilers, openBench } from "../testing/debug-fixtures.js";
import { goIsMissing, hasTool, helloSource, openWorkshop, run } from "../testing/go-program.js";
import { openDebugInfo } from "./debug-info.js";
import { readFrames } from "./frames.js";
import { locationText, registerName } from "./location.js";

test("the frame address is where readelf says, at every row of every function", {
  skip: compilers.length === 0 || !hasTool("readelf") ? "a C++ compiler and readelf are needed" : false,
}, () => {
  using bench = openBench();
  for (const compiler of compilers) {
    for (const flags of [["-O2"], ["-O0"], ["-O1", "-fno-asynchronous-unwind-tables", "-gdwarf-4"]]) {
      using elf = openElf(bench.compile(compiler, "cart", flags));
      const table = readFrames(elf);
      const said = run("readelf", ["-wF", elf.source.name]);
      let rows = 0;
      for (const [, address = "", register = "", offset = ""] of said.matchAll(
        /^([0-9a-f]{16}) (r\w+)\+(\d+) /gm,
      )) {
        const at = Number.parseInt(address, 16);
        // Rows of entries that share with others stand at address 0.
        if (at === 0) continue;
        const rule = table.at(at);
        assert.ok(rule, `${compiler} ${flags.join(" ")}: ${address}`);
        assert.deepEqual(
          [registerName(elf.machine, rule.register), rule.offset],
          [register, Number(offset)],
          address,
        );
        rows++;
      }
      assert.ok(rows > 5, `${rows} rows`);
      assert.equal(table.at(0x10), undefined);
    }
  }
});

test("locals on the stack are told by a register and an offset", {
  skip: compilers.length === 0 ? "no C++ compiler is installed" : false,
}, () => {
  using bench = openBench();
  for (const compiler of compilers) {
    using elf = openElf(bench.compile(compiler, "cart", ["-O0", "-g"]));
    using info = openDebugInfo(elf);
    const total = [...(elf.symbols() ?? [])].find((row) => row.name.includes("Cart5total"));
    assert.ok(info && total);
    assert.deepEqual(
      info.frame(total.value),
      { register: 7, offset: 8 },
      "rsp + 8 before the first instruction",
    );
    const inside = info.addresses("cart.cc", 23)[0]?.address ?? 0;
    const sum = info.variables(inside).find((row) => row.name === "sum");
    assert.match(locationText(elf.machine, sum?.location ?? { kind: "gone" }), /^\*\(rbp - \d+\)$/);
  }
});

test("Go's frames are in .debug_frame, of x86-64 and arm64", { skip: goIsMissing }, () => {
  using workshop = openWorkshop();
  for (const [arch, register, offset] of [
    ["amd64", "rsp", 8],
    ["arm64", "sp", 0],
  ] as const) {
    using elf = openElf(workshop.build(`hello-${arch}`, helloSource, [], [`GOARCH=${arch}`]));
    const rule = readFrames(elf).at(elf.symbols()?.find("main.main")?.value ?? 0);
    assert.ok(rule);
    assert.deepEqual([registerName(elf.machine, rule.register), rule.offset], [register, offset]);
  }
});
