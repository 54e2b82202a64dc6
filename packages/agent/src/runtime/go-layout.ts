import {
  BinaryError,
  dataReferences,
  elfMachine,
  type GoBinary,
  openGoBinary,
  readStructs,
} from "@go3s/binary";
import { type LoadPlace, loadPlaceOf } from "./load-bias.js";
import {
  fieldTable,
  knownMinors,
  referenceTable,
  type Since,
  waitReasonTable,
} from "./runtime-table.generated.js";
import { type Structs, structOffset } from "./struct-path.js";
import { type GoGlobal, type GoStruct, goFields, goGlobals } from "./wanted.js";

/** GoLayout is where a Go executable's runtime keeps its figures. */
export interface GoLayout extends LoadPlace {
  /** minor is the release's second number. */
  readonly minor: number;
  /** globals has the link-time addresses of the runtime's variables. */
  readonly globals: ReadonlyMap<GoGlobal, number>;
  /** field gives a member's offset; undefined where nobody knows, or this release has none. */
  field(struct: GoStruct, path: string): number | undefined;
  /** waitReasons are the words for what a goroutine waits for, by number; empty for a release that is not known. */
  readonly waitReasons: readonly string[];
  /** lost says what cannot be told and why. */
  readonly lost: readonly string[];
}

/** since gives what holds for a release. */
function since<T>(rows: Since<T>, minor: number): T | undefined {
  let value: T | undefined;
  for (const [first, holds] of rows) if (first <= minor) value = holds;
  return value;
}

/** byReferences finds a variable by the functions that are known to refer to it; they must agree. */
function byReferences(binary: GoBinary, global: GoGlobal, minor: number): number | undefined {
  const votes = new Map<number, number>();
  for (const [name, index, behind] of since(referenceTable[global] ?? [], minor) ?? []) {
    const fn = binary.functions.find(name);
    if (fn === undefined) continue;
    const place = dataReferences(binary.elf.machine, binary.code(fn))[index];
    if (place === undefined) continue;
    const address = fn.entry + place - behind;
    votes.set(address, (votes.get(address) ?? 0) + 1);
  }
  const [first, second] = [...votes].sort(([, a], [, b]) => b - a);
  // A build with other optimisations may move one function's references, not all to the same wrong place.
  return first === undefined || second?.[1] === first[1] ? undefined : first[0];
}

/** goLayoutOf reads the layout from an open Go binary. What is missing costs figures, which `lost` names. */
export function goLayoutOf(binary: GoBinary): GoLayout {
  const { elf, version } = binary;
  const minor = version?.minor ?? 0;
  const isKnown = minor >= knownMinors.first && minor <= knownMinors.last;
  const release = version === undefined ? "an unknown Go release" : `Go 1.${minor}`;
  const lost: string[] = [];
  const structs = debugStructs(binary, !isKnown);
  const isX86 = elf.machine === elfMachine.X86_64;

  const fields = new Map<string, number>();
  for (const [struct, paths] of Object.entries(goFields)) {
    for (const path of paths) {
      const fromDebug = structs === undefined ? undefined : structOffset(structs, struct, path);
      const rows = isKnown ? (fieldTable[struct]?.[path] ?? []) : [];
      const offset = fromDebug ?? since(rows, minor);
      if (offset !== undefined && offset !== null) fields.set(`${struct} ${path}`, offset);
    }
  }
  if (fields.size === 0) lost.push(`Go runtime metrics: the runtime's layout in ${release} is unknown`);

  const symbols = elf.symbols();
  const globals = new Map<GoGlobal, number>();
  for (const name of fields.size === 0 ? [] : goGlobals) {
    const address =
      symbols?.find(name)?.value ?? (isKnown && isX86 ? byReferences(binary, name, minor) : undefined);
    if (address === undefined) {
      const why = isX86 ? "the code of this build does not show it" : "found by code on x86-64 alone";
      lost.push(`Go runtime metrics from ${name}: no symbol table, and ${why}`);
    } else globals.set(name, address);
  }
  if (globals.size > 0 && !fields.has("runtime.gcControllerState mappedReady"))
    lost.push(`go.memory.* and go.memory.gc.goal: ${release} does not keep them; Go 1.19 and newer do`);
  return {
    minor,
    globals,
    ...loadPlaceOf(elf),
    field: (struct, path) => fields.get(`${struct} ${path}`),
    waitReasons: isKnown ? (since(waitReasonTable, minor) ?? []) : [],
    lost,
  };
}

/**
 * debugStructs reads layouts from debug information, undefined without. All structs with names are found in one pass; those
 * without one take a pass each, which is only made for a release that the table does not know.
 */
function debugStructs(binary: GoBinary, withNested: boolean): Structs | undefined {
  try {
    const known = readStructs(binary.elf, Object.keys(goFields));
    if (known === undefined || known.size === 0) return undefined;
    return (names) => {
      const name = names[0] ?? "";
      if (known.has(name) || !withNested) return known;
      return readStructs(binary.elf, names) ?? new Map();
    };
  } catch (error) {
    if (error instanceof BinaryError) return undefined;
    throw error;
  }
}

/** readGoLayout opens an executable. Throws BinaryError for what is no Go program or broken. */
export function readGoLayout(path: string): GoLayout {
  using binary = openGoBinary(path);
  return goLayoutOf(binary);
}
