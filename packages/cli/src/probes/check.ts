import { readObject } from "@go3s/bpf";
import {
  type CompileResult,
  codeHelp,
  compile,
  type Diagnostic,
  placeName,
  type ScriptResult,
} from "@go3s/lang";
import type { CompiledProgram, ProbeCheck, ProbeMistake, ProbeText } from "@go3s/server";
import { failureOf } from "../failure.js";
import { machineFacts } from "../programs.js";
import { compileRun } from "../trace/script/run.js";
import { estimateNs } from "./estimate.js";

/** CompiledProbe is a program compiled for this machine. */
export type CompiledProbe =
  | { readonly language: "go3s"; readonly result: CompileResult }
  | { readonly language: "script"; readonly result: ScriptResult };

const mostMistakes = 50;

/** fileOf names the text in messages: there is no file. */
export function fileOf(language: ProbeText["language"]): string {
  return language === "go3s" ? "probe.go3s" : "probe.bt";
}

/** compileProbe compiles a text as go3s trace does, but for what changes the machine: system() and signal() are refused. */
export function compileProbe({ language, text }: ProbeText, pid?: number): CompiledProbe {
  const name = fileOf(language);
  if (language === "go3s") return { language, result: compile([{ name, text }], machineFacts()) };
  const rest = { parameters: [], command: undefined, debug: false };
  return { language, result: compileRun({ name, text, pid, ...rest }) };
}

/** checkProbe compiles a text and says what is wrong with it, and how large it is. */
export function checkProbe(program: ProbeText): ProbeCheck {
  const begun = performance.now();
  const told = (check: Omit<ProbeCheck, "took_ms">): ProbeCheck => ({
    ...check,
    took_ms: performance.now() - begun,
  });
  try {
    const compiled = compileProbe(program);
    const { result } = compiled;
    const mistakes = mistakesOf(result, program.text);
    const { object } = result;
    if (object === undefined) {
      const nothing = mistakes.length === 0 ? [noProbes] : [];
      return told({ ok: false, mistakes: [...mistakes, ...nothing], programs: [] });
    }
    return told({ ok: true, mistakes, programs: programsOf(compiled, object) });
  } catch (error) {
    // What the machine cannot answer, or a bug of the compiler: the text is not at fault at any place.
    const { code, message, hint = "" } = failureOf(error);
    const mistake = { ...noProbes, code, message: message.split("\n", 1)[0] ?? message, hint };
    return told({ ok: false, mistakes: [mistake], programs: [] });
  }
}

const noProbes: ProbeMistake = {
  severity: "error",
  code: "no-probes",
  message: "there is no probe here",
  hint: "write PROBE { … }, e.g. tracepoint:sched:sched_switch { @[comm] = count(); }",
  from: 0,
  to: 0,
  line: 1,
  column: 1,
  story: [],
};

/** mistakesOf gives diagnostics their places in the text. */
export function mistakesOf(result: CompileResult, text: string): ProbeMistake[] {
  return result.diagnostics.slice(0, mostMistakes).map((each) => mistakeOf(each, text));
}

function mistakeOf(
  { id, severity, message, hint, notes, start, end }: Diagnostic,
  text: string,
): ProbeMistake {
  // The text is the first file, so its offsets are the compilation's; what is in another one stands at the beginning.
  const inside = start <= text.length;
  const from = inside ? start : 0;
  return {
    severity,
    code: id,
    message,
    hint: hint ?? codeHelp[id]?.hint ?? "",
    from,
    to: inside ? Math.min(Math.max(end, from), text.length) : 0,
    ...lineOf(text, from),
    story: notes.map((note) => `line ${lineOf(text, note.start).line}: ${note.message}`),
  };
}

/** lineOf gives line and column of an offset, both from 1. */
export function lineOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: before.length - start + 1 };
}

function programsOf(compiled: CompiledProbe, bytes: Uint8Array): CompiledProgram[] {
  const object = readObject(bytes);
  const places = new Map<string, string[]>();
  if (compiled.language === "script")
    for (const each of compiled.result.script?.probes ?? [])
      places.set(each.program, [...(places.get(each.program) ?? []), ...each.places.map(placeName)]);
  return compiled.result.programs.map(({ name, section, instructions, stack }) => {
    const own = places.get(name) ?? [section];
    return {
      name,
      places: own,
      instructions,
      stack_bytes: stack,
      estimate_ns: estimateNs(object, name, own[0] ?? section),
    };
  });
}
