import {
  BinaryError,
  type DebugInfo,
  type GoBinary,
  type GoFunction,
  goOffsets,
  isSince,
  type LineAddress,
  type Location,
  openDebugInfo,
  type Variable,
} from "@go3s/binary";
import { type Place, resultPlaces } from "./abi.js";
import { type Capture, type Captured, captureOf, type LostValue } from "./capture.js";
import { lostNotes } from "./lost-notes.js";
import { type FunctionPattern, nearestNames, withoutTypes } from "./pattern.js";
import { type FunctionPlan, mostFunctions, type ProgramPlan } from "./plan.js";

const nothing: Capture = { leaves: [], code: [], words: 0, lost: [] };

/** planGo finds what patterns name in a Go program, and how each can be observed. It never throws for one function. */
export function planGo(binary: GoBinary, patterns: readonly FunctionPattern[], values: boolean): ProgramPlan {
  const notes: string[] = [];
  const lost: (LostValue & { readonly fn: string })[] = [];
  const functions: FunctionPlan[] = [];
  const offsets = goOffsets(binary, { "runtime.g": ["goid", "parentGoid"] });
  const common = {
    isGo: true,
    goidOffset: offsets.of("runtime.g", "goid"),
    parentGoidOffset: offsets.of("runtime.g", "parentGoid"),
    panic: siteOf(binary, "runtime.gopanic"),
    goexit: siteOf(binary, "runtime.Goexit"),
    routineEnd: siteOf(binary, "runtime.goexit0"),
  };
  if (binary.version !== undefined && !isSince(binary.version, 17)) {
    notes.push("functions: Go before 1.17 passes arguments on the stack, where these probes do not look");
    return { ...common, functions, notes };
  }
  using info = values ? debugInfoOf(binary, notes) : undefined;
  const found = new Map<number, { fn: GoFunction; name: string }>();
  const instances = instantiatedNames(binary);
  const seen = new Set<number>();
  for (const pattern of patterns) {
    if (pattern.kind === "line") {
      addLine(pattern);
      continue;
    }
    let any = false;
    for (let i = 0; i < binary.functions.count; i++) {
      const raw = binary.functions.name(i);
      let name = raw;
      if (raw.includes("[...]")) name = instances.get(binary.functions.at(i).entry) ?? raw;
      else if (raw.includes("go.shape.")) name = raw.replaceAll("go.shape.", "");
      if (![raw, name, withoutTypes(name)].some((each) => pattern.matches(each))) continue;
      any = true;
      const fn = binary.functions.at(i);
      found.set(fn.entry, { fn, name });
    }
    tellInlined(pattern, any);
  }
  const all = [...found.values()];
  if (all.length > mostFunctions) {
    notes.push(`functions: ${all.length} match, the first ${mostFunctions} are observed; name fewer`);
  }
  for (const { fn, name } of all.slice(0, mostFunctions)) addFunction(fn, name);
  return { ...common, functions, notes: [...notes, ...lostNotes(lost)] };

  function addFunction(fn: GoFunction, name: string): void {
    try {
      const site = binary.probeAddress(fn);
      const returns = binary.returnAddresses(fn).map((address) => binary.fileOffset(address));
      const rows = once(info?.parameters(fn.entry) ?? []);
      const given = rows.filter((row) => row.role === "parameter" && isNamed(row));
      const results = rows.filter((row) => row.role === "result");
      const places = resultPlaces(
        rows.filter((row) => row.role === "parameter").map((row) => row.type),
        results.map((row) => row.type),
      );
      const position = binary.functions.symbolise(fn.entry);
      const plan: FunctionPlan = {
        id: functions.length + 1,
        name,
        file: position?.file ?? "",
        line: position?.line ?? 0,
        entry: site.fileOffset,
        entryIsCheap: site.cost === "emulated",
        returns,
        uretprobe: false,
        isLine: false,
        arguments: captureOf(
          given.map((row) => ({ name: row.name, type: row.type, place: placeOf(row.location) })),
        ),
        results: captureOf(
          results.map(
            (row, i): Captured => ({
              name: row.name.startsWith("~r") ? row.name.slice(1) : row.name,
              type: row.type,
              place: places[i] ?? { kind: "nowhere", why: "no place" },
            }),
          ),
        ),
      };
      functions.push(plan);
      for (const value of [...plan.arguments.lost, ...plan.results.lost]) lost.push({ ...value, fn: name });
      if (returns.length === 0)
        notes.push(`${name}: it never returns by itself, so its calls are told at their start`);
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
      notes.push(`${name}: ${error.message}`);
    }
  }

  function addLine(pattern: FunctionPattern & { kind: "line" }): void {
    const places = info === undefined ? [] : onePlaceEach(info, info.addresses(pattern.file, pattern.line));
    if (places.length === 0) {
      const why = info === undefined ? "lines need debug information" : "no code of that line, nor behind it";
      notes.push(`${pattern.text}: ${why}`);
    }
    for (const place of places.slice(0, 16)) {
      if (seen.has(place.address) || info === undefined) continue;
      seen.add(place.address);
      const rows = info.variables(place.address).filter(isNamed);
      if (place.line !== pattern.line) tellNext(pattern, place.line, place.address);
      const fn = binary.functions.containing(place.address);
      const capture = captureOf(
        rows.map((row) => ({ name: row.name, type: row.type, place: placeOf(row.location) })),
      );
      const file = place.file.split("/").pop() ?? place.file;
      functions.push({
        id: functions.length + 1,
        name: `${fn?.name ?? "?"} ${file}:${place.line}`,
        file: place.file,
        line: place.line,
        entry: binary.fileOffset(place.address),
        entryIsCheap: false,
        returns: [],
        uretprobe: false,
        isLine: true,
        arguments: capture,
        results: nothing,
      });
    }
  }

  /** tellNext says that the line which is observed is not the one that was asked for, which is a comment or a declaration. */
  function tellNext({ text }: FunctionPattern, line: number, address: number): void {
    const name = binary.functions.containing(address)?.name ?? "?";
    notes.push(`${text}: no code of that line; the next that has some is ${line}, in ${name}`);
  }

  function tellInlined(pattern: FunctionPattern & { kind: "name" }, any: boolean): void {
    if (!pattern.exact) {
      if (!any) notes.push(`${pattern.text}: no function of this program matches`);
      return;
    }
    const times = info?.inlined(pattern.text) ?? 0;
    if (times > 0) {
      const what = any ? "those calls are not seen" : "cannot be observed";
      notes.push(`${pattern.text}: inlined at ${times} places: ${what}`);
    } else if (!any) {
      const near = nearestNames(pattern.text, binary.functions);
      const hint = near.length === 0 ? "" : `; there is ${near.join(", ")}`;
      notes.push(`${pattern.text}: no such function in this program; it may be inlined or unused${hint}`);
    }
  }
}

