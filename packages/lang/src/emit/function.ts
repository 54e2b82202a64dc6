import type { IrFunction } from "../ir/ir.js";
import { runPasses } from "../passes/pipeline.js";
import type { Reporter } from "../source/diagnostics.js";
import { allocate } from "./allocate.js";
import { type Assembled, assemble } from "./assemble.js";
import { layFrame, stackLimit } from "./frame.js";
import type { MachineFunction } from "./machine.js";
import { moveToScratch, type Scratch, type ScratchUse } from "./scratch.js";
import { select } from "./select.js";
import type { InstructionSet } from "./selection.js";
import { shareSpills } from "./spills.js";

/** EmitTarget says for what, and with how much stack, a function is emitted. */
export interface EmitTarget {
  readonly set: InstructionSet;
  /** main functions are called by the kernel, others by them. */
  readonly main: boolean;
  readonly check: boolean;
  readonly optimise: boolean;
  /** stack is how many bytes the function should use, and most how many it may: others on the way need theirs. */
  readonly stack: number;
  readonly most: number;
  readonly scratch: ScratchUse;
}

/** Emitted is one function's bytecode, and the map its large values went to. */
export interface Emitted {
  readonly code: Assembled;
  readonly scratch: Scratch | undefined;
}

function machineCode(fn: IrFunction, report: Reporter, target: EmitTarget): MachineFunction | undefined {
  const machine = select(fn, target);
  if (allocate(machine)) {
    shareSpills(machine);
    return machine;
  }
  report.error(
    "internal",
    fn.at,
    `no registers were found for ${fn.name}`,
    "this is a mistake of the compiler: please report the program",
  );
  return undefined;
}

/** emitFunction takes one function from SSA to bytes. */
export function emitFunction(fn: IrFunction, report: Reporter, target: EmitTarget): Emitted | undefined {
  const { stack } = target;
  runPasses(fn, report, target);
  if (report.errors > 0) return undefined;
  let scratch = moveToScratch(fn, stack, target.scratch);
  let machine = machineCode(fn, report, target);
  if (machine === undefined) return undefined;
  let frame = layFrame(machine);
  if (frame.size > stack && scratch === undefined) {
    // Values fit, but not beside the registers that were spilled.
    const spilled = machine.spills.reduce((sum, slot) => sum + slot.size, 0);
    scratch = moveToScratch(fn, stack - spilled, target.scratch);
    if (scratch !== undefined) {
      machine = machineCode(fn, report, target);
      if (machine === undefined) return undefined;
      frame = layFrame(machine);
    }
  }
  if (frame.size > target.most) {
    report.error(
      "stack-overflow",
      fn.at,
      `${fn.name} needs ${frame.size} bytes of stack, ${target.most} are there${target.most < stackLimit ? " beside the functions it calls" : ""}`,
      "keep large values in a bpf.PerCPUArray[T](1) and work on them in place",
    );
    return undefined;
  }
  try {
    return { code: assemble(machine, frame, target.set !== "v1"), scratch };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    report.error(
      "too-large",
      fn.at,
      `${fn.name} cannot be encoded: ${why}`,
      "split it, or use fewer unrolled rounds",
    );
    return undefined;
  }
}
