import {
  bpfRelocation,
  elfMachine,
  type RelocationSpec,
  type SectionSpec,
  type SymbolSpec,
  sectionFlag,
  sectionType,
  symbolBinding,
  symbolType,
  writeElf,
} from "@go3s/binary";
import {
  BtfBuilder,
  CoreKind,
  type CoreKindId,
  encodeBtfExt,
  type LineInfo,
  type SectionInfo,
} from "@go3s/bpf";
import type { IrFunction, Text } from "../ir/ir.js";
import { lineText, placeOf, type SourceFile } from "../source/file.js";
import type { Checked, GlobalSymbol } from "../types/symbols.js";
import { telemetryTag } from "../types/telemetry.js";
import { alignOf } from "../types/type.js";
import type { Assembled, Fixup } from "./assemble.js";
import { functionType, mapType, newTypeWriter, type TypeWriter } from "./btf-types.js";
import { type CoreTypes, newCoreTypes } from "./core-types.js";
import { describeExterns, externsOf } from "./externs.js";

/** Linked is one code section: functions one behind the other. */
interface Linked {
  readonly name: string;
  readonly functions: {
    readonly name: string;
    readonly code: Assembled;
    readonly offset: number;
    readonly isProgram: boolean;
  }[];
  size: number;
}

/** ObjectInput is everything an object file is made of. */
export interface ObjectInput {
  readonly checked: Checked;
  readonly files: readonly SourceFile[];
  readonly programs: readonly { readonly name: string; readonly section: string; readonly code: Assembled }[];
  readonly subprograms: readonly Assembled[];
  readonly texts: readonly Text[];
}

interface Data {
  readonly name: ".rodata" | ".data" | ".bss";
  readonly variables: { readonly global: GlobalSymbol; readonly offset: number }[];
  readonly texts: { readonly text: Text; readonly offset: number }[];
  size: number;
}

function layData(input: ObjectInput): Data[] {
  const sections: Data[] = [];
  for (const name of [".rodata", ".data", ".bss"] as const) {
    const data: Data = { name, variables: [], texts: [], size: 0 };
    for (const global of input.checked.globals) {
      if (global.section !== name) continue;
      const align = Math.max(alignOf(global.type), global.initial.length >= 8 ? 8 : 1);
      data.size = Math.ceil(data.size / align) * align;
      data.variables.push({ global, offset: data.size });
      data.size += global.initial.length;
    }
    if (name === ".rodata") {
      for (const text of input.texts) {
        data.texts.push({ text, offset: data.size });
        data.size += text.bytes.length;
      }
    }
    if (data.size > 0) sections.push(data);
  }
  return sections;
}

function dataBytes(data: Data): Uint8Array {
  const bytes = new Uint8Array(data.size);
  for (const { global, offset } of data.variables) bytes.set(global.initial, offset);
  for (const { text, offset } of data.texts) bytes.set(text.bytes, offset);
  return bytes;
}

function linkCode(input: ObjectInput): Linked[] {
  const sections = new Map<string, Linked>();
  const add = (section: string, name: string, code: Assembled, isProgram: boolean): void => {
    const linked = sections.get(section) ?? { name: section, functions: [], size: 0 };
    sections.set(section, linked);
    linked.functions.push({ name, code, offset: linked.size, isProgram });
    linked.size += code.bytes.length;
  };
  for (const code of input.subprograms) add(".text", code.source.name, code, false);
  for (const program of input.programs) add(program.section, program.name, program.code, true);
  return [...sections.values()];
}

/** lineInfos makes one record per change of line; the verifier wants one at each function's start. */
function lineInfos(files: readonly SourceFile[], code: Assembled, base: number): LineInfo[] {
  const infos: LineInfo[] = [];
  let last: LineInfo | undefined;
  for (const { offset, at } of [{ offset: 0, at: code.lines[0]?.at ?? code.source.at }, ...code.lines]) {
    const place = placeOf(files, at.start);
    if (place === undefined) continue;
    if (last !== undefined && (last.offset === base + offset || last.line === place.line)) continue;
    last = {
      offset: base + offset,
      file: place.file.name,
      text: lineText(place.file, place.line),
      line: place.line,
      column: Math.min(place.column, 1023),
    };
    infos.push(last);
  }
  return infos;
}

interface Symbols {
  readonly list: SymbolSpec[];
  readonly index: Map<unknown, number>;
}

function addSymbol(symbols: Symbols, key: unknown, symbol: SymbolSpec): void {
  symbols.index.set(key, symbols.list.push(symbol) - 1);
}

