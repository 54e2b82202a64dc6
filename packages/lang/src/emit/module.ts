import type { IrFunction } from "../ir/ir.js";
import type { Lowered } from "../lower/module.js";
import type { Reporter } from "../source/diagnostics.js";
import type { Checked, MapSymbol } from "../types/symbols.js";
import type { Assembled } from "./assemble.js";
import { stackLimit } from "./frame.js";
import { type Emitted, emitFunction } from "./function.js";
import type { Scratch } from "./scratch.js";
import type { InstructionSet } from "./selection.js";

/** EmittedModule is all code of a compilation, and the maps that large values moved to. */
export interface EmittedModule {
  readonly programs: readonly { readonly name: string; readonly section: string; readonly code: Assembled }[];
  readonly subprograms: readonly Assembled[];
  readonly scratchMaps: readonly MapSymbol[];
  /** notes tell what the compiler did that the source does not show. */
  readonly notes: readonly string[];
}

/** subprogramShare of the stack is a subprogram's: what calls it needs the rest. */
const subprogramShare = stackLimit / 2;

/** frameSize is what a frame counts for: the verifier rounds each up, check_max_stack_depth in kernel/bpf/verifier.c. */
const frameSize = (code: Assembled): number => Math.max(32, Math.ceil(code.stack / 32) * 32);

function calledBy(fn: IrFunction): Set<IrFunction> {
  const found = new Set<IrFunction>();
  for (const block of fn.blocks)
    for (const value of block.values) if (value.func !== undefined) found.add(value.func);
  return found;
}

/** emitModule emits subprograms first: a program has the stack that those it calls leave. */
export function emitModule(
  checked: Checked,
  lowered: Lowered,
  report: Reporter,
  options: { readonly set: InstructionSet; readonly check: boolean; readonly optimise: boolean },
): EmittedModule {
  const names = new Set(checked.maps.map((map) => map.name));
  const scratchMaps: MapSymbol[] = [];
  const notes: string[] = [];
  const emitted = new Map<IrFunction, Emitted>();
  const exchange = options.set === "v3" || options.set === "v4";
  const nextName = (): string => {
    let number = scratchMaps.length;
    while (names.has(`scratch_${number}`)) number++;
    return `scratch_${number}`;
  };
  const keep = (fn: IrFunction, scratch: Scratch | undefined): void => {
    if (scratch === undefined) return;
    names.add(scratch.map.name);
    scratchMaps.push(scratch.map);
    const values = scratch.moved.map(
      (slot) => `${slot.name === "" ? "a temporary" : slot.name} (${slot.size} bytes)`,
    );
    notes.push(
      `${fn.name}: too large for the stack, kept in the per-CPU map ${scratch.map.name}: ${values.join(", ")}`,
    );
  };
  const mains = new Set(lowered.programs.map((program) => program.code));
  const emit = (
    fn: IrFunction,
    stack: number,
    most: number,
    claims: boolean,
    failure: bigint,
  ): Assembled | undefined => {
    const scratch = { claims, failure, exchange, name: nextName() };
    const made = emitFunction(fn, report, { ...options, main: mains.has(fn), stack, most, scratch });
    if (made === undefined) return undefined;
    emitted.set(fn, made);
    keep(fn, made.scratch);
    return made.code;
  };
  const depth = (fn: IrFunction, seen: ReadonlySet<IrFunction> = new Set()): number => {
    const code = emitted.get(fn)?.code;
    if (code === undefined || seen.has(fn)) return 0;
    return frameSize(code) + below(fn, new Set([...seen, fn]));
  };
  const below = (fn: IrFunction, seen: ReadonlySet<IrFunction> = new Set()): number =>
    Math.max(0, ...[...calledBy(fn)].map((each) => depth(each, seen)));
  // Several programs may call one subprogram, and interrupt each other in it: it always claims.
  const subprograms = lowered.subprograms.flatMap(
    (fn) => emit(fn, subprogramShare, stackLimit, true, 0n) ?? [],
  );
  const programs = lowered.programs.flatMap((program) => {
    const { name, section, code: fn } = program;
    const kind = checked.programs.find((each) => each.name === name)?.kind;
    const stack = stackLimit - below(fn);
    const code = emit(fn, stack, stack, kind?.nests ?? true, BigInt(kind?.pass ?? 0));
    return code === undefined ? [] : [{ name, section, code }];
  });
  return { programs, subprograms, scratchMaps, notes };
}
