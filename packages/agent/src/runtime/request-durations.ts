import type { Exemplar, Input, KeyValue } from "@go3s/telemetry";
import { type Exponential, newExponential } from "../declared/exponential.js";
import { Role } from "../events/layout.js";
import { weightOf } from "../sampling/threshold.js";
import type { Nanos, WallClock } from "../spans/clock.js";
import type { Exchange } from "../spans/exchange.js";
import { idLayout } from "../spans/ids.js";
import type { MetricName } from "./metric-rows.js";
import type { PointList } from "./point-list.js";

/** Timed is a finished request or call; one that is not said to have a parent here, or a threshold, has none. */
export type Timed = Pick<Exchange, "tgid" | "role" | "status" | "startNs" | "endNs"> &
  Partial<Pick<Exchange, "hasParent" | "remoteParent" | "threshold">> & {
    readonly ids: Uint8Array;
  };

/** Untold is what sampling left out of a process's requests since it is watched. */
export interface Untold {
  readonly requests: number;
  /** errorsTold: none of them was answered with 500 or above. */
  readonly errorsTold: boolean;
}

/** DurationSeries is the histogram of the requests of one service, route and status. */
export interface DurationSeries {
  /** add counts a finished exchange; the slowest since the last export becomes the exemplar. */
  add(exchange: Timed): void;
}

/** DurationKey is what tells series of one process apart. */
export interface DurationKey {
  readonly method: string;
  /** secure: it came by TLS. */
  readonly secure: boolean;
  /** route is empty where it is unknown. */
  readonly route: string;
  /** failure is an error.type, empty for a request that came to its end. */
  readonly failure: string;
}

/** CallKey is what tells series of gRPC calls of one process apart. */
export interface CallKey {
  /** method is the full name, "shop.Orders/Get". */
  readonly method: string;
  /** code is the name of the status, empty where it is unknown. */
  readonly code: string;
  /** failure is an error.type, empty where the conventions see none. */
  readonly failure: string;
}