function relocationsOf(linked: Linked, symbols: Symbols): RelocationSpec[] {
  const found: RelocationSpec[] = [];
  for (const { code, offset } of linked.functions) {
    for (const fixup of code.fixups) {
      const symbol = symbols.index.get(symbolKey(fixup));
      if (fixup.kind === "core" || fixup.kind === "query") continue;
      if (symbol === undefined) throw new Error(`a relocation names no symbol (${fixup.kind})`);
      const calls = fixup.kind === "call" || (fixup.kind === "extern" && fixup.call);
      const type = calls ? bpfRelocation.R64_32 : bpfRelocation.R64_64;
      found.push({ offset: offset + fixup.offset, type, symbol });
    }
  }
  return found;
}

function symbolKey(fixup: Fixup): unknown {
  if (fixup.kind === "map") return fixup.map;
  if (fixup.kind === "global") return fixup.global;
  if (fixup.kind === "extern") return `extern ${fixup.extern.name}`;
  // Subprograms are static: they are reached by their section, the place in it stands in the instruction.
  return fixup.kind === "core" || fixup.kind === "query" ? undefined : ".text";
}

/** patchCalls writes places in .text into calls and function addresses, as clang does for static functions. */
function patchCalls(bytes: Uint8Array, linked: Linked, places: ReadonlyMap<IrFunction, number>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { code, offset } of linked.functions) {
    for (const fixup of code.fixups) {
      if (fixup.kind !== "call" && fixup.kind !== "function") continue;
      const at = places.get(fixup.function) ?? 0;
      view.setInt32(offset + fixup.offset + 4, fixup.kind === "call" ? at / 8 - 1 : at, true);
    }
  }
}

function describeSection(
  linked: Linked,
  input: ObjectInput,
  writer: TypeWriter,
  core: CoreTypes,
  linkage: { global: number; static: number },
): SectionInfo {
  const functions: { offset: number; type: number }[] = [];
  const lines: LineInfo[] = [];
  const relocations: { offset: number; type: number; access: string; kind: CoreKindId }[] = [];
  for (const { name, code, offset, isProgram } of linked.functions) {
    functions.push({
      offset,
      type: functionType(
        writer,
        name,
        code.source,
        isProgram || code.source.prototype !== undefined ? linkage.global : linkage.static,
      ),
    });
    lines.push(...lineInfos(input.files, code, offset));
    for (const fixup of code.fixups) {
      if (fixup.kind === "query")
        relocations.push({
          offset: offset + fixup.offset,
          ...core.query(fixup.query),
          kind: fixup.query.kind,
        });
      if (fixup.kind === "core")
        relocations.push({
          offset: offset + fixup.offset,
          ...core.access(fixup.core),
          kind: CoreKind.FIELD_BYTE_OFFSET,
        });
    }
  }
  return { section: linked.name, functions, lines, relocations };
}

function joined(linked: Linked): Uint8Array {
  const bytes = new Uint8Array(linked.size);
  for (const { code, offset } of linked.functions) bytes.set(code.bytes, offset);
  return bytes;
}

// enum btf_func_linkage and the linkage of variables, include/uapi/linux/btf.h
const linkage = { static: 0, global: 1 };

