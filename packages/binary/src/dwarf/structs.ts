import { find } from "../bytes/view.js";
import type { ElfFile } from "../elf/read.js";
import { BinaryError } from "../errors.js";
import type { Abbreviation } from "./abbreviations.js";
import { aliasTags, attribute, form, tag } from "./constants.js";
import { type Entry, readEntry, skipEntry } from "./entry.js";
import { type Cursor, uleb } from "./leb.js";
import { type DwarfSections, readDwarf } from "./sections.js";
import type { Unit } from "./unit-header.js";

/** StructField is one member of a struct. */
export interface StructField {
  readonly name: string;
  /** offset in bytes from the struct's start. */
  readonly offset: number;
  /** typeName as the debug information has it, "" for types without a name. */
  readonly typeName: string;
  /** size in bytes; undefined when the type does not say. */
  readonly size: number | undefined;
}

/** StructLayout is a struct's members. */
export interface StructLayout {
  readonly name: string;
  /** size in bytes. */
  readonly size: number;
  readonly fields: readonly StructField[];
}

/** deepestType bounds the chain of typedefs and qualifiers followed for a size. */
const deepestType = 16;

function unitAt(dwarf: DwarfSections, offset: number): Unit | undefined {
  let low = 0;
  let high = dwarf.units.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((dwarf.units[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle;
  }
  const unit = dwarf.units[low];
  return unit !== undefined && offset >= unit.entries && offset < unit.end ? unit : undefined;
}

/** stringBase reads DW_AT_str_offsets_base from the unit's first entry. */
function stringBase(dwarf: DwarfSections, unit: Unit): number | undefined {
  const cursor: Cursor = { bytes: dwarf.info, at: unit.entries };
  const shape = dwarf.abbreviations(unit).get(uleb(cursor));
  if (shape === undefined || !shape.attributes.includes(attribute.STR_OFFSETS_BASE)) return undefined;
  // Its own name may need the base it is about to give: names are skipped by a copy of the shape without them.
  const attributes = shape.attributes.map((row) => (row === attribute.NAME ? 0 : row));
  return readEntry(dwarf, cursor, unit, { ...shape, attributes }).stringOffsetsBase;
}

function entryAt(dwarf: DwarfSections, offset: number): { entry: Entry; unit: Unit } | undefined {
  const unit = unitAt(dwarf, offset);
  if (unit === undefined) return undefined;
  const cursor: Cursor = { bytes: dwarf.info, at: offset };
  const shape = dwarf.abbreviations(unit).get(uleb(cursor));
  if (shape === undefined) return undefined;
  return { entry: readEntry(dwarf, cursor, unit, shape, stringBase(dwarf, unit)), unit };
}

function typeOf(
  dwarf: DwarfSections,
  offset: number | undefined,
): { typeName: string; size: number | undefined } {
  let typeName: string | undefined;
  let next = offset;
  for (let depth = 0; next !== undefined && depth < deepestType; depth++) {
    const found = entryAt(dwarf, next);
    if (found === undefined) break;
    typeName ??= found.entry.name;
    const isPointer = found.entry.tag === tag.POINTER;
    const size = found.entry.byteSize ?? (isPointer ? found.unit.addressSize : undefined);
    // An array's size is its element's times a count that children hold; it stays unknown.
    if (size !== undefined || !aliasTags.has(found.entry.tag)) return { typeName: typeName ?? "", size };
    next = found.entry.type;
  }
  return { typeName: typeName ?? "", size: undefined };
}

/** readFields reads the members that follow a struct's own entry; nested types among its children are passed over. */
function readFields(
  dwarf: DwarfSections,
  cursor: Cursor,
  unit: Unit,
  base: number | undefined,
): StructField[] {
  const fields: StructField[] = [];
  const shapes = dwarf.abbreviations(unit);
  for (let depth = 1; depth > 0 && cursor.at < unit.end; ) {
    const code = uleb(cursor);
    if (code === 0) {
      depth--;
      continue;
    }
    const shape = shapeOf(shapes, code, cursor);
    if (shape.tag === tag.MEMBER && depth === 1) {
      const member = readEntry(dwarf, cursor, unit, shape, base);
      // A union's members have no location: they begin where it does.
      fields.push({
        name: member.name ?? "",
        offset: member.memberLocation ?? 0,
        ...typeOf(dwarf, member.type),
      });
    } else skipEntry(cursor, unit, shape);
    if (shape.children) depth++;
  }
  return fields;
}

function shapeOf(shapes: ReadonlyMap<number, Abbreviation>, code: number, cursor: Cursor): Abbreviation {
  const shape = shapes.get(code);
  if (shape === undefined) {
    throw new BinaryError("malformed", `${cursor.bytes.what}: abbreviation ${code} is not defined`, {
      offset: cursor.bytes.base + cursor.at,
    });
  }
  return shape;
}

/** Direct is a struct that was found by its name's bytes, and the unit that it is in. */
interface Direct {
  readonly layout: StructLayout;
  readonly unit: Unit;
}

/**
 * findDirectly looks for a struct by its name's bytes. Go writes type names into the entries themselves and first, so
 * the byte before the name is the entry's code: nothing else needs to be walked. 2 ms instead of 60 for a 20 MB section.
 * `near` is a unit to look in first: Go's linker puts all types into one, which is a tenth of the section.
 */
function findDirectly(dwarf: DwarfSections, name: string, near?: Unit): Direct | undefined {
  const wanted = Buffer.from(`${name}\0`, "utf8");
  const { length } = dwarf.info.data;
  const close = near === undefined ? undefined : findWithin(dwarf, wanted, near.start, near.end);
  return close ?? findWithin(dwarf, wanted, 0, length);
}

function findWithin(dwarf: DwarfSections, wanted: Uint8Array, from: number, to: number): Direct | undefined {
  const data = dwarf.info.data.subarray(0, to);
  for (let at = find(data, wanted, from); at > 0; at = find(data, wanted, at + 1)) {
    const code = data[at - 1] ?? 0;
    const unit = code > 0 && code < 0x80 ? unitAt(dwarf, at - 1) : undefined;
    const shape = unit === undefined ? undefined : dwarf.abbreviations(unit).get(code);
    if (unit === undefined || shape?.tag !== tag.STRUCTURE) continue;
    if (shape.attributes[0] !== attribute.NAME || shape.forms[0] !== form.STRING) continue;
    const layout = layoutAt(dwarf, unit, shape, at, undefined);
    if (layout !== undefined) return { layout, unit };
  }
  return undefined;
}

function layoutAt(
  dwarf: DwarfSections,
  unit: Unit,
  shape: Abbreviation,
  at: number,
  base: number | undefined,
) {
  const cursor: Cursor = { bytes: dwarf.info, at };
  const entry = readEntry(dwarf, cursor, unit, shape, base);
  if (entry.declaration || entry.byteSize === undefined || entry.name === undefined) return undefined;
  return {
    name: entry.name,
    size: entry.byteSize,
    fields: shape.children ? readFields(dwarf, cursor, unit, base) : [],
  };
}

/** walk goes through every entry until all names are found: for names behind references, as C compilers write them. */
function walk(dwarf: DwarfSections, wanted: ReadonlySet<string>, found: Map<string, StructLayout>): void {
  for (const unit of dwarf.units) {
    const shapes = dwarf.abbreviations(unit);
    const base = stringBase(dwarf, unit);
    const cursor: Cursor = { bytes: dwarf.info, at: unit.entries };
    while (cursor.at < unit.end) {
      const code = uleb(cursor);
      if (code === 0) continue;
      const shape = shapeOf(shapes, code, cursor);
      if (shape.tag !== tag.STRUCTURE) {
        skipEntry(cursor, unit, shape);
        continue;
      }
      const start = cursor.at;
      const entry = readEntry(dwarf, cursor, unit, shape, base);
      if (entry.name === undefined || !wanted.has(entry.name) || found.has(entry.name)) continue;
      const layout = layoutAt(dwarf, unit, shape, start, base);
      if (layout !== undefined) found.set(entry.name, layout);
      if (found.size === wanted.size) return;
    }
  }
}

/**
 * mentioned tells whether a name can be in the file at all, inline or in a string section: names that cannot are not
 * worth walking every entry.
 */
function mentioned(dwarf: DwarfSections, name: string): boolean {
  const bytes = Buffer.from(`${name}\0`, "utf8");
  return find(dwarf.strings.data, bytes) >= 0 || find(dwarf.lineStrings.data, bytes) >= 0;
}

/**
 * readStructs returns the layouts of the structs with these names ("net/http.Request", "task_struct") as far as the file's
 * debug information (DWARF 2 to 5) has them; undefined when it has none at all.
 */
export function readStructs(
  elf: ElfFile,
  names: Iterable<string>,
): ReadonlyMap<string, StructLayout> | undefined {
  const dwarf = readDwarf(elf);
  if (dwarf === undefined) return undefined;
  const found = new Map<string, StructLayout>();
  const missing = new Set<string>();
  let near: Unit | undefined;
  for (const name of names) {
    const direct = findDirectly(dwarf, name, near);
    near = direct?.unit ?? near;
    if (direct !== undefined) found.set(name, direct.layout);
    else if (mentioned(dwarf, name)) missing.add(name);
  }
  if (missing.size > 0) {
    const walked = new Map<string, StructLayout>();
    walk(dwarf, missing, walked);
    for (const [name, layout] of walked) found.set(name, layout);
  }
  return found;
}
