import { InstructionClass, JumpOperation, MemoryMode } from "../asm/opcode.js";
import type { SourceLine } from "../program/spec.js";
import { knownAfter, type Origin } from "./origin.js";
import { isCall, isExit, type PathStep, stateBefore } from "./path.js";
import { describeState } from "./registers.js";

/** Telling holds what sentences are made from. */
export interface Telling {
  readonly path: readonly PathStep[];
  /** The language's word for a null pointer. */
  readonly nil: string;
  readonly lineOf: (slot: number) => SourceLine | undefined;
}

const SIZES = [4, 2, 1, 8] as const;

/** sizeOfAccess gives the bytes a load or store moves. */
export function sizeOfAccess(opcode: number): number {
  return SIZES[(opcode >> 3) & 3] ?? 0;
}

/** placeOf names a step's place: its source line, or its instruction where lines are not known. */
export function placeOf({ path, lineOf }: Telling, index: number): string {
  const step = path[index];
  if (step === undefined) return "the program's start";
  const line = lineOf(step.slot);
  return line === undefined ? `instruction ${step.slot}` : `line ${line.line}`;
}

/** callName gives the function a step calls: `bpf_map_lookup_elem`. */
export function callName(step: PathStep | undefined): string {
  const unknown = /^call unknown#(\d+)$/.exec(step?.text ?? "")?.[1];
  if (unknown !== undefined) return `helper ${unknown}`;
  const name = /^call (\S+?)(?:#\d+)?$/.exec(step?.text ?? "")?.[1] ?? "the function";
  return name.startsWith("pc") ? "a function" : name;
}

/** variableOf guesses the variable that an origin's line sets, from the line's text. */
export function variableOf({ path, lineOf }: Telling, stations: readonly Origin[]): string | undefined {
  for (const { index, how } of stations) {
    const step = path[index];
    // What is calculated from a variable is another value.
    if (how === "arithmetic") return undefined;
    if (step === undefined || (how !== "call" && how !== "context" && how !== "memory")) continue;
    const text = lineOf(step.slot)?.text ?? "";
    const found = /^\s*(?:if\s+)?(?:[A-Za-z_][\w\s]*[\s*]+)?([A-Za-z_]\w*)\s*:?=(?![=*])/.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  return undefined;
}

function loadText(telling: Telling, station: Origin, from: string): string {
  const { path, nil } = telling;
  const instruction = path[station.index]?.instruction;
  const size = sizeOfAccess(instruction?.opcode ?? 0);
  const what = describeState(knownAfter(path, station), nil);
  const bytes = size === 1 ? "1 byte" : `${size} bytes`;
  return `r${station.register} is read from ${from} (${bytes} at offset ${instruction?.offset ?? 0}): ${what}`;
}

function sentence(telling: Telling, station: Origin): string {
  const { path, nil } = telling;
  const { index, register, how } = station;
  const step = path[index];
  const what = describeState(knownAfter(path, station), nil);
  switch (how) {
    case "argument":
      return `from the start r${register} is ${what}`;
    case "unset":
      return `r${register} is not given a value on this path`;
    case "lost":
      return `where r${register} comes from lies before the part of the log that was kept`;
    case "constant":
      return `r${register} is set to ${what}`;
    case "map":
      return `r${register} is ${what}`;
    case "call":
      return `r0 is what ${callName(step)} gives: ${what}`;
    case "clobbered":
      return `the call of ${callName(step)} leaves nothing in r1 to r5`;
    case "context":
      return loadText(telling, station, "the context");
    case "memory": {
      const base = stateBefore(path, index, `r${step?.instruction?.src ?? 0}`);
      return loadText(telling, station, base === "" ? "memory" : describeState(base, nil));
    }
    case "stack":
      return `r${register} is read back from the stack (${station.slot ?? "fp"}): ${what}`;
    case "copy":
      return `r${register} is copied from r${step?.instruction?.src ?? 0}`;
    case "arithmetic":
      return `\`${step?.text ?? ""}\` makes it ${what}`;
  }
}

/** isCut tells of `<<= 32` before `>>= 32`: compilers keep 32 bits of a register that way, with or without the sign. */
function isCut(telling: Telling, station: Origin | undefined, newer: Origin | undefined): boolean {
  if (station?.how !== "arithmetic" || newer?.how !== "arithmetic") return false;
  const text = ({ index }: Origin): string => telling.path[index]?.text ?? "";
  return / <<= 32$/.test(text(station)) && / s?>>= 32$/.test(text(newer));
}

/** storyOf tells a value's way, oldest first, a sentence for each station. */
export function storyOf(telling: Telling, stations: readonly Origin[]): string[] {
  const told: string[] = [];
  for (const [at, station] of stations.entries()) {
    const { index, register, how } = station;
    const isWorthIt = index >= 0 || how === "lost" || (stations.length === 1 && register !== 10);
    if (!isWorthIt || isCut(telling, station, stations[at - 1])) continue;
    const state = (): string => describeState(knownAfter(telling.path, station), telling.nil);
    const text = isCut(telling, stations[at + 1], station)
      ? `its lower 32 bits are taken: ${state()}`
      : sentence(telling, station);
    told.push(index < 0 ? text : `${placeOf(telling, index)}: ${text}`);
  }
  return told.reverse();
}

/** accessText says what an instruction does to memory or a call: `reads 8 bytes`. */
export function accessText(step: PathStep | undefined): string {
  const opcode = step?.instruction?.opcode;
  if (step === undefined || opcode === undefined) return "uses it";
  if (step.instruction !== undefined && isCall(step.instruction)) return `calls ${callName(step)}`;
  if (step.instruction !== undefined && isExit(step.instruction)) return "returns";
  const size = sizeOfAccess(opcode);
  const bytes = size === 1 ? "1 byte" : `${size} bytes`;
  switch (opcode & 7) {
    case InstructionClass.LDX:
    case InstructionClass.LD:
      return `reads ${bytes}`;
    case InstructionClass.ST:
      return `writes ${bytes}`;
    case InstructionClass.STX:
      return (opcode & 0xe0) === MemoryMode.atomic ? `changes ${bytes} atomically` : `writes ${bytes}`;
    default:
      return `does \`${step.text}\``;
  }
}

function isBranch(step: PathStep): boolean {
  const opcode = step.instruction?.opcode ?? 0;
  const kind = opcode & 7;
  const operation = opcode & 0xf0;
  if (kind !== InstructionClass.JMP && kind !== InstructionClass.JMP32) return false;
  return (
    operation !== JumpOperation.ja && operation !== JumpOperation.call && operation !== JumpOperation.exit
  );
}

/** branchesOf tells which way the last few branches went between two steps. */
export function branchesOf(telling: Telling, from: number, to: number, most = 4): string[] {
  const { path } = telling;
  const told: string[] = [];
  for (let i = to - 1; i > from && told.length < most; i--) {
    const step = path[i];
    const next = path[i + 1];
    if (step === undefined || next === undefined || !isBranch(step)) continue;
    const condition = step.text.replace(/ goto .*$/, "");
    const goesOn = next.slot === step.slot + 1;
    told.push(`${placeOf(telling, i)}: \`${condition}\` is taken to be ${goesOn ? "false" : "true"}`);
  }
  return told.reverse();
}

/** loopOf tells of the loop a path ends in, when it went round often. */
export function loopOf(telling: Telling): string[] {
  const { path, nil } = telling;
  const backs = new Map<number, { turns: number; last: number }>();
  for (let i = 1; i < path.length; i++) {
    const [step, before] = [path[i], path[i - 1]];
    if (step === undefined || before === undefined || step.slot > before.slot) continue;
    const seen = backs.get(before.slot);
    backs.set(before.slot, { turns: (seen?.turns ?? 0) + 1, last: i - 1 });
  }
  const [most] = [...backs.values()].sort((a, b) => b.turns - a.turns);
  const jump = most === undefined ? undefined : path[most.last];
  if (most === undefined || jump === undefined) return [];
  const target = path[most.last + 1];
  const told = [
    `${placeOf(telling, most.last)}: the jump back to ${target === undefined ? "its start" : placeOf(telling, most.last + 1)} was followed ${most.turns === 1 ? "once" : `${most.turns} times`} in the part of the log that was kept`,
  ];
  const register = jump.instruction?.dst ?? 0;
  if (isBranch(jump)) {
    const state = stateBefore(path, most.last, `r${register}`);
    if (state !== "") {
      told.push(
        `its condition is \`${jump.text.replace(/ goto .*$/, "")}\`, and r${register} had come to ${describeState(state, nil)}`,
      );
    }
  }
  return told;
}
