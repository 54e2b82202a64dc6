import { decodeInstructions } from "../asm/decode.js";
import { instructionText } from "../asm/disassemble.js";
import { resolveLabels } from "../asm/encode.js";
import { type Instruction, slotsOf } from "../asm/instruction.js";
import { InstructionClass, SOURCE_REGISTER } from "../asm/opcode.js";
import { mapTypeName } from "../maps/spec.js";
import { type ProgramImage, programTypeName, type SourceLine } from "../program/spec.js";
import { lineAt } from "../program/verifier-log.js";
import type { Explanation } from "./explanation.js";
import { helperFix } from "./helper-homes.js";
import { parseLog } from "./log.js";
import { type Origin, originOf } from "./origin.js";
import { isCall, isExit, type PathStep, pathOf, registersBefore, stateBefore } from "./path.js";
import { describeState } from "./registers.js";
import { releaseOf } from "./release.js";
import type { RefusalRow } from "./row.js";
import { callRows } from "./rows-call.js";
import { flowRows } from "./rows-flow.js";
import { memoryRows } from "./rows-memory.js";
import { setupRows } from "./rows-setup.js";
import { usedAfterRelease, valueRows } from "./rows-value.js";
import {
  accessText,
  branchesOf,
  callName,
  loopOf,
  placeOf,
  storyOf,
  type Telling,
  variableOf,
} from "./story.js";

/** refusalRows gives the refusals that are recognised: kind, pattern, meaning, fix. The first that fits counts. */
export function refusalRows(): readonly RefusalRow[] {
  return [...memoryRows, ...valueRows, ...callRows, ...flowRows, ...setupRows];
}

const UNKNOWN: RefusalRow = {
  kind: "unknown",
  pattern: /^/,
  meaning: "the verifier says: {said}",
  fix: "read the whole log (BpfError.log): its last lines are about the instruction that was refused",
};

/** Objections of more lines than this are cut in `said`: the rest is in the log. */
const MOST_LINES = 6;

// Code that cannot be taken apart is still refused with words, without a story.
function instructionsOf(code: Uint8Array | readonly Instruction[]): readonly Instruction[] {
  try {
    return code instanceof Uint8Array ? decodeInstructions(code) : resolveLabels(code);
  } catch {
    return [];
  }
}

function instructionsBySlot(code: Uint8Array | readonly Instruction[]): Map<number, Instruction> {
  const bySlot = new Map<number, Instruction>();
  let slot = 0;
  for (const instruction of instructionsOf(code)) {
    bySlot.set(slot, instruction);
    slot += slotsOf(instruction);
  }
  return bySlot;
}

function nilOf(lines: readonly SourceLine[]): string {
  const file = lines[0]?.file ?? "";
  if (/\.(go3s|go)$/.test(file)) return "nil";
  return /\.(c|h|cc|cpp)$/.test(file) ? "NULL" : "null";
}

function isStore({ opcode }: Instruction): boolean {
  return (opcode & 7) === InstructionClass.ST || (opcode & 7) === InstructionClass.STX;
}

function focusOf(
  row: RefusalRow,
  groups: Readonly<Record<string, string>>,
  step: PathStep | undefined,
): number | undefined {
  const named = /^R(\d+)$/.exec(groups["reg"] ?? "")?.[1];
  if (named !== undefined) return Number(named);
  const instruction = step?.instruction;
  switch (row.focus) {
    case "r0":
      return 0;
    case "source":
      // A store has its address in the other register; a number without one is in the instruction.
      if (instruction === undefined || isCall(instruction)) return undefined;
      if ((instruction.opcode & 7) === InstructionClass.LDX) return instruction.src;
      if (isStore(instruction)) return instruction.dst;
      return instruction.opcode & SOURCE_REGISTER ? instruction.src : undefined;
    case "destination":
      return instruction === undefined || isCall(instruction) ? undefined : instruction.dst;
    case "argument":
      return groups["arg"] === undefined ? undefined : Number(groups["arg"].replace(/\D/g, "")) + 1;
    default:
      return undefined;
  }
}

function fill(template: string, facts: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? "it");
}

/** Where messages name the instruction themselves: those given before the walk begins. */
function slotOf(
  row: RefusalRow,
  groups: Readonly<Record<string, string>>,
  last: PathStep | undefined,
): number | undefined {
  if (row.whole) return undefined;
  const named = groups["at"] ?? groups["at2"];
  if (named !== undefined && last === undefined) return Number(named);
  return last?.slot;
}

function groupsOf(found: RegExpExecArray | null): Record<string, string> {
  const groups: Record<string, string> = {};
  for (const [name, value] of Object.entries(found?.groups ?? {}))
    if (value !== undefined) groups[name] = value;
  return groups;
}

function allocation(
  telling: Telling,
  slot: string | undefined,
): { index: number; facts: Record<string, string> } {
  const index = slot === undefined ? -1 : telling.path.findLastIndex((step) => step.slot === Number(slot));
  if (index < 0) return { index, facts: {} };
  return {
    index,
    facts: { allocCall: callName(telling.path[index]), allocPlace: prepositionOf(telling, index) },
  };
}

function sentencesOf(
  telling: Telling,
  row: RefusalRow,
  stations: readonly Origin[],
  alloc: number,
): string[] {
  const last = telling.path.length - 1;
  const told = storyOf(telling, stations);
  if (alloc >= 0) told.push(...storyOf(telling, [{ index: alloc, register: 0, how: "call" }]));
  if (row.kind === "too-many-instructions" || row.kind === "endless-loop") told.push(...loopOf(telling));
  else if (row.branches)
    told.push(...branchesOf(telling, Math.max(alloc, stations.at(-1)?.index ?? -1), last));
  return told;
}

