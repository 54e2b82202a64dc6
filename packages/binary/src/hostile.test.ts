import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { decodeInstruction } from "./code/instruction.js";
import { readStructs } from "./dwarf/structs.js";
import { bpfRelocation, elfMachine, sectionFlag } from "./elf/constants.js";
import { type ElfFile, readElf } from "./elf/read.js";
import { writeElf } from "./elf/write.js";
import { BinaryError } from "./errors.js";
import { readGoBinary } from "./go/binary.js";
import { goOffsets } from "./go/offsets.js";
import { goIsMissing, helloSource, openWorkshop } from "./testing/go-program.js";

/** Damage is a way to break a file: cut it, then change bytes. */
interface Damage {
  readonly cut: number | undefined;
  readonly flips: readonly { readonly at: number; readonly value: number }[];
}

/** damages breaks files inside the given ranges, where readers look; bytes elsewhere are nobody's. */
function damages(
  size: number,
  ranges: readonly (readonly [start: number, end: number])[],
): fc.Arbitrary<Damage> {
  const place = fc.oneof(
    ...ranges.map(([start, end]) => fc.integer({ min: start, max: Math.max(start, end - 1) })),
  );
  const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 }));
  return fc.record({
    // Most files stay whole: a cut one is mostly refused at once.
    cut: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: size }) },
    ),
    flips: fc.array(fc.record({ at: place, value }), { maxLength: 6 }),
  });
}

function apply(bytes: Uint8Array, damage: Damage): Uint8Array {
  const copy = Uint8Array.from(bytes.subarray(0, damage.cut ?? bytes.length));
  for (const { at, value } of damage.flips) if (at < copy.length) copy[at] = value;
  return copy;
}

/** tolerates runs a reader: a BinaryError is an answer, anything else a bug. */
function tolerates(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
  }
}

function readAll(elf: ElfFile): void {
  for (const section of elf.sections) {
    tolerates(() => elf.data(section));
    tolerates(() => elf.relocations(section));
  }
  tolerates(() => [...(elf.symbols() ?? [])]);
  tolerates(() => elf.symbols()?.find("counts"));
  tolerates(() => [...(elf.dynamicSymbols() ?? [])]);
  tolerates(() => elf.gnuBuildId());
  tolerates(() => elf.goBuildId());
  tolerates(() => elf.readAddress(elf.entry, 16));
}

const object = writeElf({
  machine: elfMachine.BPF,
  sections: [
    {
      name: "raw_tp/x",
      flags: sectionFlag.ALLOC,
      data: new Uint8Array(64),
      relocations: [{ offset: 8, type: bpfRelocation.R64_64, symbol: 0 }],
    },
    { name: ".note.x", type: 7, data: Buffer.from("0400000004000000030000004756550001020304", "hex") },
    { name: ".debug_info", flags: sectionFlag.COMPRESSED, data: Buffer.alloc(40, 1) },
  ],
  symbols: [
    { name: "counts", binding: 1, type: 1, section: "raw_tp/x" },
    { name: "local", binding: 0, type: 2, section: "raw_tp/x" },
  ],
});

test("a cut or changed object gives an answer or a BinaryError", () => {
  fc.assert(
    fc.property(damages(object.length, [[0, object.length]]), (damage) => {
      tolerates(() => readAll(readElf(apply(object, damage))));
    }),
    { numRuns: 3_000 },
  );
});

test("a cut or changed Go program gives an answer or a BinaryError", { skip: goIsMissing }, () => {
  using workshop = openWorkshop();
  const bytes = readFileSync(workshop.build("hello", helloSource, ["-ldflags=-compressdwarf=false"]));
  const whole = readElf(bytes);
  const ranges: [number, number][] = [
    [0, 0x600],
    [bytes.readBigUInt64LE(40), bytes.length].map(Number) as [number, number],
  ];
  for (const [name, limit] of [
    [".gopclntab", 256],
    [".go.buildinfo", 400],
    [".go.module", 600],
    [".debug_info", 4_000],
    [".debug_abbrev", 600],
  ] as const) {
    const section = whole.section(name);
    if (section !== undefined) ranges.push([section.offset, section.offset + Math.min(limit, section.size)]);
  }
  fc.assert(
    fc.property(damages(bytes.length, ranges), (damage) => {
      tolerates(() => {
        const binary = readGoBinary(readElf(apply(bytes, damage)));
        tolerates(() => binary.functions.symbolise(binary.elf.entry));
        for (const name of ["main.classify", "runtime.gopark"]) {
          tolerates(() => {
            for (const fn of binary.functions.findAll(name).slice(0, 10)) {
              tolerates(() => binary.probeAddress(fn));
              tolerates(() => binary.returnAddresses(fn));
            }
          });
        }
        tolerates(() => goOffsets(binary));
        tolerates(() => readStructs(binary.elf, ["main.Shape"]));
      });
    }),
    { numRuns: 250 },
  );
});

test("any bytes decode to an instruction within them or to none", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 24 }),
      fc.constantFrom(elfMachine.X86_64, elfMachine.AARCH64),
      (code, machine) => {
        const found = decodeInstruction(machine, code, 0);
        assert.ok(found === undefined || (found.length >= 1 && found.length <= Math.min(15, code.length)));
      },
    ),
    { numRuns: 20_000 },
  );
});
