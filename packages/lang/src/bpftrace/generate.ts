import { newReporter, type Reporter } from "../source/diagnostics.js";
import type { KernelTypes } from "../types/kernel.js";
import { aloneAt, aloneDeclarations, placementOf } from "./alone.js";
import { type CTypes, newCTypes } from "./c-types.js";
import { evaluate } from "./expressions.js";
import { mapDeclaration, markOf } from "./map-declaration.js";
import { startsAtOne } from "./maps.js";
import { placeName } from "./place-name.js";
import { hookOf, type Planned, plan, type Wanted } from "./plan.js";
import { rawPlaces } from "./raw-places.js";
import type { ProbePlace, Script, ScriptMap, ScriptProbe } from "./script.js";
import type { ScriptMachine } from "./script-machine.js";
import { goType } from "./shapes.js";
import {
  captured,
  type MapEntry,
  type MapKind,
  mark,
  type ScriptLimits,
  type State,
  type Unit,
} from "./state.js";
import { statements } from "./statements.js";
import type { AttachPoint, Node, ScriptTree } from "./tree.js";
import { iteratorStart } from "./typed-arguments.js";
import { newTypesOf, type TypesOf } from "./user-types.js";
import { condition } from "./values.js";

/** Generated is a script as a Go3s program, with marks that say which part comes from where. */
export interface Generated {
  readonly text: string;
  readonly script: Script;
}

/** prelude is what generated programs use. log2bucket: 1 is 0, then one bucket for each power of two, the last below zero. */
const prelude = `
type Event struct { ID uint64 }
type Start struct { One uint64; Mark uint64 }
type Halves struct { Low uint32; High uint32 }
type Aggregate struct { N uint64; V int64 }
type Moment struct { Epoch uint64; N uint64; V int64; T uint64 }
func b2i(b bool) int64 { if b { return 1 }; return 0 }
func log2bucket(v int64) uint64 {
	n := uint64(v)
	var r uint64 = 1
	if n>>32 != 0 { n = n >> 32; r = 33 }
	if n >= 1<<16 { n = n >> 16; r += 16 }
	if n >= 1<<8 { n = n >> 8; r += 8 }
	if n >= 1<<4 { n = n >> 4; r += 4 }
	if n >= 1<<2 { n = n >> 2; r += 2 }
	if n > 2 { n = 2 }
	return r + n
}
func log2bits(v int64, bits uint64) uint64 {
	if v < 0 { return 0 }
	n := uint64(v)
	if n < 1<<bits { return n + 1 }
	power := log2bucket(v) - 2 - bits
	return ((power + 1) << bits) + ((n >> (power & 63)) & (1<<bits - 1)) + 1
}
`;

/** ringBytes is what a ring buffer takes when a script does not say (perf_rb_pages, pages of 4 KiB): a power of two. */
function ringBytes({ config }: ScriptLimits): number {
  const wanted = config.perfRbPages === 0 ? 1 << 20 : Math.min(config.perfRbPages, 1 << 16) * 4096;
  return 2 ** Math.ceil(Math.log2(wanted));
}
const stackEntries = 8192;

interface Body {
  readonly planned: Planned;
  readonly name: string;
  readonly lines: readonly string[];
  readonly variables: Unit["variables"];
}

function walk(
  state: State,
  planned: readonly Planned[],
  kept: Map<number, Unit["variables"]>,
  machine: ScriptMachine,
  typesOf: TypesOf,
): Body[] {
  return planned.map((each, i) => {
    const [place] = each.places;
    if (place === undefined) throw new Error("a planned program has a place");
    const known = kept.get(i);
    state.unit = {
      place,
      name: placeName(place),
      variables: new Map(),
      format: place.kind === "tracepoint" ? machine.tracepointFormat?.(place.group, place.name) : undefined,
      ...(place.kind === "uprobe"
        ? { userArguments: () => machine.userArguments?.(place.path, place.symbol) }
        : {}),
    };
    state.types = typesOf(place);
    // What a later assignment asked for is known from the walk before.
    state.before = known ?? new Map();
    state.declared.clear();
    state.fixed.clear();
    const { lines } = captured(state, () => {
      iteratorStart(state);
      processFilter(state, each.point, machine.pid);
      if (each.action.predicate !== undefined) predicate(state, each.action.predicate);
      statements(state, each.action.body);
    });
    kept.set(i, state.unit.variables);
    const asPlanned = { ...each, places: rawPlaces(each.places, lines, machine) };
    return { planned: asPlanned, name: `p${i}`, lines, variables: state.unit.variables };
  });
}

