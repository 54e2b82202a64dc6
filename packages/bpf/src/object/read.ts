import { symbolType, symbolVisibility } from "@go3s/binary";
import { type ExtSection, readBtfExt } from "../btf/ext-reader.js";
import { BtfKind } from "../btf/kinds.js";
import { Btf } from "../btf/reader.js";
import type { MapSpec } from "../maps/spec.js";
import { guardObject, isData, type ObjectFile, openObject } from "./file.js";
import { joinProgram } from "./join.js";
import { mendBtf, type SectionFacts } from "./mend-btf.js";
import { readFunctions } from "./read-functions.js";
import { readMaps } from "./read-maps.js";
import type { ObjectSpec, ProgramSpec, VariableSpec } from "./spec.js";

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

function variableTypes(btf: Btf | undefined): Map<string, number> {
  const types = new Map<string, number>();
  if (btf === undefined) return types;
  for (let id = btf.firstId; id < btf.endId; id++) {
    if (btf.kind(id) !== BtfKind.VAR) continue;
    const variable = btf.type(id);
    if (variable.kind === "var") types.set(variable.name, variable.type);
  }
  return types;
}

function readVariables(file: ObjectFile, btf: Btf | undefined): Map<string, VariableSpec> {
  const types = variableTypes(btf);
  const variables = new Map<string, VariableSpec>();
  for (const symbol of file.symbols) {
    const section = file.sections[symbol.section];
    if (section === undefined || !isData(section) || symbol.name === "") continue;
    if (symbol.type !== symbolType.OBJECT || symbol.value + symbol.size > section.size) continue;
    variables.set(symbol.name, {
      name: symbol.name,
      map: section.name,
      offset: symbol.value,
      size: symbol.size,
      type: types.get(symbol.name) ?? 0,
    });
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
    const valueType = name.startsWith(".") ? btf?.findOne(name, BtfKind.DATASEC) : undefined;
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
    const functions = readFunctions(file, infos, maps.at);
    const programs = new Map<string, ProgramSpec>();
    for (const one of functions.values()) {
      if (one.section !== ".text") programs.set(one.name, joinProgram(one, functions));
    }
    return {
      license: licenseOf(file),
      maps: withDataTypes(maps.specs, btf),
      mapReferences: maps.references,
      programs,
      variables: readVariables(file, btf),
      btf: btf === undefined ? undefined : mendBtf(btf, factsOf(file)),
    };
  });
}
