import {
  aluImm,
  aluReg,
  atomic,
  byteLength,
  callFunction,
  callHelper,
  encodeInstructions,
  exit,
  type Instruction,
  jump,
  jumpIfImm,
  jumpIfReg,
  load,
  loadFunction,
  loadImm64,
  loadSigned,
  movImm,
  movReg,
  movSigned,
  neg,
  type Register,
  resolveLabels,
  slotsOf,
  storeImm,
  storeReg,
  toEndian,
  withLabel,
} from "@go3s/bpf";
import type { CorePath, CoreQuery, Extern, IrFunction, Text } from "../ir/ir.js";
import type { Range } from "../source/file.js";
import type { GlobalSymbol, MapSymbol } from "../types/symbols.js";
import type { Frame } from "./frame.js";
import { layOut } from "./layout.js";
import type { Address, MachineBlock, MachineFunction, MachineInstruction } from "./machine.js";

/** Fixup is an instruction that the loader or linker completes. Offsets are in bytes from the function's start. */
export type Fixup = { readonly offset: number } & (
  | { readonly kind: "map"; readonly map: MapSymbol }
  | { readonly kind: "global"; readonly global: GlobalSymbol | Text }
  | { readonly kind: "function"; readonly function: IrFunction }
  | { readonly kind: "call"; readonly function: IrFunction }
  | { readonly kind: "core"; readonly core: CorePath }
  | { readonly kind: "extern"; readonly extern: Extern; readonly call: boolean }
  | { readonly kind: "query"; readonly query: CoreQuery }
);

/** Assembled is one function's bytecode and what is needed to link and explain it. */
export interface Assembled {
  readonly source: IrFunction;
  readonly instructions: readonly Instruction[];
  readonly bytes: Uint8Array;
  readonly fixups: readonly Fixup[];
  /** lines say where the code from an offset on comes from. */
  readonly lines: readonly { readonly offset: number; readonly at: Range }[];
  readonly stack: number;
}

function real(register: number): Register {
  switch (register) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
      return register;
    default:
      throw new Error(`r${register} was not allocated`);
  }
}

function offsetOf(address: Address, frame: Frame): number {
  if (address.slot === undefined) return address.offset;
  return (frame.offsets.get(address.slot) ?? 0) + address.offset;
}

/** encode turns one machine instruction into instructions of the ISA. */
function encode(
  instruction: MachineInstruction,
  frame: Frame,
  label: (block: MachineBlock) => string,
): Instruction[] {
  switch (instruction.kind) {
    case "alu": {
      const { name, dst, operand, width } = instruction;
      return [
        "register" in operand
          ? aluReg(name, real(dst), real(operand.register), width)
          : aluImm(name, real(dst), operand.constant, width),
      ];
    }
    case "neg":
      return [neg(real(instruction.dst), instruction.width)];
    case "swap":
      return [toEndian("be", real(instruction.dst), instruction.bits)];
    case "mov": {
      const { dst, operand, width } = instruction;
      return [
        "register" in operand
          ? movReg(real(dst), real(operand.register), width)
          : movImm(real(dst), operand.constant, width),
      ];
    }
    case "sext":
      return [movSigned(real(instruction.dst), real(instruction.src), instruction.bits, instruction.width)];
    case "wide": {
      const { value, dst } = instruction;
      if (value.kind === "number") return [loadImm64(real(dst), value.value)];
      if (value.kind === "function") return [loadFunction(real(dst), 0)];
      if (value.kind === "extern") return [loadImm64(real(dst), 0n)];
      return [loadImm64(real(dst), BigInt(value.kind === "global" ? value.offset : 0))];
    }
    case "slot": {
      const offset = (frame.offsets.get(instruction.slot) ?? 0) + instruction.offset;
      return [movReg(real(instruction.dst), 10), aluImm("add", real(instruction.dst), offset)];
    }
    case "load": {
      const { dst, size, address, signed } = instruction;
      const at = offsetOf(address, frame);
      if (signed && size !== 8) return [loadSigned(size, real(dst), real(address.base), at)];
      return [load(size, real(dst), real(address.base), at)];
    }
    case "store": {
      const { size, address, operand } = instruction;
      const at = offsetOf(address, frame);
      return [
        "register" in operand
          ? storeReg(size, real(address.base), at, real(operand.register))
          : storeImm(size, real(address.base), at, operand.constant),
      ];
    }
    case "atomic":
      return [
        atomic(
          instruction.name,
          instruction.size,
          real(instruction.address.base),
          offsetOf(instruction.address, frame),
          real(instruction.src),
        ),
      ];
    case "call":
      return [callHelper(instruction.helper)];
    case "call-kernel":
    case "call-function":
      return [callFunction(-1)];
    case "jump-if": {
      const { condition, left, operand, to, width } = instruction;
      return [
        "register" in operand
          ? jumpIfReg(condition, real(left), real(operand.register), label(to), width)
          : jumpIfImm(condition, real(left), operand.constant, label(to), width),
      ];
    }
    case "jump":
      return [jump(label(instruction.to))];
    case "exit":
      return [exit()];
  }
}