const ofMachine: ReadonlySet<ProbePlace["kind"]> = new Set([
  "tracepoint",
  "rawtracepoint",
  "kprobe",
  "kretprobe",
  "fentry",
  "fexit",
]);

/** processFilter is -p for probes of the whole machine: others are only attached to the process. */
function processFilter(state: State, at: AttachPoint, pid: number | undefined): void {
  if (pid === undefined || !ofMachine.has(state.unit.place.kind)) return;
  const own = state.evaluate(state, { kind: "word", name: "pid", start: at.start, end: at.end });
  state.out.push(`if ${own.code} != ${pid} { return 0 }`);
}

function predicate(state: State, node: Node): void {
  state.out.push("{");
  const test = condition(state, node);
  state.out.push(`${mark(node)}if !(${test}) { return 0 }`, "}");
}

const mapKinds: Readonly<Record<string, MapKind>> = {
  hash: "hash",
  lruhash: "lruhash",
  percpuhash: "percpuhash",
  percpulruhash: "percpulruhash",
  lrupercpuhash: "lrupercpuhash",
};

/** declaredMaps are the maps that the script declares before its probes. */
function declaredMaps(declared: ScriptTree["maps"], report: Reporter): Map<string, MapEntry> {
  const maps = new Map<string, MapEntry>();
  for (const { name, type, typeAt, entries, start, end } of declared) {
    const kind = Object.hasOwn(mapKinds, type) ? mapKinds[type] : undefined;
    if (kind === undefined)
      report.error(
        "undefined",
        typeAt,
        `Invalid bpf map type: ${type}`,
        `Valid map types: ${Object.keys(mapKinds).join(", ")}`,
      );
    const count = entries?.kind === "number" ? Number(entries.value) : undefined;
    if (count === undefined || count < 1)
      report.error(
        "not-constant",
        { start, end },
        `${name} needs its number of entries`,
        `let ${name} = ${type}(100);`,
      );
    const unknown = {
      keys: undefined,
      value: undefined,
      aggregation: undefined,
      linear: undefined,
      bits: 0,
      series: undefined,
      signed: false,
    };
    maps.set(name, {
      name,
      go: `m${maps.size}_${name.slice(1, 10)}`,
      at: { start, end },
      ...unknown,
      kind,
      entries: count,
    });
  }
  return maps;
}

const rounds = 6;

/** generate turns a script into a Go3s program. Types of maps grow from their uses, so the script is walked until they stand. */
export function generate(
  tree: Pick<ScriptTree, "actions" | "declarations" | "maps">,
  machine: ScriptMachine,
  kernel: KernelTypes,
  limits: ScriptLimits,
  report: Reporter,
  wanted: Wanted = { mode: "run", filter: undefined },
): Generated | undefined {
  const { config, parameters } = limits;
  const { actions } = tree;
  const types = newCTypes(tree.declarations, kernel, report);
  const typesOf = newTypesOf(tree.declarations, types, kernel, machine);
  const planning = {
    parameters,
    missing: config.missingProbes,
    maxProbes: config.maxProbes,
    maxPrograms: config.maxBpfProgs,
  };
  const planned = plan(actions, machine, { ...planning, ...wanted }, report);
  if (planned.length === 0) {
    if (report.errors === 0 && actions.length === 0)
      report.error(
        "no-program",
        { start: 0, end: 0 },
        "there is no probe here",
        "tracepoint:syscalls:sys_enter_openat { @ = count(); }",
      );
    return undefined;
  }
  const maps = declaredMaps(tree.maps, report);
  const kept = new Map<number, Unit["variables"]>();
  const asked = { stackDepths: false, options: new Map() };
  let bodies: Body[] = [];
  let state: State | undefined;
  for (let round = 0; round < rounds; round++) {
    const quiet = newReporter();
    state = newState(types, kernel, limits, maps, asked, quiet);
    bodies = walk(state, planned, kept, machine, typesOf);
    if (!state.changed || round === rounds - 1) break;
  }
  state = newState(types, kernel, limits, maps, asked, report);
  bodies = walk(state, planned, kept, machine, typesOf);
  for (const entry of maps.values()) {
    if (entry.value !== undefined || entry.aggregation !== undefined) continue;
    if (entry.kind === undefined)
      report.error("undefined", entry.at, `Undefined map: ${entry.name}`, `e.g. ${entry.name} = count();`);
    else {
      report.warning("undefined", entry.at, `Unused map: ${entry.name}`, "leave its declaration out");
      maps.delete(entry.name);
    }
  }
  if (report.errors > 0) return undefined;
  return { text: textOf(state, bodies), script: scriptOf(state, bodies, limits) };
}

