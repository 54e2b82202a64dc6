import {
  type BpfMap,
  type Layout,
  type LoadedObject,
  layoutByName,
  MapType,
  PerfBufferReader,
  RingBufferReader,
} from "@go3s/bpf";
import type { TelemetryDeclaration } from "@go3s/lang";
import { encodeProtobuf, InstrumentationScope, LogWriter, SpanWriter } from "@go3s/telemetry";
import { AgentError } from "../errors.js";
import { newBatches } from "../export/batches.js";
import type { Exporter } from "../export/exporter.js";
import { openWallClock } from "../spans/clock.js";
import { version } from "../version.js";
import { type DeclaredMap, declarationsOf } from "./declarations.js";
import { newEventLog } from "./event-log.js";
import { newEventMetric } from "./event-metric.js";
import type { EventSink } from "./event-sink.js";
import { newEventSpans, type SpanCounts } from "./event-span.js";
import { newMapMetric } from "./map-metric.js";
import type { MetricSource } from "./metric-source.js";
import { collectMetrics, unixNow } from "./metrics-request.js";
import { newResources } from "./resources.js";

/** DeclaredOptions are the choices of exportDeclared. */
export interface DeclaredOptions {
  /** probe names the program: the service of what no process stands for, and the scope. */
  readonly probe: string;
  readonly exporter: Exporter;
  /** every is the milliseconds between two points of a metric; 5000 when absent. */
  readonly every?: number;
}

/** DeclaredReport counts what a probe's annotations gave. */
export interface DeclaredReport {
  readonly probe: string;
  /** becomes tells each annotated map and the signals it is exported as. */
  readonly becomes: readonly string[];
  readonly spans: number;
  readonly logs: number;
  readonly points: number;
  /** dropped counts events by reason: "sampled-out", "perf-lost", "short-record". */
  readonly dropped: Readonly<Record<string, number>>;
}

/** DeclaredExport exports what a loaded object's annotations say until it is closed. */
export interface DeclaredExport {
  report(): DeclaredReport;
  /** close reads what is there once more and hands it to the exporter, which stays the caller's. */
  close(): void;
}

const flushMs = 200;
const clockMs = 60_000;

interface Buffer {
  readonly size: number;
  readonly sinks: EventSink[];
}

/**
 * exportDeclared makes OpenTelemetry of a loaded object's maps and events, as the annotations in its BTF say.
 * Throws AgentError `no-annotation` when there are none, `bad-annotation` for broken ones.
 */
export function exportDeclared(object: LoadedObject, options: DeclaredOptions): DeclaredExport {
  const btf = object.types;
  const declared = btf === undefined ? [] : declarationsOf(btf);
  if (btf === undefined || declared.length === 0) {
    throw new AgentError("no-annotation", `${options.probe} says of no map or event what it becomes`, {
      hint: "put // @Go3sMetric(…), // @Go3sLog(…) or // @Go3sTrace(…) before one; docs/annotations.md shows how",
    });
  }
  const { probe, exporter } = options;
  const clock = openWallClock();
  const resources = newResources(probe);
  const scope = encodeProtobuf(InstrumentationScope, { name: `go3s.probe.${probe}`, version });
  const spans = newBatches("traces", () => new SpanWriter(), scope, exporter);
  const logs = newBatches("logs", () => new LogWriter(), scope, exporter);
  const spanCounts: SpanCounts = { spans: 0, sampledOut: 0 };
  const buffers = new Map<string, Buffer>();
  const metrics: MetricSource[] = [];
  const counts = { logs: 0, points: 0, short: 0 };

  const sinkOf = ({ map, declaration }: DeclaredMap, layout: Layout): EventSink => {
    if (declaration.signal === "trace")
      return newEventSpans(declaration, layout, { batches: spans, clock, resources }, spanCounts);
    if (declaration.signal === "log") {
      const sink = newEventLog(declaration, layout, map, { batches: logs, clock, resources });
      return {
        take(view, at) {
          counts.logs++;
          sink.take(view, at);
        },
      };
    }
    const metric = newEventMetric(declaration, layout, resources);
    metrics.push(metric);
    return metric;
  };
  for (const each of declared) {
    const map = object.map(each.map);
    if (each.declaration.record !== "") {
      const layout = layoutByName(btf, each.declaration.record);
      const buffer = buffers.get(each.map) ?? { size: layout.size, sinks: [] };
      buffers.set(each.map, buffer);
      buffer.sinks.push(sinkOf(each, layout));
    } else if (each.declaration.signal === "metric") {
      metrics.push(newMapMetric(each.declaration, map, btf, resources));
    }
  }
  const readers: EventReader[] = [...buffers].map(([name, { size, sinks }]) =>
    openReader(object.map(name), (view, at, length) => {
      if (length < size) counts.short++;
      else for (const sink of sinks) sink.take(view, at);
    }),
  );

  const becomes = declared.map(({ map, declaration }) => `${map}: ${becomesText(declaration)}`);
  const start = unixNow();
  const collect = (): void => {
    const { request, points } = collectMetrics(metrics, { name: `go3s.probe.${probe}`, version }, start);
    if (points === 0) return;
    counts.points += points;
    exporter.send("metrics", request, points);
  };
  const flush = (): void => {
    spans.flush();
    logs.flush();
  };
  const timers = [
    setInterval(flush, flushMs),
    setInterval(collect, options.every ?? 5000),
    setInterval(() => clock.adjust(), clockMs),
  ];
  for (const reader of readers) reader.start();
  let closed = false;

  return {
    report: () => ({
      probe,
      becomes,
      spans: spanCounts.spans,
      logs: counts.logs,
      points: counts.points,
      dropped: nonZero({
        "sampled-out": spanCounts.sampledOut,
        "perf-lost": readers.reduce((sum, each) => sum + each.lost(), 0),
        "short-record": counts.short,
      }),
    }),
    close() {
      if (closed) return;
      closed = true;
      for (const timer of timers) clearInterval(timer);
      for (const reader of readers) {
        reader.drain();
        reader.close();
      }
      flush();
      collect();
    },
  };
}

/** EventReader is a ring buffer's or a perf event array's reader. */
interface EventReader {
  start(): void;
  drain(): number;
  lost(): number;
  close(): void;
}

function openReader(map: BpfMap, take: (view: DataView, at: number, length: number) => void): EventReader {
  const isPerf = map.spec.type === MapType.BPF_MAP_TYPE_PERF_EVENT_ARRAY;
  if (isPerf) {
    const reader = new PerfBufferReader(map, (memory, offset, length) => take(memory.view, offset, length));
    return {
      start: () => reader.start(),
      drain: () => reader.drain(),
      lost: () => reader.counts().lost,
      close: () => reader.close(),
    };
  }
  const reader = new RingBufferReader(map, (memory, offset, length) => take(memory.view, offset, length));
  return {
    start: () => reader.start(),
    drain: () => reader.drain(),
    lost: () => 0,
    close: () => reader.close(),
  };
}

function becomesText(declaration: TelemetryDeclaration): string {
  switch (declaration.signal) {
    case "metric":
      return `metric ${declaration.name} (${declaration.type})`;
    case "log":
      return `log records (${declaration.level})`;
    default:
      return `spans "${declaration.span}"`;
  }
}

const nonZero = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
