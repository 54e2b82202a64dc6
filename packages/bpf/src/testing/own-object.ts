import {
  bpfRelocation,
  elfMachine,
  sectionFlag,
  sectionType,
  symbolBinding,
  symbolType,
  writeElf,
} from "@go3s/binary";
import { aluImm, aluReg, movImm, movReg } from "../asm/arithmetic.js";
import { encodeInstructions } from "../asm/encode.js";
import { callFunction, callHelper, exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, R2, R6, R7, R10, withLabel } from "../asm/instruction.js";
import { atomic, load, loadImm64, storeImm } from "../asm/memory.js";
import { BtfBuilder } from "../btf/builder.js";
import { encodeBtfExt } from "../btf/ext-encoder.js";
import { BtfLinkage, CoreKind } from "../btf/kinds.js";
import { HelperFunction } from "../uapi/helper-functions.js";

/** The section the object's program stands in. */
export const OWN_SECTION = "raw_tp/sys_enter";

/**
 * ownObject writes an object as a compiler would, without one. Its program "count" adds the constant
 * "factor" doubled (by a subprogram in .text) to counts[0] and 1 to "runs" in .bss, and returns the size of
 * task_struct, for which the object only knows a struct of that name with a field "tgid".
 */
export function ownObject(): Uint8Array {
  const program = encodeInstructions([
    loadImm64(R7, 0n), // 0: &factor
    load(4, R1, R7, 0), // 16
    callFunction(-1), // 24: twice
    movReg(R6, R0), // 32
    storeImm(4, R10, -4, 0), // 40
    movReg(R2, R10), // 48
    aluImm("add", R2, -4), // 56
    loadImm64(R1, 0n), // 64: counts
    callHelper(HelperFunction.map_lookup_elem), // 80
    jumpIfImm("eq", R0, 0, "out"), // 88
    atomic("add", 8, R0, 0, R6), // 96
    loadImm64(R1, 0n), // 104: &runs
    movImm(R2, 1), // 120
    atomic("add", 8, R1, 0, R2), // 128
    withLabel("out", movImm(R0, 4)), // 136: size of task_struct, 4 as far as the object knows
    exit(), // 144
  ]);
  const twice = encodeInstructions([movReg(R0, R1), aluReg("add", R0, R1), exit()]);

  const btf = new BtfBuilder();
  const int = btf.add({ kind: "int", name: "int", size: 4, encoding: "signed" });
  const u64 = btf.add({ kind: "int", name: "unsigned long", size: 8 });
  const task = btf.add({
    kind: "struct",
    name: "task_struct___mine",
    size: 4,
    members: [{ name: "tgid", type: int, bitOffset: 0 }],
  });
  const number = (length: number): number => {
    const array = btf.add({ kind: "array", type: int, index: int, length });
    return btf.add({ kind: "ptr", type: array });
  };
  const members = [
    { name: "type", type: number(2), bitOffset: 0 },
    { name: "max_entries", type: number(4), bitOffset: 64 },
    { name: "key", type: btf.add({ kind: "ptr", type: int }), bitOffset: 128 },
    { name: "value", type: btf.add({ kind: "ptr", type: u64 }), bitOffset: 192 },
  ];
  const definition = btf.add({ kind: "struct", name: "", size: 32, members });
  const linkage = BtfLinkage.GLOBAL;
  const counts = btf.add({ kind: "var", name: "counts", type: definition, linkage });
  const factor = btf.add({ kind: "var", name: "factor", type: int, linkage });
  const runs = btf.add({ kind: "var", name: "runs", type: u64, linkage });
  // Sizes are left open, as clang leaves them.
  btf.add({ kind: "datasec", name: ".maps", size: 0, variables: [{ type: counts, offset: 0, size: 32 }] });
  btf.add({ kind: "datasec", name: ".rodata", size: 0, variables: [{ type: factor, offset: 0, size: 4 }] });
  btf.add({ kind: "datasec", name: ".bss", size: 0, variables: [{ type: runs, offset: 0, size: 8 }] });
  const context = btf.add({ kind: "ptr", type: 0 });
  const entry = btf.add({ kind: "func_proto", type: int, parameters: [{ name: "ctx", type: context }] });
  const helper = btf.add({ kind: "func_proto", type: int, parameters: [{ name: "x", type: int }] });
  const countFunction = btf.add({ kind: "func", name: "count", type: entry, linkage });
  const twiceFunction = btf.add({ kind: "func", name: "twice", type: helper, linkage: BtfLinkage.STATIC });
  const file = "own.go3s";
  const ext = encodeBtfExt(btf, [
    {
      section: OWN_SECTION,
      functions: [{ offset: 0, type: countFunction }],
      lines: [{ offset: 0, file, text: "counts[0] += twice(factor)", line: 2, column: 3 }],
      relocations: [{ offset: 136, type: task, access: "0", kind: CoreKind.TYPE_SIZE }],
    },
    {
      section: ".text",
      functions: [{ offset: 0, type: twiceFunction }],
      lines: [{ offset: 0, file, text: "return x + x", line: 9, column: 3 }],
      relocations: [],
    },
  ]);

  const code = sectionFlag.ALLOC | sectionFlag.EXECINSTR;
  const data = sectionFlag.ALLOC | sectionFlag.WRITE;
  const type = bpfRelocation.R64_64;
  const symbols = [
    {
      name: "count",
      binding: symbolBinding.GLOBAL,
      type: symbolType.FUNC,
      section: OWN_SECTION,
      size: program.length,
    },
    {
      name: "twice",
      binding: symbolBinding.LOCAL,
      type: symbolType.FUNC,
      section: ".text",
      size: twice.length,
    },
    { name: "counts", binding: symbolBinding.GLOBAL, type: symbolType.OBJECT, section: ".maps", size: 32 },
    { name: "factor", binding: symbolBinding.GLOBAL, type: symbolType.OBJECT, section: ".rodata", size: 4 },
    { name: "runs", binding: symbolBinding.GLOBAL, type: symbolType.OBJECT, section: ".bss", size: 8 },
  ];
  return writeElf({
    machine: elfMachine.BPF,
    sections: [
      { name: ".text", flags: code, align: 8, data: twice },
      {
        name: OWN_SECTION,
        flags: code,
        align: 8,
        data: program,
        relocations: [
          { offset: 0, type, symbol: 3 },
          { offset: 24, type: bpfRelocation.R64_32, symbol: 1 },
          { offset: 64, type, symbol: 2 },
          { offset: 104, type, symbol: 4 },
        ],
      },
      { name: ".rodata", flags: sectionFlag.ALLOC, align: 4, data: Uint8Array.of(5, 0, 0, 0) },
      { name: ".bss", flags: data, align: 8, type: sectionType.NOBITS, data: new Uint8Array(0), size: 8 },
      { name: ".maps", flags: data, align: 8, data: new Uint8Array(32) },
      { name: "license", flags: data, data: new TextEncoder().encode("Dual MIT/GPL\0") },
      { name: ".BTF", data: btf.encode() },
      { name: ".BTF.ext", data: ext },
    ],
    symbols,
  });
}
