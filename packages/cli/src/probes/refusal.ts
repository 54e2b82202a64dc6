import { BpfError } from "@go3s/bpf";
import type { ProbeFailure, ProbeMistake, ProbeText } from "@go3s/server";
import { CliError, failureOf } from "../failure.js";
import { compileProbe, mistakesOf } from "./check.js";

/** refusalOf is why a run could not begin: the verifier's words at the line they are about, where it was the verifier. */
export function refusalOf(error: unknown, program: ProbeText): ProbeFailure {
  const { code, message, hint = "" } = failureOf(error);
  return { code, message: firstLine(message), hint, mistakes: placesOf(error, program) };
}

function placesOf(error: unknown, program: ProbeText): readonly ProbeMistake[] {
  if (error instanceof CliError && error.code === "bad-program")
    return mistakesOf(compileProbe(program).result, program.text);
  const cause = error instanceof BpfError ? error : error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof BpfError) || cause.explanation === undefined) return [];
  const { kind, meaning, said, fix, story, source } = cause.explanation;
  const line = Math.max(1, source?.line ?? 1);
  const column = Math.max(1, source?.column ?? 1);
  const lines = program.text.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const length = lines[line - 1]?.length ?? 0;
  const from = before + Math.min(column - 1, length);
  return [
    {
      severity: "error",
      code: kind,
      message: meaning,
      hint: fix,
      from,
      to: before + length,
      line,
      column,
      story: [...story, `the verifier: ${said}`],
    },
  ];
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? text;
