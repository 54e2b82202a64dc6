import {
  type ElfSection,
  type ElfSymbol,
  type Relocation,
  sectionIndex,
  symbolBinding,
  symbolType,
} from "@go3s/binary";
import { INSTRUCTION_BYTES, InstructionClass, JumpOperation, LD_IMM64, PseudoSource } from "../asm/opcode.js";
import type { ExtSection } from "../btf/ext-reader.js";
import { BpfError } from "../errors.js";
import type { Externs } from "./externs.js";
import { isCode, isData, isMaps, type ObjectFile } from "./file.js";
import { type FunctionCall, functionKey, type ObjectFunction, rowsOf, Work } from "./function.js";
import type { Reference } from "./spec.js";

const CALL = InstructionClass.JMP | JumpOperation.call;

/** CodeContext is what the code of an object may refer to. */
export interface CodeContext {
  /** The map that stands at a byte offset of a map section. */
  readonly mapAt: (section: string, offset: number) => string | undefined;
  readonly externs: Externs;
}

function functionSymbols(inSection: readonly ElfSymbol[]): ElfSymbol[] {
  const declared = inSection.filter((symbol) => symbol.type === symbolType.FUNC);
  // Old compilers and assemblers leave the type of functions open.
  const found =
    declared.length > 0
      ? declared
      : inSection.filter(
          (symbol) => symbol.type === symbolType.NOTYPE && symbol.binding !== symbolBinding.LOCAL,
        );
  return found.sort((a, b) => a.value - b.value);
}

interface Uses {
  readonly calls: FunctionCall[];
  readonly references: Reference[];
}

function refuse(section: ElfSection, offset: number, why: string): never {
  throw new BpfError("bad-object", `section ${section.name}, byte ${offset}: ${why}`, { offset });
}

function addRelocation(
  file: ObjectFile,
  section: ElfSection,
  view: DataView,
  start: number,
  relocation: Relocation,
  context: CodeContext,
  uses: Uses,
): void {
  const offset = relocation.offset - start;
  if (offset < 0 || offset % INSTRUCTION_BYTES !== 0 || offset + INSTRUCTION_BYTES > view.byteLength) {
    refuse(section, relocation.offset, "a relocation outside of instructions");
  }
  const symbol = file.symbols[relocation.symbol];
  if (symbol === undefined) refuse(section, relocation.offset, `there is no symbol ${relocation.symbol}`);
  const target = symbol.section === sectionIndex.UNDEF ? undefined : file.sections[symbol.section];
  const opcode = view.getUint8(offset);
  const imm = view.getInt32(offset + 4, true);
  const addend = relocation.addend === undefined ? imm : Number(relocation.addend);
  const { name } = symbol;
  const weak = symbol.binding === symbolBinding.WEAK;
  const type = context.externs.symbols.get(name);

  if (opcode === CALL) {
    if (target === undefined && type === undefined) {
      uses.references.push({ kind: "undefined-function", offset, name });
    } else if (target === undefined) {
      uses.references.push({ kind: "kfunc", offset, name, weak, type: type ?? 0 });
    } else {
      const to = symbol.value + (addend + 1) * INSTRUCTION_BYTES;
      uses.calls.push({ offset, section: target.name, start: to, isAddress: false });
    }
    return;
  }
  if (opcode !== LD_IMM64)
    refuse(section, relocation.offset, `a relocation of opcode 0x${opcode.toString(16)}`);
  if (offset + 2 * INSTRUCTION_BYTES > view.byteLength)
    refuse(section, relocation.offset, "an ld_imm64 is cut off");
  const at = symbol.value + addend;
  if (target === undefined) {
    const config = context.externs.config.get(name);
    if (config !== undefined) {
      uses.references.push({ kind: "data", offset, map: config.map, at: config.offset + addend });
    } else if (type !== undefined) uses.references.push({ kind: "symbol", offset, name, weak, type });
    else uses.references.push({ kind: "constant", offset, name });
  } else if (isMaps(target)) {
    const map = context.mapAt(target.name, at);
    if (map === undefined) refuse(section, relocation.offset, `no map at byte ${at} of ${target.name}`);
    uses.references.push({ kind: "map", offset, map });
  } else if (isData(target)) {
    if (at < 0 || at > target.size)
      refuse(section, relocation.offset, `byte ${at} is outside of ${target.name}`);
    uses.references.push({ kind: "data", offset, map: target.name, at });
  } else if (isCode(target)) {
    uses.calls.push({ offset, section: target.name, start: at, isAddress: true });
  } else {
    refuse(section, relocation.offset, `it refers to section ${target.name}, which is neither data nor code`);
  }
}