// "on line 14", but "at instruction 6".
function prepositionOf(telling: Telling, index: number): string {
  const place = placeOf(telling, index);
  return place.startsWith("line") ? `on ${place}` : `at ${place}`;
}

/** because names the call whose answer was not checked, for refusals of what may be null. */
function because(telling: Telling, focus: Focus): string {
  const origin = focus.stations.findLast(({ how }) => how === "call");
  if (origin === undefined)
    return focus.state === "" ? "" : `: it is ${describeState(focus.state, telling.nil)}`;
  const call = callName(telling.path[origin.index]);
  const what = call === "bpf_map_lookup_elem" ? "the lookup" : `what ${call} gave`;
  return ` because ${what} ${prepositionOf(telling, origin.index)} was not compared with ${telling.nil}`;
}

/** Focus is the register a refusal is about, with its way. */
interface Focus {
  readonly register: number | undefined;
  readonly stations: readonly Origin[];
  readonly variable: string | undefined;
  readonly state: string;
}

function focusOn(telling: Telling, register: number | undefined): Focus {
  if (register === undefined) return { register, stations: [], variable: undefined, state: "" };
  const at = telling.path.length - 1;
  const stations = originOf(telling.path, at, register);
  const state = stateBefore(telling.path, at, `r${register}`);
  return { register, stations, state, variable: variableOf(telling, stations) };
}

function nameFacts(focus: Focus, nil: string): Record<string, string> {
  const { register, variable, state } = focus;
  const known = state === "" ? "not set" : describeState(state, nil);
  if (register === undefined) return { nil, name: "it", reg: "it", state: known };
  const own = `\`r${register}\``;
  if (variable === undefined) return { nil, name: own, reg: own, state: known };
  return { nil, name: `\`${variable}\``, reg: `\`${variable}\` (r${register})`, state: known };
}

function placeFacts(telling: Telling, groups: Readonly<Record<string, string>>): Record<string, string> {
  const at = telling.path.length - 1;
  const last = telling.path[at];
  const off = groups["off"] ?? groups["off2"] ?? "0";
  const size = groups["size"] ?? groups["size2"] ?? "0";
  const call = last?.instruction !== undefined && isCall(last.instruction) ? callName(last) : "the function";
  return {
    off,
    size,
    signedOff: Number(off) < 0 ? off : `+${off}`,
    end: `${Number(off) + Number(size)}`,
    last: `${Number(off) + Number(size) - 1}`,
    here: last === undefined ? "the program" : placeOf(telling, at),
    access: accessText(last),
    verb: ((last?.instruction?.opcode ?? 0) & 7) === InstructionClass.LDX ? "read" : "write",
    call,
    helperFix: helperFix(call),
    mapType: groups["map"] === undefined ? "" : mapTypeName(Number(groups["map"])),
  };
}

/**
 * explainRefusal turns a verifier's log into words: what was refused, at which source line, how the value came to
 * be what it is, and what to do. `image` is the program as it was given to the kernel. Works on any log of
 * BPF_PROG_LOAD from 4.18 to 6.18, also without the kernel that wrote it.
 */
export function explainRefusal(image: ProgramImage, log: string): Explanation {
  const { steps, objection } = parseLog(log);
  const lines = image.lines ?? [];
  const bySlot = instructionsBySlot(image.instructions);
  const path = pathOf(steps, bySlot);
  const last = path.at(-1);
  const telling: Telling = { path, nil: nilOf(lines), lineOf: (slot) => lineAt(lines, slot) };
  const words = objection.slice(-MOST_LINES);
  const text = words.join("\n");
  const worded = refusalRows().find(({ pattern }) => pattern.test(text)) ?? UNKNOWN;
  const groups = groupsOf(worded.pattern.exec(text));
  const slot = slotOf(worded, groups, last);

  const focus = focusOn(telling, worded.whole ? undefined : focusOf(worded, groups, last));
  const release = releaseOf(path, focus.stations, text);
  const row = release === undefined ? worded : usedAfterRelease;
  const alloc = allocation(telling, groups["alloc"]);
  const said = words.join("; ") || "nothing more";
  const facts: Record<string, string> = {
    said,
    program: programTypeName(image.type),
    license: image.license,
    ...groups,
    ...alloc.facts,
    ...nameFacts(focus, telling.nil),
    because: because(telling, focus),
    ...(release !== undefined && {
      releaseCall: callName(path[release]),
      releasePlace: prepositionOf(telling, release),
    }),
    ...placeFacts(telling, groups),
  };
  const story = sentencesOf(telling, row, focus.stations, alloc.index);
  if (release !== undefined) {
    story.push(
      `${placeOf(telling, release)}: ${callName(path[release])} takes it back; what pointed there is only a number from then on`,
    );
  }
  if (row.close !== undefined && last !== undefined) story.push(fill(row.close, facts));
  const failing = slot === undefined ? undefined : bySlot.get(slot);
  const isUnsetResult =
    row.kind === "unset-register" && last?.instruction !== undefined && isExit(last.instruction);
  return {
    kind: isUnsetResult ? "no-result" : row.kind,
    said,
    meaning: isUnsetResult
      ? "the program ends without a result: r0 has no value here"
      : fill(row.meaning, facts),
    instruction:
      slot === undefined || failing === undefined
        ? undefined
        : { slot, text: last?.slot === slot ? last.text : instructionText(failing) },
    source: slot === undefined ? undefined : lineAt(lines, slot),
    registers: slot === undefined || last === undefined ? {} : registersBefore(path, path.length - 1),
    story,
    fix: fill(row.fix, facts),
  };
}