function fixupOf(instruction: MachineInstruction, offset: number): Fixup | undefined {
  if (instruction.kind === "wide") {
    const { value } = instruction;
    if (value.kind === "map") return { kind: "map", map: value.map, offset };
    if (value.kind === "global") return { kind: "global", global: value.global, offset };
    if (value.kind === "function") return { kind: "function", function: value.function, offset };
    if (value.kind === "extern") return { kind: "extern", extern: value.extern, call: false, offset };
    if (value.kind === "number" && value.query !== undefined)
      return { kind: "query", query: value.query, offset };
  }
  if (instruction.kind === "call-kernel")
    return { kind: "extern", extern: instruction.extern, call: true, offset };
  if (instruction.kind === "call-function") return { kind: "call", function: instruction.function, offset };
  if (instruction.kind === "mov" && instruction.query !== undefined)
    return { kind: "query", query: instruction.query, offset };
  if (instruction.kind === "alu" && instruction.core !== undefined)
    return { kind: "core", core: instruction.core, offset };
  if (instruction.kind === "load" && instruction.address.core !== undefined)
    return { kind: "core", core: instruction.address.core, offset };
  return undefined;
}

/** assemble turns allocated code into bytes. Sets without `hasLess` (v1) cannot jump on "less". */
export function assemble(fn: MachineFunction, frame: Frame, hasLess: boolean): Assembled {
  const order = layOut(fn, hasLess);
  const label = (block: MachineBlock): string => `b${block.id}`;
  const instructions: Instruction[] = [];
  const fixups: Fixup[] = [];
  const lines: { offset: number; at: Range }[] = [];
  let slots = 0;
  let pending: string[] = [];
  const aliases = new Map<string, string>();
  for (const block of order) {
    pending.push(label(block));
    for (const each of block.code) {
      const fixup = fixupOf(each, slots * 8);
      if (fixup !== undefined) fixups.push(fixup);
      lines.push({ offset: slots * 8, at: each.at });
      for (const one of encode(each, frame, label)) {
        const [name, ...others] = pending;
        for (const other of others) if (name !== undefined) aliases.set(other, name);
        instructions.push(name === undefined ? one : withLabel(name, one));
        pending = [];
        slots += slotsOf(one);
      }
    }
  }
  const aliased = instructions.map((each) => {
    const to = each.target === undefined ? undefined : aliases.get(each.target);
    return to === undefined ? each : { ...each, target: to };
  });
  const resolved = resolveLabels(aliased);
  const bytes = encodeInstructions(resolved);
  if (bytes.length !== byteLength(resolved)) throw new Error("encoding changed the code's size");
  return { source: fn.source, instructions: resolved, bytes, fixups, lines, stack: frame.size };
}
