import { INSTRUCTION_BYTES } from "../asm/opcode.js";
import type { Btf } from "../btf/reader.js";
import { type Poisons, reachedPoison } from "../core/patch.js";
import { applyRelocations, type CoreResolution } from "../core/resolve.js";
import { BpfError } from "../errors.js";
import { Errno } from "../kernel/errno.js";
import { loadProgram, loadProgramAside } from "../program/load.js";
import type { Program } from "../program/program.js";
import type { ProgramImage, SourceLine } from "../program/spec.js";
import { failingSlot, sourceOf } from "../program/verifier-log.js";
import { ProgramType } from "../uapi/program-types.js";
import { type AttachPoint, attachPoint } from "./attach-target.js";
import { usdtAttachType } from "./attach-usdt.js";
import type { KernelTypes } from "./kernel-types.js";
import type { LoadOptions } from "./options.js";
import { bindReferences } from "./references.js";
import type { ProgramSpec } from "./spec.js";

function functionInfo(program: ProgramSpec): Uint8Array {
  const words = new Uint32Array(program.functions.length * 2);
  for (const [index, { offset, type }] of program.functions.entries()) {
    words.set([offset / INSTRUCTION_BYTES, type], index * 2);
  }
  return new Uint8Array(words.buffer);
}

function lineInfo(program: ProgramSpec): Uint8Array {
  const words = new Uint32Array(program.lines.length * 4);
  for (const [index, line] of program.lines.entries()) {
    const place = ((line.line << 10) | line.column) >>> 0;
    words.set([line.offset / INSTRUCTION_BYTES, line.fileOffset, line.textOffset, place], index * 4);
  }
  return new Uint8Array(words.buffer);
}

function sourceLines(program: ProgramSpec): SourceLine[] {
  return program.lines.map(({ offset, file, line, column, text }) => ({
    slot: offset / INSTRUCTION_BYTES,
    file,
    line,
    column,
    text,
  }));
}

/** Surroundings is what the programs of an object share while they are loaded. */
export interface Surroundings {
  readonly license: string;
  readonly options: LoadOptions;
  /** The object's own types, and their descriptor in the kernel. */
  readonly local: Btf | undefined;
  readonly btfFd: number | undefined;
  readonly kernel: () => KernelTypes;
  readonly mapFd: (name: string) => number;
  readonly isProgramArray: (map: string) => boolean;
  /** Where functions of tables stand in the kernel's struct, by program. */
  readonly structOps: ReadonlyMap<string, AttachPoint>;
  /** Relocations answered so far, for all programs of the object. */
  readonly answers?: Map<string, CoreResolution>;
}

function relocate(program: ProgramSpec, code: Uint8Array, around: Surroundings, poisons: Poisons): void {
  const { local, options, kernel } = around;
  if (program.relocations.length === 0) return;
  if (local === undefined) throw new BpfError("bad-object", "CO-RE relocations without BTF");
  const given = options.kernelBtf;
  // Types of modules are only read when the kernel's own do not have a name.
  const targets =
    given === undefined
      ? {
          *[Symbol.iterator]() {
            yield kernel().vmlinux;
            for (const { btf } of kernel().modules()) yield btf;
          },
        }
      : given;
  applyRelocations(code, program.relocations, local, targets, poisons, around.answers);
}

// The verifier got to what the target lacks: that it is an invalid call is our doing and no reason.
function explainPoison(error: unknown, program: ProgramSpec, lines: SourceLine[], poisons: Poisons): unknown {
  if (!(error instanceof BpfError) || error.log === undefined) return error;
  const reason = reachedPoison(poisons, error.log);
  if (reason === undefined) return error;
  const place = sourceOf(lines, failingSlot(error.log));
  return new BpfError(
    "relocation-failed",
    `program "${program.name}" cannot do without what is missing: ${reason}${place === undefined ? "" : `; used at ${place}`}`,
    {
      hint: "ask before with bpf_core_field_exists(), bpf_core_type_exists() or bpf_ksym_exists()",
      log: error.log,
      call: error.call,
      errno: error.errno,
      cause: error,
    },
  );
}

/**
 * The verifier accepted the program and the kernel refuses it after all: it uses an array of programs that holds
 * those of another type (bpf_check_tail_call, kernel/bpf/core.c), of which no log says anything.
 */
function explainArrays(error: unknown, program: ProgramSpec, isArray: (map: string) => boolean): unknown {
  if (!(error instanceof BpfError) || error.errno !== Errno.EINVAL || error.log === undefined) return error;
  if (!/^(processed|verification time|stack depth)/.test(error.log.trim())) return error;
  const used = program.references.flatMap((one) => (one.kind === "map" && isArray(one.map) ? [one.map] : []));
  if (used.length === 0) return error;
  const names = [...new Set(used)].map((name) => `"${name}"`).join(", ");
  return new BpfError(
    "bad-argument",
    `program "${program.name}" uses ${names}, an array of programs that holds those of another type`,
    {
      hint: "load the programs of one type at a time (options.programs), or give each type an array of its own",
      log: error.log,
      call: error.call,
      errno: error.errno,
      cause: error,
    },
  );
}

/** BoundProgram is a program of an object as this kernel takes it, and what makes errors of the kernel errors of the object. */
export interface BoundProgram {
  readonly image: ProgramImage;
  explain(error: unknown): unknown;
}

/** bindProgram binds one program of an object to the kernel. Throws BpfError. */
export function bindProgram(program: ProgramSpec, around: Surroundings): BoundProgram {
  const { options, local, kernel, btfFd } = around;
  const type = options.types?.[program.name] ?? program.type;
  if (type === ProgramType.BPF_PROG_TYPE_UNSPEC) {
    throw new BpfError(
      "bad-argument",
      `section "${program.section}" does not say what program "${program.name}" is`,
      { hint: "name its type in options.types" },
    );
  }
  const code = new Uint8Array(program.code);
  const poisons: Poisons = [];
  relocate(program, code, around, poisons);
  const symbols = options.symbols ?? {};
  const modules = bindReferences(program, code, { mapFd: around.mapFd, kernel, local, symbols, poisons });
  const target = options.targets?.[program.name] ?? program.target;
  const table = around.structOps.get(program.name);
  const to = options.targetPrograms?.[program.name];
  const point = table ?? attachPoint(type, program.attachType, target, kernel, to);
  const lines = sourceLines(program);
  const image = {
    name: program.name,
    type,
    instructions: code,
    license: around.license,
    attachType: point.attachType ?? usdtAttachType(program) ?? program.attachType,
    flags: program.flags,
    attachBtfId: point.btfId,
    attachFd: point.fd,
    btfFd,
    functionInfo: btfFd === undefined ? undefined : functionInfo(program),
    lineInfo: btfFd === undefined ? undefined : lineInfo(program),
    lines,
    moduleFds: modules.bytes,
  };
  return {
    image,
    explain: (error) =>
      explainArrays(explainPoison(error, program, lines, poisons), program, around.isProgramArray),
  };
}

/** loadOne binds one program of an object to the kernel and loads it. Throws BpfError. */
export function loadOne(program: ProgramSpec, around: Surroundings): Program {
  const { image, explain } = bindProgram(program, around);
  try {
    return loadProgram(image);
  } catch (error) {
    throw explain(error);
  }
}

/** loadOneAside is loadOne on another thread; what binds it is done here and now. Rejects with BpfError. */
export async function loadOneAside(program: ProgramSpec, around: Surroundings): Promise<Program> {
  const { image, explain } = bindProgram(program, around);
  try {
    return await loadProgramAside(image);
  } catch (error) {
    throw explain(error);
  }
}