// Calls within a section need no relocation: their distance is known to the compiler. Maps do.
function addPlainUses(
  section: ElfSection,
  view: DataView,
  start: number,
  done: Set<number>,
  { calls, references }: Uses,
): void {
  for (let at = 0; at + INSTRUCTION_BYTES <= view.byteLength; at += INSTRUCTION_BYTES) {
    const opcode = view.getUint8(at);
    const source = view.getUint8(at + 1) >> 4;
    const isCall = opcode === CALL && source === PseudoSource.CALL;
    const isAddress = opcode === LD_IMM64 && source === PseudoSource.FUNC;
    if ((isCall || isAddress) && !done.has(at)) {
      const to = start + at + (view.getInt32(at + 4, true) + 1) * INSTRUCTION_BYTES;
      calls.push({ offset: at, section: section.name, start: to, isAddress });
    }
    const isMap = opcode === LD_IMM64 && source === PseudoSource.MAP_FD;
    if (isMap && !done.has(at)) {
      references.push({ kind: "numbered-map", offset: at, number: view.getInt32(at + 4, true) });
    }
    if (opcode === LD_IMM64) at += INSTRUCTION_BYTES;
  }
}

// The first row at or behind an offset; rows are sorted.
function firstAt(rows: readonly { readonly offset: number }[], offset: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function between<T extends { readonly offset: number }>(rows: readonly T[], start: number, end: number): T[] {
  return rows.slice(firstAt(rows, start), firstAt(rows, end));
}

function within<T extends { readonly offset: number }>(rows: readonly T[], start: number, end: number): T[] {
  return between(rows, start, end).map((row) => ({ ...row, offset: row.offset - start }));
}

function readSection(
  file: ObjectFile,
  section: ElfSection,
  ext: ExtSection | undefined,
  context: CodeContext,
  work: Work,
): ObjectFunction[] {
  const data = file.data(section);
  if (data.length % INSTRUCTION_BYTES !== 0)
    refuse(section, 0, `${data.length} bytes are not whole instructions`);
  const symbols = functionSymbols(file.symbolsIn(section.index));
  return symbols.map((symbol, index) => {
    const start = symbol.value;
    const end = symbol.size > 0 ? start + symbol.size : (symbols[index + 1]?.value ?? data.length);
    if (
      start % INSTRUCTION_BYTES !== 0 ||
      end % INSTRUCTION_BYTES !== 0 ||
      end > data.length ||
      end <= start
    ) {
      refuse(section, start, `function "${symbol.name}" reaches to byte ${end} of ${data.length}`);
    }
    const code = new Uint8Array(data.subarray(start, end)); // a copy: slice() of a Buffer is a view
    const view = new DataView(code.buffer);
    const uses: Uses = { calls: [], references: [] };
    work.add(end - start, 0);
    const done = new Set<number>();
    for (const relocation of between(file.relocations.get(section.index) ?? [], start, end)) {
      addRelocation(file, section, view, start, relocation, context, uses);
      done.add(relocation.offset - start);
    }
    addPlainUses(section, view, start, done, uses);
    for (const call of uses.calls) {
      // Whatever the compiler wrote, the kernel wants the mark of a call or address of a function.
      const source = call.isAddress ? PseudoSource.FUNC : PseudoSource.CALL;
      view.setUint8(call.offset + 1, (view.getUint8(call.offset + 1) & 0x0f) | (source << 4));
    }
    const info = ext?.functions[firstAt(ext.functions, start)];
    const one = {
      name: symbol.name,
      section: section.name,
      start,
      code,
      ...uses,
      info: info?.offset === start ? info : undefined,
      lines: within(ext?.lines ?? [], start, end),
      relocations: within(ext?.relocations ?? [], start, end),
    };
    work.add(0, rowsOf(one));
    return one;
  });
}

/** readFunctions reads all functions of an object, by functionKey. Throws BpfError `bad-object`. */
export function readFunctions(
  file: ObjectFile,
  ext: ReadonlyMap<string, ExtSection>,
  context: CodeContext,
): Map<string, ObjectFunction> {
  const functions = new Map<string, ObjectFunction>();
  const work = new Work();
  for (const section of file.sections) {
    if (!isCode(section)) continue;
    for (const one of readSection(file, section, ext.get(section.name), context, work)) {
      functions.set(functionKey(section.name, one.start), one);
    }
  }
  return functions;
}
