import {
  BinaryError,
  type DebugInfo,
  type GoBinary,
  type GoFunction,
  goOffsets,
  isSince,
  type Location,
  openDebugInfo,
  type Variable,
} from "@go3s/binary";
import { type Place, resultPlaces } from "./abi.js";
import { type Capture, type Captured, captureOf } from "./capture.js";
import type { FunctionPattern } from "./pattern.js";
import { type FunctionPlan, mostFunctions, type ProgramPlan } from "./plan.js";

const nothing: Capture = { leaves: [], code: [], words: 0, lost: [] };

/** planGo finds what patterns name in a Go program, and how each can be observed. It never throws for one function. */
export function planGo(binary: GoBinary, patterns: readonly FunctionPattern[], values: boolean): ProgramPlan {
  const notes: string[] = [];
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
      if (!pattern.matches(raw) && !pattern.matches(name)) continue;
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
  return { ...common, functions, notes };

  function addFunction(fn: GoFunction, name: string): void {
    try {
      const site = binary.probeAddress(fn);
      const returns = binary.returnAddresses(fn).map((address) => binary.fileOffset(address));
      const rows = once(info?.parameters(fn.entry) ?? []);
      const given = rows.filter((row) => row.role === "parameter" && row.name !== ".dict");
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
      for (const lost of [...plan.arguments.lost, ...plan.results.lost]) notes.push(`${name}: ${lost}`);
      if (returns.length === 0)
        notes.push(`${name}: it never returns by itself, so its calls are told at their start`);
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
      notes.push(`${name}: ${error.message}`);
    }
  }

  function addLine(pattern: FunctionPattern & { kind: "line" }): void {
    const places = info?.addresses(pattern.file, pattern.line) ?? [];
    if (places.length === 0) {
      const why = info === undefined ? "lines need debug information" : "no code of that line, nor behind it";
      notes.push(`${pattern.text}: ${why}`);
    }
    for (const place of places.slice(0, 16)) {
      if (seen.has(place.address) || info === undefined) continue;
      seen.add(place.address);
      const rows = info
        .variables(place.address)
        .filter((row) => row.name !== ".dict" && !row.name.startsWith("~"));
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
      notes.push(`${pattern.text}: no such function in this program; it may be inlined or unused`);
    }
  }
}

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
        return { kind: "nowhere", why: `it is in ${location.name}, which no probe can read` };
      return { kind: "registers", words: new Map([[0, method(location.name)]]) };
    case "memory": {
      const { base, path } = location.address;
      const [first = 0, ...rest] = path;
      if (base.kind !== "register" || rest.length > 0)
        return { kind: "nowhere", why: "its address cannot be computed" };
      const from = base.register === 7 ? "ctx.SP()" : base.register === 6 ? "ctx.FP()" : undefined;
      if (from === undefined) return { kind: "nowhere", why: "its address cannot be computed" };
      return { kind: "memory", address: first < 0 ? `${from} - ${-first}` : `${from} + ${first}` };
    }
    case "pieces": {
      const words = new Map<number, string>();
      for (const piece of location.pieces) {
        if (piece.location.kind === "register" && readable(piece.location.name)) {
          words.set(piece.offset, method(piece.location.name));
        }
      }
      return { kind: "registers", words };
    }
    case "gone":
      return { kind: "nowhere", why: "the compiler keeps no trace of it" };
    default:
      return { kind: "nowhere", why: "its place is computed" };
  }
}
