import { entryOf, keyOf } from "./maps.js";
import type { Aggregation, LinearBuckets } from "./script.js";
import { emit, fresh, mark, type State } from "./state.js";
import type { CallNode, MapNode, Node } from "./tree.js";
import { as, scalar } from "./values.js";

/** aggregations name the functions that a map can be assigned, with the number of their arguments. */
export const aggregations: Readonly<Record<Aggregation, number>> = {
  count: 0,
  sum: 1,
  avg: 1,
  min: 1,
  max: 1,
  stats: 1,
  hist: 1,
  lhist: 4,
};

/** isAggregation tells whether a name is one of them. */
export function isAggregation(name: string): name is Aggregation {
  return Object.hasOwn(aggregations, name);
}

// More rows than a screen has, and a map's worth of entries for one key.
const linearLimit = 1000n;

function linearOf(state: State, call: CallNode): LinearBuckets | undefined {
  const numbers = call.arguments.slice(1).map((node) => {
    const value = scalar(state, node, "lhist");
    if (typeof value.constant === "bigint") return value.constant;
    if (value.type.kind !== "bad")
      state.report.error("not-constant", node, "lhist's bounds and step must be numbers");
    return undefined;
  });
  const [low, high, step] = numbers;
  if (low === undefined || high === undefined || step === undefined) return undefined;
  if (step <= 0n || high <= low || (high - low) / step > linearLimit) {
    const why =
      step <= 0n
        ? "the step must be above 0"
        : high <= low
          ? "the upper bound must be above the lower"
          : `more than ${linearLimit} buckets`;
    state.report.error(
      "out-of-range",
      call,
      `lhist(${low}, ${high}, ${step}): ${why}`,
      "lhist(value, low, high, step)",
    );
    return undefined;
  }
  return { low, high, step };
}

function note(state: State, map: MapNode, call: CallNode, linear: LinearBuckets | undefined): boolean {
  const entry = entryOf(state, map.name, map);
  const name = call.name;
  if (!isAggregation(name)) return false;
  const same =
    linear === undefined ||
    entry.linear === undefined ||
    (linear.low === entry.linear.low &&
      linear.high === entry.linear.high &&
      linear.step === entry.linear.step);
  if (entry.value !== undefined || (entry.aggregation !== undefined && entry.aggregation !== name) || !same) {
    const what =
      entry.aggregation === undefined
        ? "a plain value"
        : `${entry.aggregation}()${same ? "" : " with other bounds"}`;
    state.report.error("map-conflict", call, `${map.name} is ${what} elsewhere`, "take another map");
    return false;
  }
  if (entry.aggregation === undefined) state.changed = true;
  entry.aggregation = name;
  entry.linear = linear;
  return true;
}

function givenValue(state: State, node: Node | undefined, signed: boolean): string {
  return node === undefined ? "0" : as(scalar(state, node, "an aggregation"), signed);
}

/** aggregate is `@x[k] = count()` and its kin. Values are per processor and added up when they are read. */
export function aggregate(state: State, map: MapNode, call: CallNode): void {
  const name = call.name;
  if (!isAggregation(name)) return;
  const wanted = aggregations[name];
  if (call.arguments.length !== wanted) {
    const form =
      name === "lhist" ? "lhist(value, low, high, step)" : wanted === 0 ? "count()" : `${name}(value)`;
    state.report.error(
      "bad-call",
      call,
      `${name} takes ${wanted} argument${wanted === 1 ? "" : "s"}, ${call.arguments.length} given`,
      form,
    );
    return;
  }
  const linear = name === "lhist" ? linearOf(state, call) : undefined;
  if (name === "lhist" && linear === undefined) return;
  const value = fresh(state, "a");
  if (wanted > 0)
    state.out.push(`${value} := ${mark(call)}${givenValue(state, call.arguments[0], true)}`, `_ = ${value}`);
  if (!note(state, map, call, linear)) return;
  if (name === "hist" || linear !== undefined) {
    let bucket = `log2bucket(${value})`;
    if (linear !== undefined) {
      const { low, high, step } = linear;
      bucket = fresh(state, "b");
      state.out.push(
        `var ${bucket} uint64`,
        `if ${value} >= ${high} { ${bucket} = ${(high - low + step - 1n) / step + 1n} } else if ${value} >= ${low} { ${bucket} = uint64(${value} - (${low})) / ${step} + 1 }`,
      );
    }
    const { entry, key } = keyOf(state, map, bucket);
    emit(state, call, `${entry.go}.Increment(${key})`);
    return;
  }
  const { entry, key } = keyOf(state, map);
  const { go } = entry;
  if (name === "count") emit(state, call, `${go}.Increment(${key})`);
  else if (name === "sum") emit(state, call, `${go}.Add(${key}, ${value})`);
  else {
    const found = fresh(state, "p");
    const first = fresh(state, "z");
    const update =
      name === "min" || name === "max"
        ? `if ${found}.N == 0 || ${value} ${name === "min" ? "<" : ">"} ${found}.V { ${found}.V = ${value} }`
        : `${found}.V += ${value}`;
    emit(state, call, `${found} := ${go}.Lookup(${key})`);
    state.out.push(
      `if ${found} == nil {`,
      `var ${first} Aggregate`,
      `${first}.N = 1`,
      `${first}.V = ${value}`,
      `${go}.Update(${key}, &${first})`,
      "} else {",
      update,
      `${found}.N += 1`,
      "}",
    );
  }
}
