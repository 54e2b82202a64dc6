import { BinaryError, readElf } from "@go3s/binary";
import { readBtfExt } from "../btf/ext-reader.js";
import { Btf } from "../btf/reader.js";
import { typesMatch } from "../core/match-types.js";
import { applyRelocations } from "../core/resolve.js";
import { BpfError } from "../errors.js";
import { encodeConfig } from "../object/kconfig.js";
import type { KernelTypes } from "../object/kernel-types.js";
import { planStructOps } from "../object/load-struct-ops.js";
import { readObject } from "../object/read.js";
import { bindReferences } from "../object/references.js";
import type { ObjectSpec, ProgramSpec } from "../object/spec.js";
import { decodeVariable, encodeVariable } from "../object/variables.js";
import { mutate, randomBySeed } from "./mutate.js";

/** Specimen is an object to be broken, with where its types and its tables stand. */
export interface Specimen {
  readonly bytes: Uint8Array;
  readonly btf: Uint8Array | undefined;
  readonly ext: Uint8Array | undefined;
  /** Byte ranges that are worth more changes than instructions and debug information. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** specimenOf finds the parts of an object. */
export function specimenOf(bytes: Uint8Array): Specimen {
  const elf = readElf(bytes, "specimen");
  const part = (name: string): Uint8Array | undefined => {
    const section = elf.section(name);
    return section === undefined || section.size === 0 ? undefined : new Uint8Array(elf.data(section));
  };
  const ranges: (readonly [number, number])[] = [[0, 64]];
  // The table of sections closes the file in all compilers' objects.
  ranges.push([Math.max(0, bytes.length - elf.sections.length * 64), bytes.length]);
  for (const section of elf.sections) {
    const isTable = /^(\.BTF|\.BTF\.ext|\.symtab|\.strtab|\.rel|\.maps|maps|\.struct_ops)/.test(section.name);
    if (isTable && !section.name.includes("debug") && section.size > 0) {
      ranges.push([section.offset, Math.min(bytes.length, section.offset + section.size)]);
    }
  }
  return { bytes, btf: part(".BTF"), ext: part(".BTF.ext"), ranges };
}

function tolerate(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BpfError) && !(error instanceof BinaryError)) throw error;
  }
}

function fakeKernel(vmlinux: Btf): KernelTypes {
  return { vmlinux, modules: () => [], addresses: () => [0xffffffff81000000n], close: () => undefined };
}

function bindProgram(program: ProgramSpec, local: Btf, target: Btf): void {
  const code = new Uint8Array(program.code);
  const poisons: string[] = [];
  tolerate(() => applyRelocations(code, program.relocations, local, target, poisons));
  const kernel = fakeKernel(target);
  const symbols = {};
  tolerate(() => {
    bindReferences(program, code, { mapFd: () => 3, kernel: () => kernel, local, symbols, poisons });
  });
}

// Everything that happens to a spec before the kernel sees it.
function useSpec(spec: ObjectSpec, target: Btf): void {
  if (spec.btf === undefined) return;
  const local = new Btf(spec.btf);
  for (const program of spec.programs.values()) bindProgram(program, local, target);
  for (const variable of spec.variables.values()) {
    tolerate(() => encodeVariable(variable, 1, local));
    tolerate(() => encodeVariable(variable, "y", local));
    tolerate(() => decodeVariable(variable, new Uint8Array(variable.size), local));
    if (variable.config !== undefined) tolerate(() => encodeConfig(variable, "y", local));
  }
  for (const table of spec.structOps.values())
    tolerate(() => planStructOps(table, local, fakeKernel(target)));
}

function useTypes(btf: Btf, target: Btf): void {
  for (let id = 1; id < btf.endId; id++) {
    tolerate(() => btf.type(id));
    tolerate(() => btf.sizeOf(id));
    tolerate(() => btf.find(btf.name(id)));
    tolerate(() => typesMatch(btf, id, target, Math.min(id, target.endId - 1)));
  }
}

/**
 * fuzzOnce breaks a specimen by a seed and does with it all that needs no kernel. Any error other than
 * BpfError and BinaryError passes through: that is a finding.
 */
export function fuzzOnce(specimen: Specimen, target: Btf, seed: number): void {
  const random = randomBySeed(seed);
  const way = random(10);
  const { btf, ext } = specimen;
  if (way < 6 || btf === undefined) {
    const range = specimen.ranges[random(specimen.ranges.length)];
    const bytes = mutate(specimen.bytes, random, random(4) === 0 ? undefined : range);
    tolerate(() => useSpec(readObject(bytes), target));
    return;
  }
  if (way < 9 || ext === undefined) {
    tolerate(() => {
      const broken = new Btf(mutate(btf, random));
      useTypes(broken, target);
      if (ext !== undefined) readBtfExt(ext, broken);
      // As the target too: types given by a user are not to be trusted more.
      const spec = readObject(specimen.bytes);
      const local = new Btf(spec.btf ?? btf);
      for (const program of spec.programs.values()) bindProgram(program, local, broken);
    });
    return;
  }
  tolerate(() => readBtfExt(mutate(ext, random), new Btf(btf)));
}
