import { BpfError, type BpfMap } from "@go3s/bpf";
import type { LogWriter } from "@go3s/telemetry";
import type { MissingPart } from "../attach/observer-types.js";
import type { Batches } from "../export/batches.js";
import type { WallClock } from "../spans/clock.js";
import {
  type InnerSpan,
  newRequestParents,
  routineOfExchange,
  type ServedRequest,
} from "../spans/request-parents.js";
import { withoutColours } from "./colours.js";
import { type LevelColumn, newLevelColumn } from "./level-word.js";
import { type LineCutter, newLineCutter } from "./line-cutter.js";
import {
  type LogPiece,
  type LogProbe,
  type OpenedFile,
  openLogProbe,
  type WritingProcess,
} from "./log-probe.js";
import { type LogStream, logStreams, looksLikeLog, openedPath } from "./log-streams.js";
import { newRecordWriter, type Origin, type WrittenRecord } from "./record-writer.js";
import { type LineJoiner, newLineJoiner } from "./stack-lines.js";

/** LogOptions are the choices about processes' logs. */
export interface LogOptions {
  /** limit is how many pieces of up to 4 KiB, usually lines, one process may write in a second; 2000 when absent. */
  readonly limit?: number;
}

/** LoggingProcess is what must be known of a process. */
export interface LoggingProcess {
  readonly pid: number;
  /** named has its resource, which changes with its pod's labels. */
  readonly named: { readonly resource: Uint8Array };
  /** Offsets in runtime.g; undefined for what is no Go program. */
  readonly goid: number | undefined;
  readonly parentGoid: number | undefined;
  /** slot is that of the process's target where its threads say what they work for, else 0. */
  readonly slot: number;
}

/** ProcessLogs makes log records of what watched processes write to their logs. */
export interface ProcessLogs {
  /** sharedMaps are to be those of the probes on sockets, too; see LogProbe. */
  readonly sharedMaps: ReadonlyMap<string, BpfMap>;
  watch(process: LoggingProcess): void;
  unwatch(pid: number): void;
  exchangeDone(exchange: ServedRequest): void;
  /** spanDone is told every span that a program made itself. */
  spanDone(span: InnerSpan): void;
  /** flush gives what need not wait longer; call it a few times a second. `serving` has "tgid:goid" of open requests. */
  flush(serving: () => ReadonlySet<string>): void;
  /** scan looks for logs that were opened meanwhile; it reads /proc. */
  scan(): void;
  counts(): { readonly records: number; readonly dropped: Readonly<Record<string, number>> };
  close(): void;
}

const usualLimit = 2000;
// A line that has no end yet is told after this long, and so is what may be a stack trace's first line.
const silenceMs = 100;
const lineLimit = 256 * 1024;
// Goroutines and threads of a stream that have begun a record at once; with more, all are told as far as they are.
const mostWriters = 1000;

interface Stream {
  readonly process: LoggingProcess;
  readonly place: LogStream;
  readonly column: LevelColumn;
  /** writers are those who have begun something, by goroutine or thread: what two write at a time is mixed up in the stream, but not here. */
  readonly writers: Map<number, LineWriter>;
}

/** LineWriter is what a goroutine or thread has begun to write. */
interface LineWriter {
  readonly joiner: LineJoiner;
  readonly cutter: LineCutter;
  /** missing and origin are of the record that the joiner holds. */
  missing: number;
  origin: Origin;
  /** begun is the origin of the line that the cutter holds. */
  begun: Origin;
  touched: number;
}

interface Waiting extends WrittenRecord {
  readonly tgid: number;
  readonly routine: number;
  readonly parentRoutine: number;
  readonly startNs: number;
  readonly endNs: number;
}

