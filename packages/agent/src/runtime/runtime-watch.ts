import { statSync } from "node:fs";
import { uptime } from "node:os";
import { BinaryError } from "@go3s/binary";
import { BpfError } from "@go3s/bpf";
import {
  decodeProtobuf,
  ExportMetricsServiceRequest,
  encodeProtobuf,
  type Input,
  type LogWriter,
  Resource,
  type ResourceMetrics,
} from "@go3s/telemetry";
import { keptPrograms, newKept } from "../discovery/kept.js";
import type { Observed } from "../discovery/registry.js";
import type { Batches } from "../export/batches.js";
import type { Exporter } from "../export/exporter.js";
import type { ConnectionWatch } from "../tcp/connection-watch.js";
import { version } from "../version.js";
import { newGoReader } from "./go-figures.js";
import { type GoLayout, readGoLayout } from "./go-layout.js";
import { type GoRuntime, newGoRuntime } from "./go-runtime.js";
import { loadBias } from "./load-bias.js";
import { logLongPauses } from "./pause-log.js";
import { newPointList, type PointList, textAttributes } from "./point-list.js";
import { readProcessFigures } from "./process-figures.js";
import type { RequestDurations } from "./request-durations.js";

/** RuntimeWatchOptions are what the watch needs from around it. */
export interface RuntimeWatchOptions {
  readonly exporter: Exporter;
  readonly logs: Batches<LogWriter>;
  readonly durations: RequestDurations;
  readonly connections: Pick<ConnectionWatch, "watch" | "tell" | "forget">;
  /** untold counts the requests of a process that sampling left out since it is watched. */
  readonly untold: (pid: number) => number;
  /** onLost hears what cannot be told of a process, once. */
  readonly onLost?: (pid: number, lost: readonly string[]) => void;
}

/** RuntimeWatch tells watched processes' figures as metrics. */
export interface RuntimeWatch {
  watch(process: Observed): void;
  unwatch(pid: number): void;
  /** tick reads everything and sends it; once a second. */
  tick(): void;
  /** look samples the Go schedulers' run queues; ten times a second. */
  look(): void;
  /** points counts what was sent. */
  readonly points: number;
}

interface Watched {
  readonly process: Observed;
  /** resource is decoded of `encoded`; another one when its pod's labels change. */
  resource: Resource;
  encoded: Uint8Array;
  readonly startNs: bigint;
  readonly sinceNs: bigint;
  readonly points: PointList;
  go: GoRuntime | undefined;
  /** isRead: the program's layout was looked for. */
  isRead: boolean;
}

const userMode = textAttributes({ "cpu.mode": "user" });
const systemMode = textAttributes({ "cpu.mode": "system" });
const ticksPerSecond = 100;
// Layouts of programs are read between two ticks, for at most this long: attaching and records go first.
const layoutMs = 50;

