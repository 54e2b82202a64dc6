import { INSTRUCTION_BYTES } from "../asm/opcode.js";
import { kernelBtf } from "../btf/kernel.js";
import { loadBtf } from "../btf/load.js";
import { Btf } from "../btf/reader.js";
import { applyRelocations } from "../core/resolve.js";
import { BpfError } from "../errors.js";
import type { Descriptor } from "../kernel/fd.js";
import { type BpfMap, u32Bytes } from "../maps/map.js";
import { loadProgram } from "../program/load.js";
import type { Program } from "../program/program.js";
import type { SourceLine } from "../program/spec.js";
import { ProgramType, type ProgramTypeId } from "../uapi/program-types.js";
import { attachBtfId } from "./attach-target.js";
import { type ConstantValue, setVariables } from "./constants.js";
import { type Closable, LoadedObject } from "./loaded.js";
import { makeMaps } from "./make-maps.js";
import { bindReferences } from "./references.js";
import type { ObjectSpec, ProgramSpec } from "./spec.js";

/** LoadOptions say how an object is to be loaded. */
export interface LoadOptions {
  /** Values of variables, set before anything runs: for `.rodata` the verifier knows them. */
  readonly constants?: Readonly<Record<string, ConstantValue>>;
  /** Maps to use in place of the object's own; they stay the caller's. */
  readonly maps?: ReadonlyMap<string, BpfMap>;
  /** Entries of maps, instead of what the object says; bytes for ring buffers. */
  readonly mapSizes?: Readonly<Record<string, number>>;
  /** Names of the programs to load; absent means all whose section does not begin with "?". */
  readonly programs?: readonly string[];
  /** What programs attach to, by program, instead of what the section says. */
  readonly targets?: Readonly<Record<string, string>>;
  /** Program types, for sections whose name says nothing. */
  readonly types?: Readonly<Record<string, ProgramTypeId>>;
  /** The types CO-RE relocations are answered from, when not the running kernel's. */
  readonly kernelBtf?: Btf;
}

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

interface Surroundings {
  readonly license: string;
  readonly options: LoadOptions;
  readonly local: Btf | undefined;
  readonly kernel: () => Btf;
  readonly mapFd: (name: string) => number;
  readonly btfFd: number | undefined;
}

function loadOne(program: ProgramSpec, around: Surroundings): Program {
  const { options, local, kernel, btfFd } = around;
  const code = new Uint8Array(program.code);
  if (program.relocations.length > 0) {
    if (local === undefined) throw new BpfError("bad-object", "CO-RE relocations without BTF");
    applyRelocations(code, program.relocations, local, kernel());
  }
  bindReferences(program, code, around.mapFd, kernel);
  const type = options.types?.[program.name] ?? program.type;
  if (type === ProgramType.BPF_PROG_TYPE_UNSPEC) {
    throw new BpfError(
      "bad-argument",
      `section "${program.section}" does not say what program "${program.name}" is`,
      {
        hint: "name its type in options.types",
      },
    );
  }
  const target = options.targets?.[program.name] ?? program.target;
  return loadProgram({
    name: program.name,
    type,
    instructions: code,
    license: around.license,
    attachType: program.attachType,
    flags: program.flags,
    attachBtfId: attachBtfId(type, program.attachType, target, kernel),
    btfFd,
    functionInfo: btfFd === undefined ? undefined : functionInfo(program),
    lineInfo: btfFd === undefined ? undefined : lineInfo(program),
    lines: sourceLines(program),
  });
}

// The kernel may know fewer kinds of types than the object has; only dumps and line numbers need them.
function tryLoadBtf(bytes: Uint8Array | undefined): Descriptor | undefined {
  if (bytes === undefined) return undefined;
  try {
    return loadBtf(bytes);
  } catch (error) {
    if (error instanceof BpfError && error.code !== "permission-denied") return undefined;
    throw error;
  }
}

function chosenPrograms(spec: ObjectSpec, options: LoadOptions): ProgramSpec[] {
  const names =
    options.programs ??
    [...spec.programs.values()]
      .filter((program) => !program.section.startsWith("?"))
      .map((program) => program.name);
  return names.map((name) => {
    const program = spec.programs.get(name);
    if (program !== undefined) return program;
    throw new BpfError("not-found", `the object has no program "${name}"`, {
      hint: `it has ${[...spec.programs.keys()].join(", ") || "none"}`,
    });
  });
}

function fillMapReferences(
  spec: ObjectSpec,
  maps: ReadonlyMap<string, BpfMap>,
  programs: ReadonlyMap<string, Program>,
): void {
  for (const { map, index, to } of spec.mapReferences) {
    const holder = maps.get(map);
    const value = to.kind === "map" ? maps.get(to.name) : programs.get(to.name);
    if (holder === undefined || value === undefined) continue;
    holder.update(u32Bytes(index), u32Bytes(value.fd));
  }
}

/**
 * loadObject makes an object's maps and loads its programs into the running kernel. When anything fails,
 * what was made is closed again and the error passes through: `verifier-rejected` with the source line,
 * `relocation-failed`, `not-found`, `permission-denied`, `not-supported`.
 */
export function loadObject(spec: ObjectSpec, options: LoadOptions = {}): LoadedObject {
  const owned: Closable[] = [];
  try {
    const local = spec.btf === undefined ? undefined : new Btf(spec.btf);
    const contents = setVariables(spec, options.constants ?? {}, local);
    let types: Btf | undefined = options.kernelBtf;
    const kernel = (): Btf => {
      types ??= kernelBtf();
      return types;
    };
    const btf = tryLoadBtf(spec.btf);
    if (btf !== undefined) owned.unshift(btf);
    const made = makeMaps(spec, options.maps ?? new Map(), options.mapSizes ?? {}, contents, btf?.number);
    owned.unshift(...made.owned);
    const mapFd = (name: string): number => {
      const map = made.maps.get(name);
      if (map === undefined)
        throw new BpfError("bad-object", `a program refers to a map "${name}" that is not there`);
      return map.fd;
    };
    const programs = new Map<string, Program>();
    for (const one of chosenPrograms(spec, options)) {
      const around = { license: spec.license, options, local, kernel, mapFd, btfFd: btf?.number };
      const program = loadOne(one, around);
      owned.unshift(program);
      programs.set(one.name, program);
    }
    fillMapReferences(spec, made.maps, programs);
    return new LoadedObject(spec, made.maps, programs, owned);
  } catch (error) {
    for (const one of owned) one.close();
    throw error;
  }
}