/** QueryKey is what tells series of one process's database operations apart; what is unknown is empty, a port 0. */
export interface QueryKey {
  readonly system: string;
  readonly namespace: string;
  readonly operation: string;
  readonly collection: string;
  readonly summary: string;
  /** code is the database's own word for how it went. */
  readonly code: string;
  /** failure is an error.type, empty for an operation that went well. */
  readonly failure: string;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** MessageKey is what tells series of one process's messages apart; what is unknown is empty. */
export interface MessageKey {
  readonly topic: string;
  readonly group: string;
  /** failure is an error.type, empty for a message that its consumer was done with. */
  readonly failure: string;
}

/**
 * RequestDurations makes http.server.request.duration, rpc.server.call.duration and their client counterparts,
 * db.client.operation.duration, and messaging.process.duration.
 */
export interface RequestDurations {
  /** series gives the histogram that an exchange belongs to. */
  series(exchange: Timed, key: DurationKey): DurationSeries;
  /** calls gives the histogram that a gRPC call belongs to. */
  calls(call: Timed, key: CallKey): DurationSeries;
  /** queries gives the histogram that a database operation belongs to. */
  queries(query: Timed, key: QueryKey): DurationSeries;
  /** messages gives the histogram that a message belongs to. */
  messages(message: Timed, key: MessageKey): DurationSeries;
  /**
   * tell puts a process's histograms that changed into a list. They count all requests: what was told since the last time stands for
   * what was left out meanwhile, and what was done for a request as often as that does.
   */
  tell(tgid: number, points: PointList, untold?: Untold): void;
  forget(tgid: number): void;
}

interface Series extends DurationSeries {
  readonly metric: MetricName;
  readonly attributes: readonly KeyValue[];
  /** isServed: it counts what the process was asked, whose number is known also where it is not told. */
  readonly isServed: boolean;
  readonly isError: boolean;
  /** recent are those since the last export that stand for others, histogram has all before and those that do not. */
  readonly recent: Exponential;
  readonly histogram: Exponential;
  /** added counts what came since the last export. */
  added: number;
  /** addedRecent counts those of them that are in `recent`. */
  addedRecent: number;
  exemplar(): Input<Exemplar>;
}

interface Process {
  readonly series: Map<string, Series>;
  /** untold is how many of those that were left out the histograms count. */
  untold: number;
}

// A service whose routes are not known by pattern, or that is scanned for methods, must not fill the store: what is beyond
// goes into one series, as OpenTelemetry's SDKs do it (otel.metric.overflow).
const seriesLimit = 1000;
const overflow: KeyValue[] = [{ key: "otel.metric.overflow", value: { boolValue: true } }];

/** newRequestDurations counts nothing yet; `clock` gives exemplars their time. */
export function newRequestDurations(clock: WallClock): RequestDurations {
  const processes = new Map<number, Process>();

  const find = (timed: Timed, name: string, metric: MetricName, attributes: () => KeyValue[]): Series => {
    let process = processes.get(timed.tgid);
    if (process === undefined) {
      process = { series: new Map(), untold: 0 };
      processes.set(timed.tgid, process);
    }
    const { series: known } = process;
    const found = known.get(name);
    if (found !== undefined) return found;
    const isFull = known.size >= seriesLimit;
    const place = isFull ? `${metric} overflow` : name;
    const made =
      known.get(place) ??
      newSeries(
        { metric, attributes: isFull ? overflow : attributes(), isError: timed.status >= 500 },
        clock,
      );
    known.set(place, made);
    return made;
  };

  /** settle has what was told since the last time stand for what was left out. */
  const settle = (process: Process, { requests, errorsTold }: Untold): void => {
    let told = 0;
    let errors = 0;
    for (const { isServed, isError, addedRecent } of process.series.values()) {
      if (isServed) told += addedRecent;
      if (isServed && isError && errorsTold) errors += addedRecent;
    }
    const left = Math.max(0, requests - process.untold);
    const others = told - errors;
    // Where nothing was told that could stand for them they wait for what is.
    if (others > 0) process.untold = Math.max(process.untold, requests);
    const added = others > 0 ? left : 0;
    for (const series of process.series.values()) {
      const { isServed, isError, recent, histogram } = series;
      if (series.addedRecent === 0) continue;
      series.addedRecent = 0;
      // What was asked for an error that is told all the same is not.
      const alone = isServed && isError && errorsTold;
      recent.moveTo(histogram, alone || others === 0 ? 1 : (others + added) / others);
    }
  };

  return {
    series(exchange, key) {
      const metric =
        exchange.role === Role.server ? "http.server.request.duration" : "http.client.request.duration";
      const scheme = key.secure ? "s" : "";
      const name = `${exchange.role}${scheme} ${key.method} ${exchange.status} ${key.failure} ${key.route}`;
      return find(exchange, name, metric, () => attributesOf(exchange, key));
    },
    calls(call, key) {
      const metric = call.role === Role.server ? "rpc.server.call.duration" : "rpc.client.call.duration";
      const name = `${call.role}rpc ${key.code} ${key.failure} ${key.method}`;
      return find(call, name, metric, () => attributesOfCall(key));
    },
    queries(query, key) {
      const { system, namespace, operation, collection, summary, code, failure, serverAddress, serverPort } =
        key;
      const what = summary === "" ? `${operation} ${collection}` : summary;
      const name = `db ${system} ${code} ${failure} ${serverPort} ${serverAddress} ${namespace} ${what}`;
      return find(query, name, "db.client.operation.duration", () => attributesOfQuery(key));
    },
    messages(message, key) {
      const name = `messages ${key.failure} ${key.topic} ${key.group}`;
      return find(message, name, "messaging.process.duration", () => attributesOfMessage(key));
    },
    tell(tgid, points, untold = noneUntold) {
      const process = processes.get(tgid);
      if (process === undefined) return;
      settle(process, untold);
      for (const series of process.series.values()) {
        if (series.added === 0) continue;
        const { attributes } = series;
        points.exponential(series.metric, {
          ...series.histogram.point(),
          attributes,
          exemplars: [series.exemplar()],
        });
        series.added = 0;
      }
    },
    forget: (tgid) => void processes.delete(tgid),
  };
}

const noneUntold: Untold = { requests: 0, errorsTold: false };

const served: ReadonlySet<MetricName> = new Set([
  "http.server.request.duration",
  "rpc.server.call.duration",
  "messaging.process.duration",
]);

const text = (key: string, value: string): KeyValue => ({ key, value: { stringValue: value } });

// The names of https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/ (release candidate, 1.40).
function attributesOfCall({ method, code, failure }: CallKey): KeyValue[] {
  const attributes = [text("rpc.system.name", "grpc")];
  if (method !== "") attributes.push(text("rpc.method", method));
  if (code !== "") attributes.push(text("rpc.response.status_code", code));
  if (failure !== "") attributes.push(text("error.type", failure));
  return attributes;
}

// The names of https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/ (development, 1.40).
function attributesOfMessage({ topic, group, failure }: MessageKey): KeyValue[] {
  const attributes = [text("messaging.operation.name", "process"), text("messaging.system", "kafka")];
  if (topic !== "") attributes.push(text("messaging.destination.name", topic));
  if (group !== "") attributes.push(text("messaging.consumer.group.name", group));
  if (failure !== "") attributes.push(text("error.type", failure));
  return attributes;
}

// The names of https://opentelemetry.io/docs/specs/semconv/db/database-metrics/ (stable).
function attributesOfQuery(key: QueryKey): KeyValue[] {
  const texts = [
    ["db.system.name", key.system],
    ["db.namespace", key.namespace],
    ["db.operation.name", key.operation],
    ["db.collection.name", key.collection],
    ["db.query.summary", key.summary],
    ["db.response.status_code", key.code],
    ["error.type", key.failure],
    ["server.address", key.serverAddress],
  ] as const;
  const attributes = texts.filter(([, value]) => value !== "").map(([name, value]) => text(name, value));
  if (key.serverPort > 0)
    attributes.push({ key: "server.port", value: { intValue: BigInt(key.serverPort) } });
  return attributes;
}

function attributesOf(exchange: Timed, { method, route, failure, secure }: DurationKey): KeyValue[] {
  const attributes = [text("http.request.method", method), text("url.scheme", secure ? "https" : "http")];
  if (route !== "") attributes.push(text("http.route", route));
  if (exchange.status > 0)
    attributes.push({ key: "http.response.status_code", value: { intValue: BigInt(exchange.status) } });
  // The same rule as for spans: what a client did wrong is no error of the server's.
  const bad = exchange.status >= (exchange.role === Role.server ? 500 : 400);
  if (failure !== "" || bad)
    attributes.push(text("error.type", failure !== "" ? failure : String(exchange.status)));
  return attributes;
}

function newSeries(
  { metric, attributes, isError }: Pick<Series, "metric" | "attributes" | "isError">,
  clock: WallClock,
): Series {
  const recent = newExponential();
  const histogram = newExponential();
  const isServed = served.has(metric);
  const ids = Buffer.alloc(idLayout.size);
  const time: Nanos = { lo: 0, hi: 0 };
  let slowest = -1;
  let slowestEnd = 0;
  const series: Series = {
    metric,
    attributes,
    isServed,
    isError,
    recent,
    histogram,
    added: 0,
    addedRecent: 0,
    add(exchange) {
      const ns = Math.max(0, exchange.endNs - exchange.startNs);
      const { hasParent = false, remoteParent = false, threshold = 0 } = exchange;
      if (isServed || (hasParent && !remoteParent)) {
        recent.add(ns / 1e9);
        series.addedRecent++;
      } else histogram.add(ns / 1e9, weightOf(threshold));
      if (series.added++ > 0 && ns <= slowest) return;
      slowest = ns;
      slowestEnd = exchange.endNs;
      ids.set(exchange.ids);
    },
    exemplar() {
      clock.toUnix(slowestEnd, time);
      return {
        asDouble: slowest / 1e9,
        timeUnixNano: (BigInt(time.hi) << 32n) | BigInt(time.lo),
        traceId: ids.toString("hex", idLayout.trace, idLayout.trace + 16),
        spanId: ids.toString("hex", idLayout.span, idLayout.span + 8),
      };
    },
  };
  return series;
}
