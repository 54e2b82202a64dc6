import { type ElfSection, type Relocation, sectionIndex, symbolType } from "@go3s/binary";
import type { ObjectFile } from "./file.js";

/** Pointee is what a pointer in a data section points to. */
export interface Pointee {
  readonly section: ElfSection;
  /** The symbol that begins there; undefined for a place without one. */
  readonly name: string | undefined;
}

/**
 * pointeeOf gives what a relocated pointer of a data section points to, undefined for what another object has.
 * Static variables and functions are named by their section, with the distance in it where the pointer stands.
 */
export function pointeeOf(
  file: ObjectFile,
  section: ElfSection,
  relocation: Relocation,
): Pointee | undefined {
  const symbol = file.symbols[relocation.symbol];
  const target = symbol === undefined ? undefined : file.sections[symbol.section];
  if (symbol === undefined || target === undefined || symbol.section === sectionIndex.UNDEF) return undefined;
  if (symbol.type !== symbolType.SECTION) return { section: target, name: symbol.name };
  const data = file.data(section);
  const { offset } = relocation;
  if (offset < 0 || offset + 8 > data.length) return undefined;
  const inPlace = new DataView(data.buffer, data.byteOffset + offset, 8).getUint32(0, true);
  const at = relocation.addend === undefined ? inPlace : Number(relocation.addend);
  const found = file
    .symbolsIn(target.index)
    .find((one) => one.value === at && (one.type === symbolType.FUNC || one.type === symbolType.OBJECT));
  return { section: target, name: found?.name };
}