/** openProcessLogs attaches the probe. Throws BpfError where the kernel does not allow it. */
export function openProcessLogs(
  options: LogOptions,
  out: { readonly batches: Batches<LogWriter>; readonly clock: WallClock },
): ProcessLogs {
  const processes = new Map<number, LoggingProcess>();
  const streams = new Map<string, Stream>();
  let records = 0;
  let last = { limited: 0, full: 0 };
  let gone = 0;
  const write = newRecordWriter(out);
  const parents = newRequestParents<Waiting>((item, parent) => {
    records++;
    write(item, parent);
  });
  const keyOf = (pid: number, fd: number): string => `${pid}:${fd}`;

  const emit = (stream: Stream, text: string, origin: Origin, missing: number): void => {
    const item: Waiting = {
      stream,
      text,
      origin,
      missing,
      tgid: stream.process.pid,
      routine: origin.exchange === 0 ? origin.goid : routineOfExchange(origin.exchange),
      parentRoutine: origin.parentGoid,
      startNs: origin.ns,
      endNs: origin.ns,
    };
    parents.wait(item);
  };
  const line = (stream: Stream, from: LineWriter, raw: string, origin: Origin, missing: number): void => {
    const text = withoutColours(raw);
    const over = from.joiner.take(text);
    // The last of them may be this line itself, when it stands alone.
    const alone = over.at(-1) === text && !from.joiner.holds() ? over.pop() : undefined;
    const before = from.origin;
    for (const each of over) {
      emit(stream, each, before, from.missing);
      from.missing = 0;
    }
    if (alone !== undefined) {
      emit(stream, alone, origin, missing);
      from.origin = nowhere;
      return;
    }
    from.missing += missing;
    if (over.length > 0 || before.ns === 0) from.origin = origin;
  };
  const settle = (stream: Stream, from: LineWriter): void => {
    from.cutter.rest((text, missing) => line(stream, from, text, from.begun, missing));
    for (const each of from.joiner.rest()) emit(stream, each, from.origin, from.missing);
    from.missing = 0;
    from.origin = nowhere;
  };
  const settleAll = (stream: Stream): void => {
    for (const from of stream.writers.values()) settle(stream, from);
    stream.writers.clear();
  };
  const take = (piece: LogPiece): void => {
    const stream = streams.get(keyOf(piece.tgid, piece.fd));
    if (stream === undefined) return;
    const { ns, goid, parentGoid, tid, exchange } = piece;
    const who = goid === 0 ? tid : goid;
    let from = stream.writers.get(who);
    if (from === undefined) {
      from = newLineWriter();
      stream.writers.set(who, from);
    }
    from.touched = performance.now();
    const origin: Origin = { ns, goid, parentGoid, tid, exchange };
    const known = from;
    known.cutter.take(piece, (text, missing) => {
      line(stream, known, text, known.begun.ns === 0 ? origin : known.begun, missing);
      known.begun = nowhere;
    });
    if (known.begun.ns === 0 && known.cutter.holds()) known.begun = origin;
    // Most goroutines write one line, whole, and never again.
    if (!from.cutter.holds() && !from.joiner.holds()) stream.writers.delete(who);
    else if (stream.writers.size > mostWriters) settleAll(stream);
  };
  const writingOf = ({ goid = 0, parentGoid = 0, slot }: LoggingProcess): WritingProcess => ({
    goid,
    parentGoid,
    slot,
  });
  const begin = (process: LoggingProcess, place: LogStream): void => {
    const name = keyOf(process.pid, place.fd);
    const before = streams.get(name);
    if (before !== undefined) settleAll(before);
    streams.set(name, { process, place, column: before?.column ?? newLevelColumn(), writers: new Map() });
  };
  const opened = ({ tgid, fd, name }: OpenedFile): void => {
    const process = processes.get(tgid);
    const path = openedPath(tgid, name);
    if (process !== undefined && looksLikeLog(path)) begin(process, { fd, stream: "", path });
    else probe.unwatch(tgid, fd);
  };
  const probe: LogProbe = openLogProbe(options.limit ?? usualLimit, { piece: take, opened });

  const look = (process: LoggingProcess): void => {
    // What was opened meanwhile is known by its own record.
    probe.drain();
    const places = logStreams(process.pid);
    for (const place of places) {
      if (streams.get(keyOf(process.pid, place.fd))?.place.path === place.path) continue;
      begin(process, place);
      probe.watch(process.pid, place.fd, writingOf(process), place.stream === "");
    }
    const open = new Set(places.map(({ fd }) => fd));
    for (const [name, stream] of streams) {
      const { fd } = stream.place;
      if (stream.process.pid !== process.pid || open.has(fd)) continue;
      settleAll(stream);
      probe.unwatch(process.pid, fd);
      streams.delete(name);
    }
  };
  const count = (): void => {
    last = probe.dropped(processes.keys());
  };

  return {
    sharedMaps: probe.shared,
    watch(process) {
      processes.set(process.pid, process);
      probe.enter(process.pid, writingOf(process));
      look(process);
    },
    unwatch(pid) {
      if (!processes.has(pid)) return;
      probe.leave(pid);
      probe.drain();
      gone += probe.dropped([pid]).limited;
      processes.delete(pid);
      for (const [name, stream] of streams) {
        if (stream.process.pid !== pid) continue;
        settleAll(stream);
        probe.unwatch(pid, stream.place.fd);
        streams.delete(name);
      }
    },
    exchangeDone: (exchange) => parents.exchangeDone(exchange),
    spanDone: (span) => parents.spanDone(span),
    flush(serving) {
      const now = performance.now();
      for (const stream of streams.values()) {
        for (const [who, from] of stream.writers) {
          if (now - from.touched <= silenceMs) continue;
          settle(stream, from);
          stream.writers.delete(who);
        }
      }
      let known: ReadonlySet<string> | undefined;
      parents.settle(Number(process.hrtime.bigint()), (tgid, routine) => {
        known ??= serving();
        return known.has(`${tgid}:${routine}`);
      });
    },
    scan() {
      for (const process of processes.values()) look(process);
      count();
    },
    counts: () => ({
      records,
      dropped: { "log-rate-limit": last.limited + gone, "log-ring-full": last.full },
    }),
    close() {
      probe.drain();
      count();
      for (const stream of streams.values()) settleAll(stream);
      parents.flush();
      probe.close();
      streams.clear();
    },
  };
}

/** tryProcessLogs opens them when they are asked for; what the kernel refuses is told as missing. */
export function tryProcessLogs(
  options: LogOptions | undefined,
  out: { readonly batches: Batches<LogWriter>; readonly clock: WallClock },
): { readonly logs: ProcessLogs | undefined; readonly missing: readonly MissingPart[] } {
  if (options === undefined) return { logs: undefined, missing: [] };
  try {
    return { logs: openProcessLogs(options, out), missing: [] };
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const missing = {
      what: "what processes write to their logs",
      why: error.message,
      hint: error.hint ?? "",
    };
    return { logs: undefined, missing: [missing] };
  }
}

const nowhere: Origin = { ns: 0, goid: 0, parentGoid: 0, tid: 0, exchange: 0 };

function newLineWriter(): LineWriter {
  return {
    joiner: newLineJoiner(),
    cutter: newLineCutter(lineLimit),
    missing: 0,
    origin: nowhere,
    begun: nowhere,
    touched: 0,
  };
}
