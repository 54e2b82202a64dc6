import { readStructs } from "../dwarf/structs.js";
import { BinaryError } from "../errors.js";
import type { GoBinary } from "./binary.js";
import { type GoStructFields, goStructFields } from "./offset-fields.js";
import { offsetTable } from "./offset-table.generated.js";
import type { GoVersion } from "./version.js";

/** GoOffsets answers where members of Go structs lie in one binary. A field nobody knows is undefined, never an error. */
export interface GoOffsets {
  /** source tells where the answers come from: the binary itself, the table of known releases, or nowhere. */
  readonly source: "dwarf" | "table" | "none";
  /** of returns the offset in bytes of a member ("net/http.Request", "URL"), undefined when it is not known or not there. */
  of(struct: string, field: string): number | undefined;
  /** missing lists the wanted "struct.field" that have no answer. */
  readonly missing: readonly string[];
  /** problem is why the debug information could not be used, when it is there but broken or compressed in an unknown way. */
  readonly problem: BinaryError | undefined;
}

function fromTable(version: GoVersion | undefined, struct: string, field: string): number | undefined {
  if (version === undefined || version.major !== 1) return undefined;
  let offset: number | undefined;
  // Rows ascend by release: the last one not newer than the binary holds. A release newer than the table gets the newest row.
  for (const [minor, at] of offsetTable[struct]?.[field] ?? []) {
    if (minor <= version.minor) offset = at ?? undefined;
  }
  return offset;
}

interface DwarfOffsets {
  readonly structs: ReadonlyMap<string, unknown>;
  /** offsets by "struct.field". */
  readonly offsets: ReadonlyMap<string, number>;
}

/** packageOf gives "net/http" for "net/http.Request". */
const packageOf = (struct: string): string =>
  struct.slice(0, struct.indexOf(".", struct.lastIndexOf("/") + 1));

function fromDwarf(binary: GoBinary, wanted: GoStructFields): DwarfOffsets | undefined {
  // A package without functions is not in the program, and to find out that a name is not there takes a search of everything.
  const packages = new Map<string, boolean>();
  const isThere = (name: string): boolean => {
    const path = packageOf(name);
    const known = packages.get(path) ?? binary.functions.hasPackage(path);
    packages.set(path, known);
    return known;
  };
  const structs = readStructs(binary.elf, Object.keys(wanted).filter(isThere));
  if (structs === undefined) return undefined;
  const offsets = new Map<string, number>();
  for (const [name, layout] of structs) {
    for (const field of layout.fields) offsets.set(`${name}.${field.name}`, field.offset);
  }
  return { structs, offsets };
}

/**
 * goOffsets finds the offsets of wanted members: by the binary's DWARF when it has some, struct by struct else by the
 * table for its Go release.
 */
export function goOffsets(binary: GoBinary, wanted: GoStructFields = goStructFields): GoOffsets {
  let dwarf: DwarfOffsets | undefined;
  let problem: BinaryError | undefined;
  try {
    dwarf = fromDwarf(binary, wanted);
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    problem = error;
  }
  // A struct that DWARF describes has just those fields; one that it does not may still be in the table.
  const of = (struct: string, field: string) =>
    dwarf?.structs.has(struct) === true
      ? dwarf.offsets.get(`${struct}.${field}`)
      : fromTable(binary.version, struct, field);
  const missing: string[] = [];
  let known = 0;
  for (const [struct, fields] of Object.entries(wanted)) {
    for (const field of fields) {
      if (of(struct, field) === undefined) missing.push(`${struct}.${field}`);
      else known++;
    }
  }
  const source = dwarf === undefined || dwarf.structs.size === 0 ? "table" : "dwarf";
  return { source: known === 0 ? "none" : source, of, missing, problem };
}
