import { keyOf, readMap } from "./maps.js";
import type { Series } from "./script.js";
import { emit, fresh, type State } from "./state.js";
import type { CallNode, MapNode } from "./tree.js";
import { as, scalar } from "./values.js";

const reductions = ["last", "avg", "max", "min", "sum"] as const;

/** intervalLimit: more rows than anybody looks at, and a map's worth of entries for one key. */
const intervalLimit = 1_000_000n;

/** seriesOf reads tseries' interval, number of intervals and, where given, what becomes of several values in one. */
export function seriesOf(state: State, call: CallNode): Series | undefined {
  const [interval, count] = call.arguments.slice(1, 3).map((node) => {
    const { constant, type } = scalar(state, node, "tseries");
    if (typeof constant === "bigint") return constant;
    if (type.kind !== "bad") state.report.error("not-constant", node, "tseries' intervals must be numbers");
    return undefined;
  });
  const named = call.arguments[3];
  const value = named === undefined ? undefined : state.evaluate(state, named);
  const name = named === undefined ? "last" : value?.constant;
  const reduce = reductions.find((each) => each === name);
  if (interval === undefined || count === undefined) return undefined;
  if (reduce === undefined || (named !== undefined && reduce === "last")) {
    state.report.error(
      "bad-call",
      named ?? call,
      `tseries() expects one of the following aggregation functions: avg, max, min, sum ("${String(name)}" provided)`,
    );
    return undefined;
  }
  if (interval <= 0n || count <= 0n || count > intervalLimit) {
    const why =
      interval <= 0n
        ? "tseries() interval_ns must be >= 1"
        : count <= 0n
          ? "tseries() num_intervals must be >= 1"
          : `tseries() num_intervals must be < ${intervalLimit}`;
    state.report.error("out-of-range", call, `${why} (${interval <= 0n ? interval : count} provided)`);
    return undefined;
  }
  return { interval, count, reduce };
}

/** timeOf is the world's time; a test gives its own by a map (BPFTRACE_DUMMY_TS_MAP). */
function timeOf(state: State, call: CallNode): string {
  const { timesFrom } = state.limits.config;
  if (timesFrom === "") return "helpers.KtimeGetTaiNs()";
  return as(
    readMap(state, { kind: "map", name: timesFrom, keys: [], start: call.start, end: call.end }),
    false,
  );
}

/** updateSeries puts a value into the interval that it is now: its place is free again after so many intervals. */
export function updateSeries(
  state: State,
  map: MapNode,
  call: CallNode,
  series: Series,
  value: string,
): void {
  const [now, epoch, made, found] = [
    fresh(state, "n"),
    fresh(state, "e"),
    fresh(state, "z"),
    fresh(state, "p"),
  ];
  state.out.push(`${now} := ${timeOf(state, call)}`, `${epoch} := ${now} / ${series.interval}`);
  const { entry, key } = keyOf(state, map, `${epoch} % ${series.count}`);
  const update: Readonly<Record<Series["reduce"], string>> = {
    last: `${found}.V = ${value}`,
    sum: `${found}.V += ${value}`,
    avg: `${found}.V += ${value}`,
    min: `if ${value} < ${found}.V { ${found}.V = ${value} }`,
    max: `if ${value} > ${found}.V { ${found}.V = ${value} }`,
  };
  emit(state, call, `${found} := ${entry.go}.Lookup(${key})`);
  state.out.push(
    `if ${found} == nil {`,
    `var ${made} Moment`,
    `${made}.Epoch = ${epoch}`,
    `${made}.N = 1`,
    // As everywhere a time that is not later changes nothing: at time 0 the last value is 0.
    series.reduce === "last" ? `if ${now} > 0 { ${made}.V = ${value} }` : `${made}.V = ${value}`,
    `${made}.T = ${now}`,
    `${entry.go}.Update(${key}, &${made})`,
    "} else {",
    `if ${found}.Epoch != ${epoch} {`,
    `${found}.Epoch = ${epoch}`,
    `${found}.N = 1`,
    `${found}.V = ${value}`,
    "} else {",
    `${found}.N += 1`,
    update[series.reduce],
    "}",
    `${found}.T = ${now}`,
    "}",
  );
}