function newState(
  types: CTypes,
  kernel: KernelTypes,
  limits: ScriptLimits,
  maps: Map<string, MapEntry>,
  asked: State["asked"],
  report: Reporter,
): State {
  return {
    asked,
    expansions: [],
    report,
    kernel,
    limits,
    maps,
    events: [],
    declarations: [],
    unit: { place: { kind: "begin" }, name: "", variables: new Map(), format: undefined },
    before: new Map(),
    full: new Map(),
    tuples: new Map(),
    types,
    declared: new Set(),
    fixed: new Map(),
    pairs: new Map(),
    out: [],
    counter: 0,
    loops: 0,
    depth: 0,
    leave: ["return 0"],
    usesStacks: false,
    exits: false,
    effectOnly: false,
    changed: false,
    evaluate,
    statements,
  };
}

function programOf(state: State, body: Body): string[] {
  const { planned, name, lines, variables } = body;
  const [place] = planned.places;
  if (place === undefined) return [];
  const { attribute, context } = hookOf(place, state.limits.uprobeMulti);
  return [
    `// ${attribute}`,
    `${mark(planned.point)}func ${name}(ctx *bpf.${context}) int {`,
    // What fires by the clock while the script ends is not counted any more; of other events bpftrace counts some, too.
    ...(state.exits && /^(?:interval|profile|software|hardware)$/.test(place.kind)
      ? ["if leaving != 0 { return 0 }"]
      : []),
    ...[...variables].flatMap(([variable, type]) => [
      `var v_${variable} ${goType(state, type)}`,
      `_ = v_${variable}`,
    ]),
    ...lines,
    "return 0",
    "}",
  ];
}

function textOf(state: State, bodies: readonly Body[]): string {
  const declared = [...state.maps.values()].flatMap((entry) => mapDeclaration(state, entry) ?? []);
  const programs = bodies.flatMap((body) => programOf(state, body));
  const lines = [
    "package script",
    prelude,
    ...declared.flatMap((each) => each.types),
    ...state.declarations,
    ...declared.map((each) => each.variable),
    ...aloneDeclarations(state),
    `var events = bpf.RingBuf[Event](${ringBytes(state.limits)})`,
    "var lost uint64",
    "var started uint64 = 0 // @config",
    "var childPid uint64 = 0 // @config",
    "var one uint64 = 1 // @config",
    "var unknown uint64",
    "var leaving uint64",
    ...[...state.maps.values()].filter(({ go }) => state.full.has(go)).map(markOf),
    ...(state.usesStacks ? [`var stacks = bpf.StackTrace(${stackEntries})`] : []),
    ...programs,
  ];
  return `${lines.join("\n")}\n`;
}

function scriptOf(state: State, bodies: readonly Body[], limits: ScriptLimits): Script {
  const probes = bodies.map(
    ({ planned, name }): ScriptProbe => ({ program: name, places: planned.places, at: planned.point }),
  );
  const maps = [...state.maps.values()].map(
    (entry): ScriptMap => ({
      name: entry.name,
      map: entry.go,
      ...(placementOf(entry) === "buckets" ? { isArray: true } : {}),
      ...aloneAt(state, entry),
      keys: entry.keys ?? [],
      value: entry.value ?? { kind: "int", signed: true },
      aggregation: entry.aggregation,
      signed: entry.signed,
      linear: entry.linear,
      bits: entry.bits,
      series: entry.series,
      entries: entry.entries ?? limits.mapEntries,
    }),
  );
  return {
    probes,
    maps,
    events: state.events,
    ring: "events",
    lost: "lost",
    warnings: [...state.maps.values()].flatMap((entry) => {
      const message = state.full.get(entry.go);
      const offset = startsAtOne(entry) ? 8 : 0;
      return message === undefined ? [] : [{ variable: `full_${entry.go}`, offset, message }];
    }),
    config: limits.config,
    options: [...state.asked.options.values()],
    leaving: "leaving",
    stacks: state.usesStacks ? "stacks" : undefined,
  };
}
