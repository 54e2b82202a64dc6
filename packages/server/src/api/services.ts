import { arrayText, versionRow } from "../diagnosis/read.js";
import { deploys } from "../diagnosis/signals.js";
import { ServerError } from "../errors.js";
import { number, numbers, type Row, text, wordOf } from "../query/rows.js";
import { bucketsOf, coveredSeconds, series } from "./buckets.js";
import { type ApiContext, type ApiRequest, lastSeen, nanosToMs, rows } from "./context.js";
import { kinds, statuses } from "./names.js";
import { filterOf, rangeOf } from "./parameters.js";
import { addRed, redOf } from "./red.js";
import { rolled } from "./rollup.js";
import type {
  Buckets,
  DeployRow,
  NeighbourRow,
  OperationRow,
  Range,
  ServiceAnswer,
  ServiceRow,
  ServicesAnswer,
  SpanExample,
} from "./types.js";

const sparkBuckets = 60;
const seriesBuckets = 120;

/** services answers GET services. */
export async function services(context: ApiContext, request: ApiRequest): Promise<ServicesAnswer> {
  const range = rangeOf(request.search, request.nowMs);
  const buckets = bucketsOf(range, sparkBuckets);
  const filter = filterOf(request.search);
  const found = await rows(context, request, {
    statement: rolled("services", range, filter),
    range,
    buckets,
    filter,
  });
  const byName = new Map<string, Row[]>();
  for (const row of found) {
    const name = text(row, "service_name");
    const group = byName.get(name);
    if (group) group.push(row);
    else byName.set(name, [row]);
  }
  const list = [...byName].map(([name, group]) => serviceRow(name, group, buckets, range));
  const last = list.length > 0 ? null : await lastSeen(context, request, "traces", range);
  const newest = list.length > 0 ? Math.max(...list.map((row) => row.last_seen_ms)) : last;
  return { range, buckets, services: list, last_seen_ms: newest };
}

function serviceRow(name: string, group: readonly Row[], buckets: Buckets, range: Range): ServiceRow {
  const total = group.find((row) => number(row, "total") === 1);
  const { rate, errors, p99_ns } = seriesOf(group, buckets, range);
  return {
    service_name: name,
    ...redOf(total, range),
    last_seen_ms: total ? nanosToMs(text(total, "last_ns")) : 0,
    spark: { rate, errors, p99_ns },
  };
}

function seriesOf(group: readonly Row[], buckets: Buckets, range: Range): ServiceAnswer["series"] {
  const rate = series(buckets, 0);
  const errors = series(buckets, 0);
  const p50_ns = series<number | null>(buckets, null);
  const p95_ns = series<number | null>(buckets, null);
  const p99_ns = series<number | null>(buckets, null);
  for (const row of group) {
    const at = number(row, "bucket");
    if (number(row, "total") === 1 || at < 0 || at >= buckets.count) continue;
    const seconds = coveredSeconds(buckets, range, at);
    const quantiles = numbers(row, "quantiles");
    rate[at] = number(row, "requests") / seconds;
    errors[at] = number(row, "errors") / seconds;
    p50_ns[at] = quantiles[0] ?? null;
    p95_ns[at] = quantiles[1] ?? null;
    p99_ns[at] = quantiles[2] ?? null;
  }
  return { rate, errors, p50_ns, p95_ns, p99_ns };
}

/** service answers GET services/NAME. */
export async function service(context: ApiContext, request: ApiRequest): Promise<ServiceAnswer> {
  const name = request.names[0] ?? "";
  const range = rangeOf(request.search, request.nowMs);
  const buckets = bucketsOf(range, seriesBuckets);
  const filter = filterOf(request.search);
  const ask = { range, filter, parameters: { service: name } };
  const examples = (failing: number) => ({
    ...ask,
    statement: "service-examples",
    parameters: { service: name, failing },
  });
  const messages = (service: string, taker: string) =>
    rows(context, request, { statement: "message-edges", range, parameters: { service, taker } });
  const [red, operations, slowest, failing, callers, callees, senders, takers, seen, versions] =
    await Promise.all([
      rows(context, request, { ...ask, statement: rolled("service-series", range, filter), buckets }),
      rows(context, request, { ...ask, statement: rolled("service-operations", range, filter) }),
      rows(context, request, examples(0)),
      rows(context, request, examples(1)),
      rows(context, request, { ...ask, statement: "service-callers" }),
      rows(context, request, { statement: "edges", range, parameters: { service: name } }),
      messages("", name),
      messages(name, ""),
      rows(context, request, { ...ask, statement: "service-seen" }),
      rows(context, request, {
        statement: "diagnosis/versions",
        range,
        parameters: { services: arrayText([name]) },
      }),
    ]);
  const known = seen[0];
  if (!known || number(known, "known") === 0)
    throw new ServerError("not-found", `no service named ${name.slice(0, 200)} was ever seen`, {
      hint: "see the list of services",
    });
  const total = red.find((row) => number(row, "total") === 1);
  return {
    service_name: name,
    range,
    buckets,
    ...redOf(total, range),
    last_seen_ms: nanosToMs(text(known, "last_ns")),
    series: seriesOf(red, buckets, range),
    operations: operations.map((row) => operationRow(row, range)),
    slowest: slowest.map(exampleRow),
    failing: failing.map(exampleRow),
    callers: together(
      [...callers, ...senders].map((row) => ({
        name: text(row, "source"),
        kind: "service",
        ...redOf(row, range),
      })),
    ),
    deploys: deploysOf(versions, range),
    callees: together(
      [...callees, ...takers]
        .filter((row) => text(row, "target") !== name)
        .map((row) => ({ name: text(row, "target"), kind: targetKind(row), ...redOf(row, range) })),
    ),
  };
}

/** together makes one row of each neighbour, the one with most requests first: some messages are joined by their traces, some, between machines, by their batches. */
function together(neighbours: readonly NeighbourRow[]): readonly NeighbourRow[] {
  const known = new Map<string, NeighbourRow>();
  for (const row of neighbours) {
    const key = `${row.kind} ${row.name}`;
    const before = known.get(key);
    known.set(key, before === undefined ? row : { ...row, ...addRed(before, row) });
  }
  return [...known.values()].sort((a, b) => b.requests - a.requests);
}

// What tells a version, the best first: a build has an id and mostly a number as well.
const versionKeys = ["service.version", "container.image.tag"];

function deploysOf(found: readonly Row[], range: Range): DeployRow[] {
  const all = deploys(found.map(versionRow), range, 0);
  const named = all.filter((row) => versionKeys.includes(row.key));
  return (named.length > 0 ? named : all).map(({ key, value, firstMs }) => ({
    key,
    value,
    first_ms: firstMs,
  }));
}

function targetKind(row: Row): NeighbourRow["kind"] {
  return wordOf(row, "target_kind", ["external", "service", "database", "messaging"]);
}

function operationRow(row: Row, range: Range): OperationRow {
  return { operation: text(row, "operation"), kind: wordOf(row, "kind", kinds), ...redOf(row, range) };
}

function exampleRow(row: Row): SpanExample {
  return {
    trace_id: text(row, "trace_id"),
    span_id: text(row, "span_id"),
    operation: text(row, "operation"),
    timestamp_ns: text(row, "start_ns"),
    duration_ns: number(row, "duration_ns"),
    status_code: wordOf(row, "status_code", statuses),
    status_message: text(row, "status_message"),
  };
}
