import { inValue, placementOf } from "./alone.js";
import { entryOf, insert, isMarked, keyOf, noteKeys, startsAtOne } from "./maps.js";
import type { Aggregation, LinearBuckets, Series } from "./script.js";
import { emit, fresh, type MapEntry, mark, type State } from "./state.js";
import { seriesOf, updateSeries } from "./time-series.js";
import type { CallNode, MapNode, Node } from "./tree.js";
import { as, scalar } from "./values.js";

/** aggregations name the functions that a map can be assigned, with the least and most arguments they take. */
const aggregations: Readonly<Record<Aggregation, readonly [number, number]>> = {
  count: [0, 0],
  sum: [1, 1],
  avg: [1, 1],
  min: [1, 1],
  max: [1, 1],
  stats: [1, 1],
  hist: [1, 2],
  lhist: [4, 4],
  tseries: [3, 4],
};

const forms: Readonly<Record<string, string>> = {
  count: "count()",
  hist: "hist(value), hist(value, bits)",
  lhist: "lhist(value, low, high, step)",
  tseries: 'tseries(value, 1s, 10), tseries(value, 1s, 10, "max")',
};

/** isAggregation tells whether a name is one of them. */
export function isAggregation(name: string): name is Aggregation {
  return Object.hasOwn(aggregations, name);
}

/** Details are what an aggregation is told besides its value: one map has one of them. */
interface Details {
  readonly linear: LinearBuckets | undefined;
  readonly bits: number;
  readonly series: Series | undefined;
}

// More rows than a screen has, and a map's worth of entries for one key.
const linearLimit = 1000n;

function constants(state: State, call: CallNode, from: number, what: string): (bigint | undefined)[] {
  return call.arguments.slice(from).map((node) => {
    const value = scalar(state, node, call.name);
    if (typeof value.constant === "bigint") return value.constant;
    if (value.type.kind !== "bad")
      state.report.error("not-constant", node, `${call.name}'s ${what} must be numbers`);
    return undefined;
  });
}