/** writeObject makes the relocatable object that libbpf, bpftool and @go3s/bpf load. */
export function writeObject(input: ObjectInput): Uint8Array {
  const { checked } = input;
  const builder = new BtfBuilder();
  const writer = newTypeWriter(builder);
  const core = newCoreTypes(writer);
  const code = linkCode(input);
  const data = layData(input);
  const symbols: Symbols = { list: [], index: new Map() };
  const sections: SectionSpec[] = [];
  for (const each of code) {
    for (const { code: assembled } of each.functions) {
      for (const fixup of assembled.fixups) {
        if (fixup.kind === "core") core.register(fixup.core);
        if (fixup.kind === "query") core.registerQuery(fixup.query);
      }
    }
  }

  if (code.some((each) => each.name === ".text")) {
    addSymbol(symbols, ".text", {
      name: "",
      binding: symbolBinding.LOCAL,
      type: symbolType.SECTION,
      section: ".text",
    });
  }
  const places = new Map<IrFunction, number>();
  for (const linked of code) {
    for (const { name, code: assembled, offset, isProgram } of linked.functions) {
      if (!isProgram) places.set(assembled.source, offset);
      const binding =
        isProgram || assembled.source.prototype !== undefined ? symbolBinding.GLOBAL : symbolBinding.LOCAL;
      addSymbol(symbols, assembled, {
        name,
        binding,
        type: symbolType.FUNC,
        section: linked.name,
        value: offset,
        size: assembled.bytes.length,
      });
    }
  }

  const initial: { readonly offset: number; readonly name: string }[] = [];
  const mapVariables: { type: number; offset: number; size: number }[] = [];
  let mapsSize = 0;
  for (const map of checked.maps) {
    const { id, size, values } = mapType(writer, map);
    map.initial?.forEach(({ name }, i) => void initial.push({ offset: mapsSize + values + i * 8, name }));
    const variable = builder.add({ kind: "var", name: map.name, type: id, linkage: linkage.global });
    mapVariables.push({ type: variable, offset: mapsSize, size });
    for (const { map: annotated, declaration } of checked.telemetry) {
      const name = `${telemetryTag}${JSON.stringify(declaration)}`;
      if (annotated === map) builder.add({ kind: "decl_tag", name, type: variable, component: -1 });
    }
    addSymbol(symbols, map, {
      name: map.name,
      binding: symbolBinding.GLOBAL,
      type: symbolType.OBJECT,
      section: ".maps",
      value: mapsSize,
      size,
    });
    mapsSize += size;
  }
  if (mapsSize > 0) {
    builder.add({ kind: "datasec", name: ".maps", size: mapsSize, variables: mapVariables });
    sections.push({
      name: ".maps",
      flags: sectionFlag.ALLOC | sectionFlag.WRITE,
      data: new Uint8Array(mapsSize),
      align: 8,
      relocations: initial.map(({ offset, name }) => {
        const symbol = symbols.list.findIndex((each) => each.name === name);
        if (symbol < 0) throw new Error(`a map starts with ${name}, which has no symbol`);
        return { offset, type: bpfRelocation.R64_ABS64, symbol };
      }),
    });
  }

  for (const each of data) {
    const variables = each.variables.map(({ global, offset }) => {
      addSymbol(symbols, global, {
        name: global.name,
        binding: symbolBinding.GLOBAL,
        type: symbolType.OBJECT,
        section: each.name,
        value: offset,
        size: global.initial.length,
      });
      return {
        type: builder.add({
          kind: "var",
          name: global.name,
          type: writer.id(global.type),
          linkage: linkage.global,
        }),
        offset,
        size: global.initial.length,
      };
    });
    each.texts.forEach(({ text, offset }, i) => {
      addSymbol(symbols, text, {
        name: `text.${i}`,
        binding: symbolBinding.LOCAL,
        type: symbolType.OBJECT,
        section: each.name,
        value: offset,
        size: text.bytes.length,
      });
    });
    if (variables.length > 0) builder.add({ kind: "datasec", name: each.name, size: each.size, variables });
    const common = {
      name: each.name,
      align: 8,
      flags: each.name === ".rodata" ? sectionFlag.ALLOC : sectionFlag.ALLOC | sectionFlag.WRITE,
    };
    if (each.name === ".bss")
      sections.push({ ...common, type: sectionType.NOBITS, data: new Uint8Array(0), size: each.size });
    else sections.push({ ...common, data: dataBytes(each) });
  }

  const externs = externsOf(code.flatMap((each) => each.functions.map((one) => one.code)));
  describeExterns(builder, externs);
  for (const extern of externs) {
    const binding = extern.weak ? symbolBinding.WEAK : symbolBinding.GLOBAL;
    addSymbol(symbols, `extern ${extern.name}`, { name: extern.name, binding, type: symbolType.NOTYPE });
  }

  const license = Buffer.from(`${checked.license}\0`, "utf8");
  sections.push({ name: "license", flags: sectionFlag.ALLOC | sectionFlag.WRITE, data: license, align: 1 });
  addSymbol(symbols, "license", {
    name: "_license",
    binding: symbolBinding.GLOBAL,
    type: symbolType.OBJECT,
    section: "license",
    size: license.length,
  });

  for (const struct of checked.structs) writer.id(struct);
  const infos: SectionInfo[] = [];
  for (const linked of code) {
    const bytes = joined(linked);
    patchCalls(bytes, linked, places);
    infos.push(describeSection(linked, input, writer, core, linkage));
    sections.push({
      name: linked.name,
      flags: sectionFlag.ALLOC | sectionFlag.EXECINSTR,
      data: bytes,
      align: 8,
      relocations: relocationsOf(linked, symbols),
    });
  }
  const ext = encodeBtfExt(builder, infos);
  sections.push(
    { name: ".BTF", data: builder.encode(), align: 4 },
    { name: ".BTF.ext", data: ext, align: 4 },
  );
  return writeElf({ machine: elfMachine.BPF, sections, symbols: symbols.list });
}