const unixNow = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** newRuntimeWatch watches nothing yet. */
export function newRuntimeWatch(options: RuntimeWatchOptions): RuntimeWatch {
  const { exporter, durations, connections } = options;
  const watched = new Map<number, Watched>();
  // Processes that ended since the last tick: their last requests are still to be told.
  const leaving: Watched[] = [];
  const layouts = newKept<{ readonly layout: GoLayout | undefined }>(keptPrograms);
  let points = 0;

  const layoutOf = ({ facts, executable }: Observed): GoLayout | undefined => {
    const known = layouts.get(executable.key);
    if (known !== undefined) return known.layout;
    let layout: GoLayout | undefined;
    try {
      layout = readGoLayout(`/proc/${facts.pid}/exe`);
    } catch (error) {
      if (!(error instanceof BinaryError)) throw error;
      options.onLost?.(facts.pid, [`Go runtime metrics: ${error.message}`]);
    }
    layouts.set(executable.key, { layout });
    return layout;
  };

  /** begin finds out how a Go process is read. What it lacks is told and costs those figures alone. */
  const begin = (each: Watched): void => {
    each.isRead = true;
    const { process } = each;
    const { pid } = process.facts;
    if (!process.executable.isGo) return;
    const layout = layoutOf(process);
    if (layout === undefined || layout.globals.size === 0) {
      if (layout !== undefined) options.onLost?.(pid, layout.lost);
      return;
    }
    try {
      const bias = loadBias(pid, layout, statSync(`/proc/${pid}/exe`).ino);
      if (bias === undefined) return;
      each.go = newGoRuntime(newGoReader(pid, layout, bias));
      if (layout.lost.length > 0) options.onLost?.(pid, layout.lost);
    } catch {
      // It ended meanwhile; its exit event is on the way.
    }
  };

  /** tellDurations counts what was left out, too. */
  const tellDurations = (pid: number, { process, points: list }: Watched): void =>
    durations.tell(pid, list, {
      requests: options.untold(pid),
      errorsTold: process.spans.errorsTold === true,
    });

  const tellProcess = (pid: number, list: PointList): void => {
    const figures = readProcessFigures(pid);
    if (figures === undefined) return;
    list.add("process.cpu.time", figures.userSeconds, userMode, false);
    list.add("process.cpu.time", figures.systemSeconds, systemMode, false);
    list.add("process.memory.usage", figures.residentBytes);
    list.add("process.memory.virtual", figures.virtualBytes);
    list.add("process.thread.count", figures.threads);
    list.add("process.unix.file_descriptor.count", figures.descriptors);
  };

  /** reading does what reads a process's memory; when that is refused, it is not tried again. */
  const reading = (each: Watched, read: (go: GoRuntime) => void): void => {
    if (each.go === undefined) return;
    try {
      read(each.go);
    } catch (error) {
      if (!(error instanceof BpfError)) throw error;
      each.go = undefined;
      options.onLost?.(each.process.facts.pid, [`Go runtime metrics: ${error.message}`]);
    }
  };

  const tellGo = (each: Watched): void =>
    reading(each, (go) => {
      const pauses = go.tell(each.points) ?? [];
      if (pauses.length > 0) logLongPauses(pauses, each.process.spans.resource, options.logs);
    });

  return {
    get points() {
      return points;
    },
    watch(process) {
      const { pid, startTicks } = process.facts;
      const ageMs = Math.max(0, uptime() - startTicks / ticksPerSecond) * 1000;
      connections.watch(pid);
      watched.set(pid, {
        process,
        resource: decodeProtobuf(Resource, process.spans.resource),
        encoded: process.spans.resource,
        startNs: BigInt(Math.round(Date.now() - ageMs)) * 1_000_000n,
        sinceNs: unixNow(),
        points: newPointList(),
        go: undefined,
        isRead: false,
      });
    },
    unwatch(pid) {
      const each = watched.get(pid);
      if (each === undefined) return;
      watched.delete(pid);
      tellDurations(pid, each);
      durations.forget(pid);
      connections.tell(pid, each.points);
      connections.forget(pid);
      leaving.push(each);
    },
    look() {
      for (const each of watched.values()) reading(each, (go) => go.look());
    },
    tick() {
      const now = unixNow();
      const until = performance.now() + layoutMs;
      const resourceMetrics: Input<ResourceMetrics>[] = [];
      let sent = 0;
      const take = (each: Watched): void => {
        const taken = each.points.take(each.startNs, each.sinceNs, now);
        if (taken.points === 0) return;
        sent += taken.points;
        const encoded = each.process.spans.resource;
        if (each.encoded !== encoded) each.resource = decodeProtobuf(Resource, encoded);
        each.encoded = encoded;
        resourceMetrics.push({
          resource: each.resource,
          scopeMetrics: [{ scope: { name: "go3s.agent", version }, metrics: taken.metrics }],
        });
      };
      for (const each of leaving.splice(0)) take(each);
      for (const [pid, each] of watched) {
        if (!each.isRead && performance.now() < until) begin(each);
        tellProcess(pid, each.points);
        tellGo(each);
        tellDurations(pid, each);
        connections.tell(pid, each.points);
        take(each);
      }
      if (sent === 0) return;
      points += sent;
      exporter.send("metrics", encodeProtobuf(ExportMetricsServiceRequest, { resourceMetrics }), sent);
    },
  };
}
