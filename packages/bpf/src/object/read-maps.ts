import { type ElfSection, sectionType, symbolType } from "@go3s/binary";
import type { Btf } from "../btf/reader.js";
import { BpfError } from "../errors.js";
import { u32Bytes } from "../maps/map.js";
import type { MapSpec } from "../maps/spec.js";
import { MapFlag } from "../uapi/flags.js";
import { MapType } from "../uapi/map-types.js";
import { type BtfMapDefinition, mapTypeOf, readBtfMaps } from "./btf-maps.js";
import { isCode, isData, isLegacyMaps, type ObjectFile } from "./file.js";
import { pointeeOf } from "./pointee.js";
import type { MapReference } from "./spec.js";

/** Maps of an object: far more than anyone writes, and each reference is looked for among them. */
const MAX_MAPS = 4096;

/** Bytes of a data section. The kernel takes up to 2 GiB as a map, and gives them from memory that cannot be swapped. */
const MAX_DATA_BYTES = 256 << 20;

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
  const symbols = file.symbolsIn(section.index).filter(({ type }) => type !== symbolType.SECTION);
  if (symbols.length > MAX_MAPS) {
    throw new BpfError(
      "bad-object",
      `section ${section.name} has ${symbols.length} maps, more than ${MAX_MAPS}`,
    );
  }
  return symbols
    .map(({ name, value, size }) => ({ name, section: section.name, offset: value, size }))
    .sort((a, b) => a.offset - b.offset);
}

// struct bpf_map_def of the time before BTF: type, key size, value size, entries, flags. Aya's has two more
// words, of which the second is 1 for a map to be pinned by name; longer ones are of iproute2.
const PINNED_DEFINITION_BYTES = 28;

/** Definitions have 20 to 36 bytes; more is no definition. */
const MAX_LEGACY_BYTES = 64;

function isPinned(data: Uint8Array, { offset, size }: Place): boolean {
  if (size !== PINNED_DEFINITION_BYTES) return false;
  return new DataView(data.buffer, data.byteOffset).getUint32(offset + 24, true) === 1;
}

// The kernel's samples name the map within a map by its number in the section, in the sixth word.
function legacyInner(places: readonly Place[], index: number, data: Uint8Array): MapSpec | undefined {
  const place = places[index];
  return place === undefined || place.size > MAX_LEGACY_BYTES ? undefined : legacyMap(place, data);
}

function legacyMap(place: Place, data: Uint8Array, places?: readonly Place[]): MapSpec {
  const { size } = place;
  if (size < 20 || place.offset + size > data.length) {
    throw new BpfError("bad-object", `map "${place.name}" has ${size} bytes of definition`, {
      offset: place.offset,
    });
  }
  const view = new DataView(data.buffer, data.byteOffset + place.offset, size);
  const word = (index: number): number => view.getUint32(index * 4, true);
  const type = mapTypeOf(place.name, word(0));
  const holdsMaps = type === MapType.BPF_MAP_TYPE_ARRAY_OF_MAPS || type === MapType.BPF_MAP_TYPE_HASH_OF_MAPS;
  const inner =
    holdsMaps && size >= 24 && places !== undefined ? legacyInner(places, word(5), data) : undefined;
  return {
    ...(inner !== undefined && { inner }),
    name: place.name,
    type,
    keySize: word(1),
    valueSize: word(2),
    maxEntries: word(3),
    flags: word(4),
  };
}

function dataMap(file: ObjectFile, section: ElfSection): MapSpec {
  if (section.size > MAX_DATA_BYTES) {
    throw new BpfError(
      "bad-object",
      `section ${section.name} has ${section.size} bytes, more than a map can`,
    );
  }
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

// Initial values of maps of maps and of program arrays are pointers that relocations fill in.
function valueReferences(
  file: ObjectFile,
  section: ElfSection,
  definitions: readonly BtfMapDefinition[],
): MapReference[] {
  const references: MapReference[] = [];
  for (const relocation of file.relocations.get(section.index) ?? []) {
    const holder = definitions.find(
      (one) => relocation.offset >= one.offset && relocation.offset < one.offset + one.size,
    );
    if (holder?.valuesAt === undefined) continue;
    const pointee = pointeeOf(file, section, relocation);
    const index = (relocation.offset - holder.offset - holder.valuesAt) / 8;
    const isMap = pointee?.section.index === section.index;
    const isUsable = isMap || (pointee !== undefined && isCode(pointee.section));
    if (pointee?.name === undefined || !isUsable || !Number.isInteger(index) || index < 0) {
      throw new BpfError("bad-object", `map "${holder.spec.name}": a value of it points to nothing`, {
        offset: relocation.offset,
      });
    }
    const to = { kind: isMap ? "map" : "program", name: pointee.name } as const;
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
      const data = file.data(section);
      const found = placesIn(file, section);
      // Old compilers leave the sizes of symbols open.
      const here = found.map((place, index) => {
        const next = found[index + 1]?.offset ?? data.length;
        return { ...place, size: place.size > 0 ? place.size : next - place.offset };
      });
      for (const place of here) {
        specs.set(place.name, legacyMap(place, data, here));
        if (isPinned(data, place)) pinned.add(place.name);
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
      references.push(...valueReferences(file, section, definitions));
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
