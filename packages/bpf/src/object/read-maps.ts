import { type ElfSection, type Relocation, sectionIndex, sectionType, symbolType } from "@go3s/binary";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { u32Bytes } from "../maps/map.js";
import type { MapSpec } from "../maps/spec.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import { type BtfMapDefinition, mapTypeOf, readBtfMaps } from "./btf-maps.js";
import { isCode, isData, isLegacyMaps, type ObjectFile } from "./file.js";
import type { MapReference } from "./spec.js";

/** ObjectMaps are an object's maps with where the code may refer to them. */
export interface ObjectMaps {
  readonly specs: Map<string, MapSpec>;
  readonly references: MapReference[];
  /** Maps that are to be pinned by name. */
  readonly pinned: ReadonlySet<string>;
  /** The map that begins at, or holds, a byte of a map section. */
  readonly at: (section: string, offset: number) => string | undefined;
}

interface Place {
  readonly name: string;
  readonly section: string;
  readonly offset: number;
  readonly size: number;
}

function placesIn(file: ObjectFile, section: ElfSection): Place[] {
  return file.symbols
    .filter(
      (symbol) =>
        symbol.section === section.index && symbol.name !== "" && symbol.type !== symbolType.SECTION,
    )
    .map(({ name, value, size }) => ({ name, section: section.name, offset: value, size }))
    .sort((a, b) => a.offset - b.offset);
}

// struct bpf_map_def of the time before BTF: type, key size, value size, entries, flags. Aya's has two more
// words, of which the second is 1 for a map to be pinned by name; longer ones are of iproute2.
const PINNED_DEFINITION_BYTES = 28;

function isPinned(data: Uint8Array, offset: number, size: number): boolean {
  if (size !== PINNED_DEFINITION_BYTES) return false;
  return new DataView(data.buffer, data.byteOffset).getUint32(offset + 24, true) === 1;
}

function legacyMap(place: Place, data: Uint8Array, size: number): MapSpec {
  if (size < 20 || place.offset + size > data.length) {
    throw new BpfError("bad-object", `map "${place.name}" has ${size} bytes of definition`, {
      offset: place.offset,
    });
  }
  const view = new DataView(data.buffer, data.byteOffset + place.offset, size);
  const word = (index: number): number => view.getUint32(index * 4, true);
  return {
    name: place.name,
    type: mapTypeOf(place.name, word(0)),
    keySize: word(1),
    valueSize: word(2),
    maxEntries: word(3),
    flags: word(4),
  };
}

function dataMap(file: ObjectFile, section: ElfSection): MapSpec {
  const isConstant = section.name.startsWith(".rodata");
  const isZero = section.type === sectionType.NOBITS;
  return {
    name: section.name,
    type: MapType.BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: section.size,
    maxEntries: 1,
    flags: MapFlag.BPF_F_MMAPABLE | (isConstant ? MapFlag.BPF_F_RDONLY_PROG : 0),
    ...(!isZero && { contents: [{ key: u32Bytes(0), value: new Uint8Array(file.data(section)) }] }),
    ...(isConstant && { freeze: true }),
  };
}

// What a pointer in a definition points to; static ones are named by their section and the distance in it.
function pointee(file: ObjectFile, section: ElfSection, relocation: Relocation, places: readonly Place[]) {
  const symbol = file.symbols[relocation.symbol];
  const target = symbol === undefined ? undefined : file.sections[symbol.section];
  if (symbol === undefined || target === undefined || symbol.section === sectionIndex.UNDEF) return undefined;
  const kind = target.index === section.index ? "map" : isCode(target) ? "program" : undefined;
  if (kind === undefined) return undefined;
  if (symbol.type !== symbolType.SECTION) return { kind, name: symbol.name } as const;
  const data = file.data(section);
  const { offset } = relocation;
  if (offset < 0 || offset + 8 > data.length) return undefined;
  const inPlace = new DataView(data.buffer, data.byteOffset + offset, 8).getUint32(0, true);
  const at = relocation.addend === undefined ? inPlace : Number(relocation.addend);
  const name =
    kind === "map"
      ? places.find((place) => place.offset === at)?.name
      : file.symbols.find(
          (one) => one.section === target.index && one.type === symbolType.FUNC && one.value === at,
        )?.name;
  return name === undefined ? undefined : ({ kind, name } as const);
}

// Initial values of maps of maps and of program arrays are pointers that relocations fill in.
function valueReferences(
  file: ObjectFile,
  section: ElfSection,
  definitions: readonly BtfMapDefinition[],
  places: readonly Place[],
): MapReference[] {
  const references: MapReference[] = [];
  for (const relocation of file.relocations.get(section.index) ?? []) {
    const holder = definitions.find(
      (one) => relocation.offset >= one.offset && relocation.offset < one.offset + one.size,
    );
    if (holder?.valuesAt === undefined) continue;
    const to = pointee(file, section, relocation, places);
    const index = (relocation.offset - holder.offset - holder.valuesAt) / 8;
    if (to === undefined || !Number.isInteger(index) || index < 0) {
      throw new BpfError("bad-object", `map "${holder.spec.name}": a value of it points to nothing`, {
        offset: relocation.offset,
      });
    }
    references.push({ map: holder.spec.name, index, to });
  }
  return references;
}

/** readMaps reads the maps an object defines, and its data sections as maps. Throws BpfError `bad-object`. */
export function readMaps(file: ObjectFile, btf: Btf | undefined): ObjectMaps {
  const specs = new Map<string, MapSpec>();
  const places: Place[] = [];
  const references: MapReference[] = [];
  const pinned = new Set<string>();
  for (const section of file.sections) {
    if (isData(section)) specs.set(section.name, dataMap(file, section));
    if (isLegacyMaps(section) && section.size > 0) {
      const here = placesIn(file, section);
      const data = file.data(section);
      for (const [index, place] of here.entries()) {
        const next = here[index + 1]?.offset ?? data.length;
        const size = place.size > 0 ? place.size : next - place.offset;
        specs.set(place.name, legacyMap(place, data, size));
        if (isPinned(data, place.offset, size)) pinned.add(place.name);
      }
      places.push(...here);
    }
    if (section.name === ".maps" && section.size > 0) {
      if (btf === undefined) {
        throw new BpfError("bad-object", "section .maps without BTF", { hint: "compile with -g" });
      }
      const here = placesIn(file, section);
      const definitions = readBtfMaps(btf, new Map(here.map((place) => [place.name, place])));
      for (const { spec, isPinned } of definitions) {
        specs.set(spec.name, spec);
        if (isPinned) pinned.add(spec.name);
      }
      references.push(...valueReferences(file, section, definitions, here));
      places.push(...here);
    }
  }
  const at = (section: string, offset: number): string | undefined =>
    places.find(
      (place) =>
        place.section === section &&
        (offset === place.offset || (offset > place.offset && offset < place.offset + place.size)),
    )?.name;
  return { specs, references, pinned, at };
}
