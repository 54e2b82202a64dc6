import type { Instruction } from "../asm/instruction.js";
import {
  AluOperation,
  ATOMIC_FETCH,
  AtomicOperation,
  InstructionClass,
  LD_IMM64,
  MemoryMode,
  PseudoSource,
  SOURCE_REGISTER,
} from "../asm/opcode.js";
import { isCall, isExit, isFunctionCall, type PathStep, stateAfter, stateBefore } from "./path.js";
import { isConstant, isPointer } from "./registers.js";

/** Origin is one station of a value on its way to the refused instruction. */
export interface Origin {
  /** Index of the step in the path; -1 is the program's start. */
  readonly index: number;
  /** Register that got the value there. */
  readonly register: number;
  readonly how:
    | "argument"
    | "unset"
    /** It came before the part of the log that was kept. */
    | "lost"
    | "constant"
    | "map"
    | "call"
    | "clobbered"
    | "context"
    | "memory"
    | "stack"
    | "copy"
    | "arithmetic";
  /** The stack slot, for "stack": `fp-8`. */
  readonly slot?: string;
}

/** How far back a story goes: longer ones are not read. */
const MAX_STATIONS = 12;

function isAlu(instruction: Instruction): boolean {
  const kind = instruction.opcode & 7;
  return kind === InstructionClass.ALU || kind === InstructionClass.ALU64;
}

function atomicTarget(instruction: Instruction): number | undefined {
  if ((instruction.opcode & 7) !== InstructionClass.STX) return undefined;
  if ((instruction.opcode & 0xe0) !== MemoryMode.atomic) return undefined;
  if (instruction.imm === AtomicOperation.cmpxchg) return 0;
  if (instruction.imm === AtomicOperation.load_acquire) return instruction.dst;
  return instruction.imm & ATOMIC_FETCH ? instruction.src : undefined;
}

function writes(instruction: Instruction, register: number): boolean {
  if (isCall(instruction)) return register <= 5;
  switch (instruction.opcode & 7) {
    case InstructionClass.LD:
      return instruction.opcode === LD_IMM64 ? instruction.dst === register : register <= 5;
    case InstructionClass.LDX:
      return instruction.dst === register;
    case InstructionClass.STX:
      return atomicTarget(instruction) === register;
    case InstructionClass.ALU:
    case InstructionClass.ALU64:
      return instruction.dst === register;
    default:
      return false;
  }
}

interface Place {
  readonly index: number;
  readonly register: number;
}

/** lastWrite finds the step that gave a register its value, in this function or the ones around it. */
function lastWrite(path: readonly PathStep[], from: Place): Place | undefined {
  let depth = path[from.index]?.depth ?? 0;
  for (let i = from.index - 1; i >= 0; i--) {
    const step = path[i];
    if (step?.instruction === undefined) return undefined;
    const { instruction } = step;
    if (step.depth > depth) {
      // What a subprogram returned is followed into it, all else of it is passed by.
      if (step.depth === depth + 1 && isExit(instruction) && from.register === 0) depth = step.depth;
      continue;
    }
    if (step.depth < depth) {
      // Before a subprogram's first step: arguments are the caller's, all else is not set.
      if (from.register < 1 || from.register > 5) return undefined;
      depth = step.depth;
      if (isFunctionCall(instruction)) continue;
    }
    if (writes(instruction, from.register)) return { index: i, register: from.register };
  }
  return undefined;
}

/** slotName gives the stack slot an access goes to, undefined when it is not the stack or not one place. */
function slotName(
  path: readonly PathStep[],
  index: number,
  base: number,
  offset: number,
): string | undefined {
  const state = base === 10 ? "fp0" : stateBefore(path, index, `r${base}`);
  const found = /^fp(-?\d+)$/.exec(state);
  return found?.[1] === undefined ? undefined : `fp${Number(found[1]) + offset}`;
}