function linearOf(state: State, call: CallNode): LinearBuckets | undefined {
  const [low, high, step] = constants(state, call, 1, "bounds and step");
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

function detailsOf(state: State, call: CallNode): Details | undefined {
  if (call.name === "lhist") {
    const linear = linearOf(state, call);
    return linear === undefined ? undefined : { linear, bits: 0, series: undefined };
  }
  if (call.name === "tseries") {
    const series = seriesOf(state, call);
    return series === undefined ? undefined : { linear: undefined, bits: 0, series };
  }
  const [bits = 0n] = call.name === "hist" ? constants(state, call, 1, "bits") : [];
  if (bits < 0n || bits > 5n) {
    state.report.error("out-of-range", call, `hist's bits are 0 to 5, ${bits} is not`, forms["hist"]);
    return undefined;
  }
  return { linear: undefined, bits: Number(bits), series: undefined };
}

const same = (a: object | undefined, b: object | undefined): boolean =>
  a === undefined || b === undefined || Object.values(a).join() === Object.values(b).join();

function note(state: State, map: MapNode, call: CallNode, details: Details): boolean {
  const entry = entryOf(state, map.name, map);
  const { name } = call;
  if (!isAggregation(name)) return false;
  const agrees =
    entry.aggregation === undefined ||
    (entry.aggregation === name &&
      same(entry.linear, details.linear) &&
      same(entry.series, details.series) &&
      entry.bits === details.bits);
  if (entry.value !== undefined || !agrees) {
    const what =
      entry.aggregation === undefined
        ? "a plain value"
        : `${entry.aggregation}()${entry.aggregation === name ? " with other bounds" : ""}`;
    state.report.error("map-conflict", call, `${map.name} is ${what} elsewhere`, "take another map");
    return false;
  }
  if (entry.aggregation === undefined) state.changed = true;
  entry.aggregation = name;
  Object.assign(entry, details);
  return true;
}

function givenValue(state: State, entry: MapEntry, node: Node): string {
  const value = scalar(state, node, "an aggregation");
  if (value.type.kind === "int" && value.type.signed) entry.signed = true;
  return as(value, true);
}

/** bucketOf is the number of the bucket that a value falls into. */
function bucketOf(state: State, details: Details, value: string): string {
  if (details.linear === undefined)
    return details.bits === 0 ? `log2bucket(${value})` : `log2bits(${value}, ${details.bits})`;
  const { low, high, step } = details.linear;
  const bucket = fresh(state, "b");
  state.out.push(
    `var ${bucket} uint64`,
    `if ${value} >= ${high} { ${bucket} = ${(high - low + step - 1n) / step + 1n} } else if ${value} >= ${low} { ${bucket} = uint64(${value} - (${low})) / ${step} + 1 }`,
  );
  return bucket;
}

/** aggregate is `@x[k] = count()` and its kin. Values are per processor and added up when they are read. */
export function aggregate(state: State, map: MapNode, call: CallNode): void {
  const { name } = call;
  if (!isAggregation(name)) return;
  const [least, most] = aggregations[name];
  if (call.arguments.length < least || call.arguments.length > most) {
    const wanted =
      least === most ? `${least} argument${least === 1 ? "" : "s"}` : `${least} to ${most} arguments`;
    state.report.error(
      "bad-call",
      call,
      `${name} takes ${wanted}, ${call.arguments.length} given`,
      forms[name] ?? `${name}(value)`,
    );
    return;
  }
  const details = detailsOf(state, call);
  if (details === undefined) return;
  const value = fresh(state, "a");
  const [first] = call.arguments;
  if (first !== undefined)
    state.out.push(
      `${value} := ${mark(call)}${givenValue(state, entryOf(state, map.name, map), first)}`,
      `_ = ${value}`,
    );
  if (!note(state, map, call, details)) return;
  if (name === "tseries" && details.series !== undefined) {
    updateSeries(state, map, call, details.series, value);
    return;
  }
  const isBucketed = name === "hist" || name === "lhist";
  const bucket = isBucketed ? bucketOf(state, details, value) : undefined;
  const known = entryOf(state, map.name, map);
  if (map.keys.length === 0 && !noteKeys(state, known, map, [])) return;
  const placement = placementOf(known);
  if (placement === "value") {
    inValue(state, known, (place) => added(name, place, value, true));
    return;
  }
  const found = fresh(state, "p");
  if (placement === "buckets") {
    emit(state, call, `${found} := ${known.go}.Lookup(uint32(${bucket ?? "0"}))`);
    state.out.push(`if ${found} != nil { *${found} += 1 }`);
    return;
  }
  const { entry, key, isRight } = keyOf(state, map, bucket);
  if (!isRight) return;
  const made = fresh(state, "z");
  const isPlural = name === "min" || name === "max" || name === "avg" || name === "stats";
  emit(state, call, `${found} := ${entry.go}.Lookup(${key})`);
  state.out.push(`if ${found} == nil {`);
  if (isPlural) state.out.push(`var ${made} Aggregate`, `${made}.N = 1`, `${made}.V = ${value}`);
  else if (name === "sum") state.out.push(`var ${made} int64 = ${value}`);
  const fromStart = startsAtOne(entry) && isMarked(entry) ? `full_${entry.go}.One` : "one";
  insert(state, call, entry, key, isPlural || name === "sum" ? made : fromStart);
  state.out.push("} else {", ...added(name, isPlural ? found : `*${found}`, value, isPlural), "}");
}

/** added are the statements that add a value in place; wide: in an Aggregate, whose N is not 0 once there is one. */
function added(name: string, place: string, value: string, wide: boolean): string[] {
  switch (name) {
    case "min":
    case "max":
      return [
        `if ${place}.N == 0 || ${value} ${name === "min" ? "<" : ">"} ${place}.V { ${place}.V = ${value}; ${place}.N = 1 }`,
      ];
    case "avg":
    case "stats":
      return [`${place}.V += ${value}`, `${place}.N += 1`];
    case "sum":
      return wide ? [`${place}.V += ${value}`, `${place}.N = 1`] : [`${place} += ${value}`];
    default:
      return [wide ? `${place}.N += 1` : `${place} += 1`];
  }
}
