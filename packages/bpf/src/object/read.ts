import { symbolType, symbolVisibility } from "@go3s/binary";
import { type ExtSection, readBtfExt } from "../btf/ext-reader.js";
import { BtfKind } from "../btf/kinds.js";
import { Btf } from "../btf/reader.js";
import type { MapSpec } from "../maps/spec.js";
import { configMap, type Externs, KCONFIG, readExterns } from "./externs.js";
import { guardObject, isData, type ObjectFile, openObject } from "./file.js";
import { Work } from "./function.js";
import { calledFunctions, joinProgram } from "./join.js";
import { mendBtf, type SectionFacts } from "./mend-btf.js";
import { readFunctions } from "./read-functions.js";
import { readMaps } from "./read-maps.js";
import type { ObjectSpec, ProgramSpec, VariableSpec } from "./spec.js";
import { readStructOps } from "./struct-ops.js";

function sectionData(file: ObjectFile, name: string): Uint8Array | undefined {
  const section = file.elf.section(name);
  return section === undefined || section.size === 0 ? undefined : file.data(section);
}

function licenseOf(file: ObjectFile): string {
  const bytes = sectionData(file, "license");
  if (bytes === undefined) return "";
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

// Static variables of different sections may have one name: the section's own list is asked first.
function variableTypes(btf: Btf | undefined): (section: string, name: string) => number {
  const types = new Map<string, number>();
  for (let id = btf?.firstId ?? 0; btf !== undefined && id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.DATASEC) continue;
    const section = btf.type(id);
    if (section.kind !== "datasec") continue;
    for (const { type } of section.variables) {
      const variable = btf.type(type);
      if (variable.kind === "var") types.set(`${section.name}/${variable.name}`, variable.type);
    }
  }
  return (section, name) => types.get(`${section}/${name}`) ?? 0;
}

function readVariables(file: ObjectFile, btf: Btf | undefined, externs: Externs): Map<string, VariableSpec> {
  const typeOf = variableTypes(btf);
  const variables = new Map<string, VariableSpec>(externs.config);
  for (const symbol of file.symbols) {
    const section = file.sections[symbol.section];
    if (section === undefined || !isData(section) || symbol.name === "") continue;
    if (symbol.type !== symbolType.OBJECT || symbol.value + symbol.size > section.size) continue;
    const { name, value: offset, size } = symbol;
    variables.set(name, { name, map: section.name, offset, size, type: typeOf(section.name, name) });
  }
  return variables;
}

function factsOf(file: ObjectFile): SectionFacts {
  const hidden = new Set<string>();
  const variables = new Map<string, number>();
  for (const symbol of file.symbols) {
    if (symbol.name === "" || file.sections[symbol.section] === undefined) continue;
    if (symbol.type === symbolType.OBJECT) variables.set(symbol.name, symbol.value);
    const isHidden =
      symbol.visibility === symbolVisibility.HIDDEN || symbol.visibility === symbolVisibility.INTERNAL;
    if (symbol.type === symbolType.FUNC && isHidden) hidden.add(symbol.name);
  }
  const sizes = new Map(file.sections.map((section) => [section.name, section.size]));
  return { sizes, variables, hidden };
}

// A data section's values are described by the type of the section itself.
function withDataTypes(specs: ReadonlyMap<string, MapSpec>, btf: Btf | undefined): Map<string, MapSpec> {
  const typed = new Map<string, MapSpec>();
  for (const [name, spec] of specs) {
    const valueType =
      name.startsWith(".") && name !== KCONFIG ? btf?.findOne(name, BtfKind.DATASEC) : undefined;
    typed.set(name, valueType === undefined ? spec : { ...spec, valueType });
  }
  return typed;
}

/**
 * readObject reads a BPF object file. The result depends on nothing but the bytes: it can be looked at,
 * changed and loaded anywhere. Throws BpfError `bad-object` or `bad-btf` with the offset.
 */
export function readObject(bytes: Uint8Array): ObjectSpec {
  return guardObject(() => {
    const file = openObject(bytes);
    const types = sectionData(file, ".BTF");
    const btf = types === undefined ? undefined : new Btf(types);
    const ext = sectionData(file, ".BTF.ext");
    const infos =
      ext === undefined || btf === undefined ? new Map<string, ExtSection>() : readBtfExt(ext, btf);
    const maps = readMaps(file, btf);
    const externs = readExterns(file, btf);
    const config = configMap(externs);
    if (config !== undefined) maps.specs.set(config.name, config);
    const functions = readFunctions(file, infos, { mapAt: maps.at, externs });
    const called = calledFunctions(functions);
    const programs = new Map<string, ProgramSpec>();
    const work = new Work();
    for (const one of functions.values()) {
      // Compilers that give each function a section of its own name it so (-ffunction-sections, Rust).
      if (!/^\.text(\.|$)/.test(one.section))
        programs.set(one.name, joinProgram(one, functions, called, work));
    }
    return {
      license: licenseOf(file),
      maps: withDataTypes(maps.specs, btf),
      mapReferences: maps.references,
      programs,
      variables: readVariables(file, btf, externs),
      structOps: readStructOps(file, btf),
      pinned: maps.pinned,
      btf: btf === undefined ? undefined : mendBtf(btf, factsOf(file)),
    };
  });
}
