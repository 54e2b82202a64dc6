import { instructionText, slotsOf } from "@go3s/bpf";
import { lineAt, type SourceFile } from "../source/file.js";
import type { Assembled, Fixup } from "./assemble.js";

/** fixupText says what the loader puts into an instruction. */
function fixupText(fixup: Fixup): string {
  switch (fixup.kind) {
    case "map":
      return `map ${fixup.map.name}`;
    case "global":
      return fixup.global.kind === "text" ? "text" : fixup.global.name;
    case "function":
    case "call":
      return fixup.function.name;
    case "core": {
      const steps = fixup.core.steps.map((step) =>
        typeof step === "number" ? `[${step}]` : `.${step.name}`,
      );
      return `${fixup.core.root.name}${steps.join("")}`;
    }
    default:
      return fixup.kind;
  }
}

/** listing writes one function's instructions for people: numbers as the verifier counts, source lines, and what the loader fills in. */
export function listing(title: string, code: Assembled, files: readonly SourceFile[]): string {
  const fixups = new Map(code.fixups.map((fixup) => [fixup.offset / 8, fixupText(fixup)]));
  const sources = new Map(code.lines.map(({ offset, at }) => [offset / 8, lineAt(files, at.start)]));
  const stack = code.stack === 0 ? "" : `, ${code.stack} bytes of stack`;
  const lines = [`${title}, ${code.bytes.length / 8} instructions${stack}`];
  let last: string | undefined;
  let slot = 0;
  for (const instruction of code.instructions) {
    const source = sources.get(slot);
    if (instruction.label !== undefined) lines.push(`${instruction.label}:`);
    if (source !== undefined && source !== last) lines.push(`; ${source}`);
    last = source ?? last;
    const fixup = fixups.get(slot);
    const opcode = instruction.opcode.toString(16).padStart(2, "0");
    lines.push(
      `${slot}: (${opcode}) ${instructionText(instruction)}${fixup === undefined ? "" : ` ; ${fixup}`}`,
    );
    slot += slotsOf(instruction);
  }
  return lines.join("\n");
}
