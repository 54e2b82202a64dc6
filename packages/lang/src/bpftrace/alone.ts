import type { Aggregation } from "./script.js";
import { fresh, type MapEntry, type State } from "./state.js";

/**
 * Placement is where an aggregation without keys stands that is only ever added to. Those in one value of each processor
 * share a look-up and need no code for a key that is not there; those of histograms are arrays, for the same reason.
 */
export type Placement = "value" | "buckets";

const placements: Readonly<Partial<Record<Aggregation, Placement>>> = {
  count: "value",
  sum: "value",
  avg: "value",
  min: "value",
  max: "value",
  stats: "value",
  hist: "buckets",
  lhist: "buckets",
};

/** placementOf says where an aggregation stands; undefined: in a map of its own, under keys. */
export function placementOf({ apart, kind, keys, aggregation }: MapEntry): Placement | undefined {
  if (apart === true || kind !== undefined || keys?.length !== 0 || aggregation === undefined)
    return undefined;
  return placements[aggregation];
}

/**
 * setApart gives a map without keys a key of its own: what empties it or reads it in a probe must not touch others, and
 * tells a key that is not there from a zero.
 */
export function setApart(state: State, entry: MapEntry): void {
  if (entry.apart === true) return;
  entry.apart = true;
  state.changed = true;
}

/** bucketCount is how many buckets a histogram has, those for what is below and above included. */
export function bucketCount({ linear, bits }: MapEntry): number {
  if (linear === undefined) return ((64 - bits) << bits) + 2;
  const { low, high, step } = linear;
  return Number((high - low + step - 1n) / step) + 2;
}

const valueMap = "alone";
const held = "together";

/** aloneMaps are the maps whose values stand in one value, in the order in which they stand. */
function aloneMaps(state: State): MapEntry[] {
  return [...state.maps.values()].filter((entry) => placementOf(entry) === "value");
}

/** aloneAt says which map holds an aggregation and how far into its value. */
export function aloneAt(state: State, entry: MapEntry): { map: string; offset: number } | undefined {
  const index = aloneMaps(state).indexOf(entry);
  // An Aggregate has two words.
  return index < 0 ? undefined : { map: valueMap, offset: index * 16 };
}

/** aloneDeclarations declare the value that they share. */
export function aloneDeclarations(state: State): string[] {
  const maps = aloneMaps(state);
  if (maps.length === 0) return [];
  const fields = maps.map(({ go }) => `${go} Aggregate`).join("; ");
  return [`type Alone struct { ${fields} }`, `var ${valueMap} = bpf.PerCPUArray[Alone](1)`];
}

/** inValue emits what is done with an aggregation in the shared value, given by its code. */
export function inValue(state: State, entry: MapEntry, body: (place: string) => readonly string[]): void {
  const { unit } = state;
  if (unit.together !== undefined && state.depth === 1 && state.loops === 0) {
    unit.together = true;
    state.out.push(...body(`${held}.${entry.go}`));
    return;
  }
  const found = fresh(state, "p");
  state.out.push(`${found} := ${valueMap}.Lookup(uint32(0))`, `if ${found} != nil {`);
  state.out.push(...body(`${found}.${entry.go}`), "}");
}

/**
 * together compiles a list of statements. The first of the program's own that adds to the shared value looks it up for
 * all of them behind it: those in blocks and loops are not always reached, and look for themselves.
 */
export function together(state: State, count: number, one: (index: number) => void): void {
  const { unit } = state;
  const outer = unit.together;
  state.depth++;
  if (state.depth === 1) unit.together = false;
  for (let i = 0; i < count; i++) {
    const [before, at] = [unit.together, state.out.length];
    one(i);
    if (state.depth !== 1 || before === unit.together) continue;
    const find = [`${held} := ${valueMap}.Lookup(uint32(0))`, `if ${held} == nil {`, ...state.leave, "}"];
    state.out.splice(at, 0, ...find);
  }
  state.depth--;
  unit.together = outer;
}
