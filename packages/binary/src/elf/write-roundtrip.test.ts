import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { BinaryError } from "../errors.js";
import { hasTool } from "../testing/go-program.js";
import { elfMachine, sectionType, symbolBinding, symbolType } from "./constants.js";
import { readElf } from "./read.js";
import { type ElfSpec, type SectionSpec, type SymbolSpec, writeElf } from "./write.js";

const name = fc
  .stringMatching(/^[a-z._/][a-z0-9._/ é]{0,12}$/)
  .filter((text) => !/^\.(symtab|strtab|shstrtab|rel)/.test(text));

const bare = fc.record({
  name,
  flags: fc.integer({ min: 0, max: 0x7f }),
  data: fc.uint8Array({ maxLength: 64 }),
  bits: fc.boolean(),
  align: fc.constantFrom(1, 2, 4, 8, 16, 4_096),
  relocated: fc.array(fc.record({ at: fc.nat(), type: fc.constantFrom(1, 2, 3, 10), to: fc.nat() }), {
    maxLength: 4,
  }),
});

const symbol = fc.record({
  name,
  binding: fc.constantFrom(symbolBinding.LOCAL, symbolBinding.GLOBAL, symbolBinding.WEAK),
  type: fc.constantFrom(symbolType.NOTYPE, symbolType.OBJECT, symbolType.FUNC),
  visibility: fc.integer({ min: 0, max: 3 }),
  value: fc.nat(),
  size: fc.nat(),
  section: fc.nat(),
});

/** objects are specs that hold together: relocations are within their section and name a symbol that is there. */
const objects: fc.Arbitrary<ElfSpec> = fc
  .record({
    sections: fc.uniqueArray(bare, { maxLength: 8, selector: (row) => row.name }),
    symbols: fc.array(symbol, { minLength: 1, maxLength: 12 }),
    flags: fc.nat(),
  })
  .map(({ sections, symbols, flags }) => {
    const laid = sections.map(({ relocated, bits, ...row }): SectionSpec => {
      const hasData = bits && row.data.length > 0;
      return {
        ...row,
        type: bits ? sectionType.PROGBITS : sectionType.NOBITS,
        ...(bits ? {} : { data: new Uint8Array(0), size: row.data.length }),
        relocations: hasData
          ? relocated.map((one) => ({
              offset: one.at % row.data.length,
              type: one.type,
              symbol: one.to % symbols.length,
            }))
          : [],
      };
    });
    return {
      machine: elfMachine.BPF,
      flags,
      sections: laid,
      symbols: symbols.map(({ section, ...row }): SymbolSpec => {
        const place = laid[section % (laid.length + 2)];
        const absolute = section % (laid.length + 2) === laid.length;
        return { ...row, ...(place ? { section: place.name } : absolute ? { section: "*ABS*" } : {}) };
      }),
    };
  });

function checkBack(spec: ElfSpec): void {
  const elf = readElf(writeElf(spec));
  assert.equal(elf.flags, spec.flags);
  for (const section of spec.sections) {
    const back = elf.section(section.name);
    assert.ok(back, section.name);
    assert.deepEqual(
      [back.type, back.flags, back.align, back.size],
      [section.type, section.flags, section.align, section.size ?? section.data.length],
    );
    if (back.type === sectionType.PROGBITS) {
      assert.deepEqual([...elf.data(back)], [...section.data]);
      assert.equal(back.offset % back.align, 0, "the data lies at its alignment");
    }
  }
  const symbols = [...(elf.symbols() ?? [])];
  const text = (row: { name: string; binding: number; type: number }, section: string, rest: number[]) =>
    [row.name, row.binding, row.type, section, ...rest].join("|");
  const sectionName = (index: number) =>
    index === 0xfff1 ? "*ABS*" : index === 0 ? "" : (elf.sections[index]?.name ?? "?");
  assert.deepEqual(
    symbols.map((row) => text(row, sectionName(row.section), [row.value, row.size, row.visibility])).sort(),
    spec.symbols
      .map((row) => text(row, row.section ?? "", [row.value ?? 0, row.size ?? 0, row.visibility ?? 0]))
      .sort(),
  );
  const firstGlobal = symbols.findIndex((row) => row.binding !== symbolBinding.LOCAL);
  assert.ok(
    symbols
      .slice(Math.max(0, firstGlobal))
      .every((row) => firstGlobal < 0 || row.binding !== symbolBinding.LOCAL),
  );
  for (const section of spec.sections) {
    const wanted = section.relocations ?? [];
    const rel = elf.section(`.rel${section.name}`);
    assert.equal(rel !== undefined, wanted.length > 0);
    if (rel === undefined) continue;
    const row = (offset: number, type: number, to: string) => `${offset}|${type}|${to}`;
    assert.deepEqual(
      elf
        .relocations(rel)
        .map((one) => row(one.offset, one.type, symbols[one.symbol - 1]?.name ?? "?"))
        .sort(),
      wanted.map((one) => row(one.offset, one.type, spec.symbols[one.symbol]?.name ?? "")).sort(),
    );
  }
}

test("any object that can be described reads back as it was", () => {
  fc.assert(fc.property(objects, checkBack), { numRuns: 500 });
});

test("readelf finds no fault with any of them", {
  skip: hasTool("llvm-readelf") ? false : "llvm-readelf is not installed",
}, () => {
  const folder = mkdtempSync(join(tmpdir(), "go3s-write-"));
  try {
    const path = join(folder, "x.o");
    fc.assert(
      fc.property(objects, (spec) => {
        writeFileSync(path, writeElf(spec));
        const said = spawnSync("llvm-readelf", ["-a", path], { encoding: "utf8" });
        assert.equal(said.status, 0, said.stderr);
        assert.equal(said.stderr, "");
      }),
      // The same objects every time: what a peer warns of is not for chance to find out.
      { numRuns: 20, seed: 1 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("numbers that could not be written as they are are refused", () => {
  const section = { name: "a", data: new Uint8Array(4) };
  const object = { machine: elfMachine.BPF, sections: [section], symbols: [] };
  const wrong: ElfSpec[] = [
    { ...object, sections: [{ ...section, align: 3 }] },
    { ...object, sections: [{ ...section, align: 0 }] },
    { ...object, sections: [{ ...section, flags: -1 }] },
    { ...object, sections: [{ ...section, size: 5 }] },
    { ...object, sections: [{ ...section, name: ".symtab" }] },
    {
      ...object,
      sections: [
        { ...section, relocations: [{ offset: 0, type: 1, symbol: 0 }] },
        { ...section, name: ".rela" },
      ],
      symbols: [{ name: "s", binding: 1, type: 0 }],
    },
    { ...object, symbols: [{ name: "s", binding: 1, type: 0, value: -8 }] },
    { ...object, symbols: [{ name: "s", binding: 1, type: 0, size: 0.5 }] },
  ];
  for (const spec of wrong) {
    assert.throws(
      () => writeElf(spec),
      (error) => error instanceof BinaryError && error.code === "bad-spec",
    );
  }
});
