import { writeFileSync } from "node:fs";
import type { Command, Context } from "../command.js";
import { CliError, exitCodes } from "../failure.js";
import type { Parsed } from "../options.js";
import { compileFiles, instructionSets } from "../programs.js";

export const command: Command = {
  name: "build",
  summary:
    "Compiles a probe program to a BPF object that the kernel's verifier, bpftool, libbpf and ebpf-go take as it is.",
  usage: "build FILE.go3s… -o OUT.o [options]",
  options: [
    { name: "output", short: "o", value: "FILE", help: "the object file to write" },
    { name: "cpu", value: "V", help: "instruction set v1 to v4 (default v3: kernel 5.1 and newer)" },
    { name: "target", value: "KIND", help: "object (default)" },
    { name: "emit", value: "STAGES", help: "print stages of the compiler: ast, ssa, asm" },
  ],
  examples: [
    "go3s build examples/syn-count.go3s -o syn-count.o",
    "go3s build probe.go3s --emit asm",
    "bpftool prog loadall syn-count.o /sys/fs/bpf/syn",
  ],
  run,
};

async function run(parsed: Parsed, { output }: Context): Promise<number> {
  if (parsed.positionals.length === 0)
    throw new CliError("usage", "no file given", "go3s build FILE.go3s -o OUT.o");
  const target = parsed.text("target") ?? "object";
  if (target !== "object")
    throw new CliError(
      "usage",
      `--target ${target}: only object can be built`,
      "load it with bpftool prog loadall, or run it with go3s trace",
    );
  const cpu = parsed.text("cpu") ?? "v3";
  const set = instructionSets.find((each) => each === cpu);
  if (set === undefined)
    throw new CliError(
      "usage",
      `--cpu ${cpu}: not an instruction set`,
      `one of ${instructionSets.join(", ")}`,
    );
  const stages = stagesOf(parsed.text("emit"));
  const out = parsed.text("output");
  if (out === undefined && stages.length === 0)
    throw new CliError(
      "usage",
      "no output file given",
      "name it with -o OUT.o, or look at a stage with --emit asm",
    );
  const result = compileFiles(parsed.positionals, { cpu: set, emit: stages }, output.note);
  for (const stage of stages) output.line(result.stages[stage] ?? "");
  if (out !== undefined) writeFileSync(out, result.object);
  for (const program of result.programs) {
    if (output.json)
      output.value({
        program: program.name,
        section: program.section,
        instructions: program.instructions,
        stack_bytes: program.stack,
      });
    else
      output.note(
        `${program.name}  ${program.section}  ${program.instructions} instructions, ${program.stack} bytes of stack`,
      );
  }
  if (out !== undefined && !output.json) output.note(`${out}: ${result.object.length} bytes`);
  return exitCodes.done;
}

type Stage = "ast" | "ssa" | "asm";

function stagesOf(text: string | undefined): Stage[] {
  if (text === undefined) return [];
  return text.split(",").map((name) => {
    if (name !== "ast" && name !== "ssa" && name !== "asm")
      throw new CliError("usage", `--emit ${name}: not a stage`, "ast, ssa or asm");
    return name;
  });
}
