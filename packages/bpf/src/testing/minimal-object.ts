import { elfMachine, sectionFlag, symbolBinding, symbolType, writeElf } from "@go3s/binary";
import { movImm } from "../asm/arithmetic.js";
import { encodeInstructions } from "../asm/encode.js";
import { exit } from "../asm/flow.js";
import { R0 } from "../asm/instruction.js";
import { readObject } from "../object/read.js";
import type { ObjectSpec } from "../object/spec.js";

/** minimalObject is an object with one program, "run", in a section, that returns a number. */
export function minimalObject(section: string, result: number): ObjectSpec {
  const code = encodeInstructions([movImm(R0, result), exit()]);
  const bytes = writeElf({
    machine: elfMachine.BPF,
    sections: [
      { name: section, flags: sectionFlag.ALLOC | sectionFlag.EXECINSTR, align: 8, data: code },
      { name: "license", flags: sectionFlag.ALLOC, data: new TextEncoder().encode("GPL\0") },
    ],
    symbols: [
      { name: "run", binding: symbolBinding.GLOBAL, type: symbolType.FUNC, section, size: code.length },
    ],
  });
  return readObject(bytes);
}