/**
 * onePlaceEach keeps one of the places that a function, or an inlined copy of one, has for a line: inlined calls cut a line's code in pieces,
 * and the compiler may count instructions at the function's start to it. The one that sees most variables, else the first, so that a pass is
 * told once.
 */
function onePlaceEach(info: DebugInfo, places: readonly LineAddress[]): LineAddress[] {
  const best = new Map<string, { readonly place: LineAddress; readonly seen: number }>();
  for (const place of places) {
    const copy = info
      .frames(place.address)
      .map(({ linkageName, position }, i) => (i === 0 ? linkageName : `${linkageName}:${position?.line}`))
      .join(" ");
    const seen = info.variables(place.address).filter(({ location }) => location.kind !== "gone").length;
    if (seen > (best.get(copy)?.seen ?? -1)) best.set(copy, { place, seen });
  }
  return [...best.values()].map(({ place }) => place);
}

/** isNamed: what has no name in the source is not asked for. */
const isNamed = ({ name }: Variable): boolean => name !== ".dict" && name !== "_" && !name.startsWith("~");

/** once leaves out what the compiler lists twice: a result that a deferred function changes. */
function once(rows: readonly Variable[]): Variable[] {
  return rows.filter((row, i) => row.name === "_" || rows.findIndex((each) => each.name === row.name) === i);
}

function debugInfoOf(binary: GoBinary, notes: string[]): DebugInfo | undefined {
  try {
    const info = openDebugInfo(binary.elf);
    if (info === undefined) notes.push("arguments and results: the program has no debug information (-w)");
    return info;
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    notes.push(`arguments and results: ${error.message}`);
    return undefined;
  }
}

/** instantiatedNames are those of generic functions by their entries, as the symbol table has them: without shapes' marks. */
function instantiatedNames(binary: GoBinary): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const symbol of binary.elf.symbols() ?? []) {
    if (symbol.name.includes("[go.shape.")) {
      names.set(symbol.value, symbol.name.replaceAll("go.shape.", ""));
    }
  }
  return names;
}

function siteOf(binary: GoBinary, name: string): number | undefined {
  const fn = binary.functions.find(name);
  if (fn === undefined) return undefined;
  try {
    return binary.probeAddress(fn).fileOffset;
  } catch (error) {
    if (!(error instanceof BinaryError)) throw error;
    return undefined;
  }
}

/** placeOf turns a DWARF location into what a probe can read. */
export function placeOf(location: Location): Place {
  const method = (name: string): string => `ctx.${name[0]?.toUpperCase() ?? ""}${name.slice(1)}()`;
  const readable = (name: string): boolean => /^r[a-z0-9]{1,2}$/.test(name);
  switch (location.kind) {
    case "register":
      if (!readable(location.name))
        return { kind: "nowhere", why: "it is in a register that no probe can read" };
      return { kind: "registers", words: new Map([[0, method(location.name)]]) };
    case "memory": {
      const address = stackAddress(location);
      return address === undefined
        ? { kind: "nowhere", why: "its address cannot be computed" }
        : { kind: "memory", address };
    }
    case "pieces": {
      const words = new Map<number, string>();
      const spilled = new Map<number, string>();
      for (const { offset, size, location: part } of location.pieces) {
        if (part.kind === "register" && readable(part.name)) words.set(offset, method(part.name));
        const address = part.kind === "memory" ? stackAddress(part) : undefined;
        for (let at = 0; address !== undefined && at < size; at += 8)
          spilled.set(offset + at, `${address} + ${at}`);
      }
      return { kind: "registers", words, spilled };
    }
    case "gone":
      return { kind: "nowhere", why: "the compiler keeps no trace of it" };
    default:
      return { kind: "nowhere", why: "its place is computed" };
  }
}

/** stackAddress is an expression for a place on the stack; undefined for any other. */
function stackAddress(location: Location & { kind: "memory" }): string | undefined {
  const { base, path } = location.address;
  const [first = 0, ...rest] = path;
  if (base.kind !== "register" || rest.length > 0) return undefined;
  const from = base.register === 7 ? "ctx.SP()" : base.register === 6 ? "ctx.FP()" : undefined;
  if (from === undefined) return undefined;
  return first < 0 ? `${from} - ${-first}` : `${from} + ${first}`;
}