function lastStore(path: readonly PathStep[], index: number, slot: string): Place | undefined {
  const depth = path[index]?.depth ?? 0;
  for (let i = index - 1; i >= 0; i--) {
    const step = path[i];
    if (step?.instruction === undefined || step.depth !== depth) continue;
    const { opcode, dst, src, offset } = step.instruction;
    const kind = opcode & 7;
    const isStore = kind === InstructionClass.ST || kind === InstructionClass.STX;
    if (!isStore || slotName(path, i, dst, offset) !== slot) continue;
    return { index: i, register: kind === InstructionClass.STX ? src : -1 };
  }
  return undefined;
}

function stationOf(path: readonly PathStep[], { index, register }: Place): Origin {
  const instruction = path[index]?.instruction;
  if (instruction === undefined) return { index, register, how: "unset" };
  const { opcode, src, offset } = instruction;
  if (isCall(instruction)) return { index, register, how: register === 0 ? "call" : "clobbered" };
  if (opcode === LD_IMM64) {
    const isMap = src === PseudoSource.MAP_FD || src === PseudoSource.MAP_IDX;
    return { index, register, how: isMap ? "map" : "constant" };
  }
  if ((opcode & 7) === InstructionClass.LDX) {
    const slot = slotName(path, index, src, offset);
    if (slot !== undefined) return { index, register, how: "stack", slot };
    const isContext = stateBefore(path, index, `r${src}`).startsWith("ctx");
    return { index, register, how: isContext ? "context" : "memory" };
  }
  if (isAlu(instruction)) {
    if ((opcode & 0xf0) !== AluOperation.mov) return { index, register, how: "arithmetic" };
    return { index, register, how: opcode & SOURCE_REGISTER ? "copy" : "constant" };
  }
  return { index, register, how: "memory" };
}

/** nextOf says which earlier value a station's value came from. */
function nextOf(path: readonly PathStep[], station: Origin): Place | undefined {
  const { index, register, how } = station;
  const instruction = path[index]?.instruction;
  if (instruction === undefined) return undefined;
  if (how === "copy") return { index, register: instruction.src };
  if (how === "stack" && station.slot !== undefined) {
    const store = lastStore(path, index, station.slot);
    return store === undefined || store.register < 0 ? undefined : store;
  }
  if (how !== "arithmetic") return undefined;
  if ((instruction.opcode & SOURCE_REGISTER) === 0) return { index, register };
  // Of a pointer and a number the number is in doubt, of two numbers the one that is not known.
  const left = stateBefore(path, index, `r${register}`);
  const right = stateBefore(path, index, `r${instruction.src}`);
  if (isPointer(left) && !isPointer(right)) return { index, register: instruction.src };
  if (isPointer(right) || isConstant(right)) return { index, register };
  return isConstant(left) ? { index, register: instruction.src } : { index, register };
}

/** originOf follows a register's value back from a step to where it began: newest station first. */
export function originOf(path: readonly PathStep[], index: number, register: number): Origin[] {
  const stations: Origin[] = [];
  let at: Place | undefined = { index, register };
  const seen = new Set<string>();
  while (at !== undefined && stations.length < MAX_STATIONS) {
    const write = lastWrite(path, at);
    if (write === undefined) {
      const known: string = stateBefore(path, Math.min(at.index, path.length - 1), `r${at.register}`);
      // A whole log begins with a state; one that lost its beginning does not.
      const isWhole = path[0]?.before !== undefined;
      const how = isWhole ? (known === "" ? "unset" : "argument") : "lost";
      stations.push({ index: -1, register: at.register, how });
      break;
    }
    const station: Origin = stationOf(path, write);
    const key: string = `${path[write.index]?.slot} ${write.register}`;
    if (seen.has(key)) break;
    seen.add(key);
    stations.push(station);
    at = nextOf(path, station);
  }
  return stations;
}

/** knownAfter gives what was known of a station's value once it was there. */
export function knownAfter(path: readonly PathStep[], { index, register }: Origin): string {
  return index < 0 ? stateBefore(path, 0, `r${register}`) : stateAfter(path, index, `r${register}`);
}
