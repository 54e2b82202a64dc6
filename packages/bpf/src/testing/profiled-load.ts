// Loads a program that takes the verifier some milliseconds, and says so: to be run under Node's profiler.
import { aluImm, movImm } from "../asm/arithmetic.js";
import { exit, jumpIfImm } from "../asm/flow.js";
import { R0, R1, withLabel } from "../asm/instruction.js";
import { loadProgram } from "../program/load.js";
import { ProgramType } from "../uapi/program-types.js";

using program = loadProgram({
  name: "long_loop",
  type: ProgramType.BPF_PROG_TYPE_SOCKET_FILTER,
  license: "GPL",
  instructions: [
    movImm(R1, 0),
    withLabel("again", aluImm("add", R1, 1)),
    jumpIfImm("lt", R1, 60_000, "again"),
    movImm(R0, 0),
    exit(),
  ],
});
process.stdout.write(`loaded ${program.name}`);
