import { BinaryError } from "@go3s/binary";
import {
  BpfError,
  isStaleProcess,
  type Link,
  RingBufferReader,
  type RingMemory,
  typedMap,
  withFile,
} from "@go3s/bpf";
import type { SpanWriter } from "@go3s/telemetry";
import { AgentError } from "../errors.js";
import { Role } from "../events/layout.js";
import type { Batches } from "../export/batches.js";
import type { WallClock } from "../spans/clock.js";
import { type InnerSpan, newRequestParents, type ServedRequest } from "../spans/request-parents.js";
import { type CallEvent, type CapturedAttribute, type FunctionCall, newCallTracker } from "./calls.js";
import type { Capture } from "./capture.js";
import { chooseWithin } from "./estimate.js";
import { attachAll, linkTo } from "./function-links.js";
import { newFunctionSpanWriter } from "./function-spans.js";
import { newFunctionTimes } from "./function-times.js";
import { hitCounts } from "./hit-counts.js";
import { biasOf, type ObservedProgram, openProgram, typesOf } from "./observed-program.js";
import { parsePattern } from "./pattern.js";
import type { FunctionPlan } from "./plan.js";
import { EventKind, type FunctionMode, headSize } from "./source.js";
import { typeAt, typeOfTable } from "./type-words.js";
import { type CapturedError, errorOf, leafValue, type NameOfTable } from "./values.js";

/** FunctionOptions say which functions are observed, and how. */
export interface FunctionOptions {
  /** patterns as `--func` takes them: names, packages, file.go:123. */
  readonly patterns: readonly string[];
  /** mode: a span for each call, or a histogram of the calls' times. */
  readonly mode: FunctionMode;
  /** limit is how many calls a second may be told; hotter functions are left out or let go. */
  readonly limit: number;
  /** onNote takes what cannot be observed and what it costs, for people. */
  readonly onNote?: (text: string) => void;
  /** onSource takes the generated program of each executable. */
  readonly onSource?: (text: string) => void;
  /** onAttached is told when a process's functions are in place. */
  readonly onAttached?: (pid: number, functions: readonly string[]) => void;
}

/** WatchedProgram is what the observer must know of a process. */
export interface WatchedProgram {
  readonly pid: number;
  /** key names the program file for ever. */
  readonly key: string;
  /** named has its resource, which changes with its pod's labels. */
  readonly named: { readonly resource: Uint8Array };
}

/** FunctionObserver owns the probes on functions. */
export interface FunctionObserver {
  watch(program: WatchedProgram): void;
  unwatch(pid: number): void;
  exchangeDone(exchange: ServedRequest): void;
  /** spanDone is told every span that a program made itself. */
  spanDone(span: InnerSpan): void;
  /** flush writes what need not wait longer; call it a few times a second. `serving` has "tgid:goid" of open requests. */
  flush(serving: () => ReadonlySet<string>): void;
  /** metrics of the histogram mode as an OTLP request; undefined when there are none. */
  metrics(): { readonly request: Uint8Array; readonly points: number } | undefined;
  counts(): {
    readonly spans: number;
    readonly probes: number;
    readonly dropped: Readonly<Record<string, number>>;
  };
  close(): void;
}

// How long calls are only counted before the probes are attached.
const countMs = 200;
const shedMs = 500;
// A program that makes types as it runs is rare; those that are not kept are read again.
const mostTypes = 4096;

interface Attached {
  readonly program: ObservedProgram;
  readonly named: WatchedProgram["named"];
  /** links by the function's id; 0 has those that tell how goroutines unwind. */
  readonly links: Map<number, Link[]>;
  /** bias is added to the file's addresses in this process. */
  readonly bias: number;
  /** types are the names of types that were seen behind interfaces. */
  readonly types: Map<number, string>;
}

interface Loaded {
  readonly program: ObservedProgram | undefined;
  readonly reader: RingBufferReader | undefined;
  readonly byId: ReadonlyMap<number, FunctionPlan>;
  readonly seen: Map<number, number>;
}

/** observeFunctions begins with nothing attached. Throws AgentError "bad-pattern". */
export function observeFunctions(
  options: FunctionOptions,
  out: { readonly batches: Batches<SpanWriter>; readonly clock: WallClock },
): FunctionObserver {
  const patterns = options.patterns.map((text) => parsePattern(text));
  const loaded = new Map<string, Loaded>();
  const attached = new Map<number, Attached>();
  const waiting = new Map<number, NodeJS.Timeout>();
  const noted = new Set<string>();
  const writer = newFunctionSpanWriter(out.batches, out.clock);
  const times = newFunctionTimes();
  let spans = 0;
  let shedAt = performance.now();
  let lastDropped = 0;

  const note = (text: string): void => {
    if (noted.has(text)) return;
    noted.add(text);
    options.onNote?.(text);
  };
  const parents = newRequestParents<FunctionCall>((call, parent) => {
    const process = attached.get(call.tgid);
    if (process === undefined) return;
    spans++;
    writer.write(call, parent, process.program.plan.isGo, process.named.resource);
  });
  const tracker = newCallTracker((call) => parents.wait(call));

  const event: { -readonly [K in keyof CallEvent]: CallEvent[K] } = {
    tgid: 0,
    tid: 0,
    routine: 0,
    parentRoutine: 0,
    depth: 0,
    ns: 0,
  };
  const onRecord = (own: Loaded, { view }: RingMemory, at: number, length: number): void => {
    if (length < headSize) return;
    const u64 = (where: number) => view.getUint32(where, true) + view.getUint32(where + 4, true) * 4294967296;
    const kind = view.getUint32(at, true);
    const id = view.getUint32(at + 4, true);
    event.ns = u64(at + 8);
    event.routine = u64(at + 16);
    event.parentRoutine = u64(at + 24);
    event.depth = u64(at + 32);
    event.tgid = view.getUint32(at + 40, true);
    event.tid = view.getUint32(at + 44, true);
    const process = attached.get(event.tgid);
    if (process === undefined) return;
    if (kind === EventKind.panic) tracker.panic(event);
    else if (kind === EventKind.goexit) tracker.unwound(event, "goexit");
    else if (kind === EventKind.end) tracker.unwound(event, "panic");
    const plan = own.byId.get(id);
    if (plan === undefined) return;
    const isEntry = kind === EventKind.enter;
    const capture = isEntry ? plan.arguments : plan.results;
    const fits = length >= headSize + capture.words * 8;
    const values = fits
      ? read(capture, view, at + headSize, process, isEntry ? "go3s.arg." : "go3s.result.")
      : [];
    if (isEntry) {
      own.seen.set(id, (own.seen.get(id) ?? 0) + 1);
      tracker.enter(plan, { ...event }, values);
    } else
      tracker.leave(plan, event, values, fits ? failure(capture, view, at + headSize, process) : undefined);
  };

  const nameOf =
    ({ program, bias, types }: Attached, pid: number): NameOfTable =>
    (table, isType) => {
      const address = Number(table);
      const known = isType === true ? undefined : program.tables.get(address - bias);
      if (known !== undefined) return known;
      let name = types.get(address);
      if (name === undefined && program.types !== undefined) {
        // Since Go 1.27 no symbol says whose a table is.
        const read = isType === true ? typeAt : typeOfTable;
        name = read(pid, address, program.types + bias);
        if (name !== undefined && types.size < mostTypes) types.set(address, name);
      }
      return name ?? "";
    };
  const read = (
    capture: Capture,
    view: DataView,
    words: number,
    process: Attached,
    prefix: string,
  ): CapturedAttribute[] => {
    const values: CapturedAttribute[] = [];
    for (const leaf of capture.leaves) {
      const value = leafValue(leaf, view, words, nameOf(process, event.tgid));
      if (value !== undefined) values.push([prefix + leaf.name, value]);
    }
    return values;
  };
  const failure = (
    capture: Capture,
    view: DataView,
    words: number,
    process: Attached,
  ): CapturedError | undefined => {
    const leaf = capture.leaves.findLast(({ kind, name }) => kind === "error" && !name.includes("."));
    return leaf === undefined
      ? undefined
      : errorOf(leaf, view, words + leaf.word * 8, nameOf(process, event.tgid));
  };

  const load = ({ pid, key }: WatchedProgram): Loaded => {
    const found = loaded.get(key);
    if (found !== undefined) return found;
    const { plan, program } = withFile(`/proc/${pid}/exe`, key, (path) =>
      openProgram(path, patterns, options.mode),
    );
    for (const text of plan.notes) note(text);
    if (program !== undefined) options.onSource?.(program.source);
    const made: { -readonly [K in keyof Loaded]: Loaded[K] } = {
      program,
      reader: undefined,
      byId: new Map(plan.functions.map((fn) => [fn.id, fn])),
      seen: new Map(),
    };
    if (program?.object.maps.has("records") === true) {
      const reader = new RingBufferReader(program.object.map("records"), (memory, at, length) =>
        onRecord(made, memory, at, length),
      );
      reader.start();
      made.reader = reader;
    }
    loaded.set(key, made);
    return made;
  };

  /** guarded turns what one process refuses into a note. */
  const guarded = (pid: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BpfError || error instanceof BinaryError || error instanceof AgentError))
        throw error;
      if (!isStaleProcess(error)) note(`functions of ${pid}: ${error.message}${hintOf(error)}`);
    }
  };

  const countThenAttach = (pid: number, process: Attached): void => {
    const { program } = process;
    const fns = program.plan.functions;
    const hits = typedMap(program.object.map("hits"), typesOf(program));
    const counting = linkTo(
      program,
      "onHit",
      pid,
      fns.map((fn) => [fn.entry, fn.id]),
    );
    const before = hitCounts(hits);
    const since = performance.now();
    waiting.set(
      pid,
      setTimeout(() => {
        waiting.delete(pid);
        guarded(pid, () => {
          const seconds = (performance.now() - since) / 1000;
          const after = hitCounts(hits);
          counting.close();
          const { kept, notes } = chooseWithin(
            fns.map((plan) => ({
              plan,
              perSecond: ((after.get(plan.id) ?? 0) - (before.get(plan.id) ?? 0)) / seconds,
            })),
            options.limit,
          );
          for (const text of notes) note(text);
          for (const [id, links] of attachAll(program, options.mode, pid, kept)) process.links.set(id, links);
          options.onAttached?.(
            pid,
            kept.map(({ name }) => name),
          );
        });
      }, countMs),
    );
    process.links.set(-1, [counting]);
  };

  const release = (pid: number): void => {
    clearTimeout(waiting.get(pid));
    waiting.delete(pid);
    const process = attached.get(pid);
    if (process === undefined) return;
    for (const links of process.links.values()) for (const each of links) each.close();
    process.links.clear();
  };

  /** shed lets go of the hottest functions when more is told than the limit allows. */
  const shed = (): void => {
    const now = performance.now();
    const seconds = (now - shedAt) / 1000;
    if (seconds < shedMs / 1000) return;
    shedAt = now;
    for (const own of loaded.values()) {
      let total = 0;
      for (const count of own.seen.values()) total += count / seconds;
      while (total > options.limit) {
        const [id, count] = [...own.seen].reduce((most, each) => (each[1] > most[1] ? each : most), [0, 0]);
        if (count === 0) break;
        own.seen.delete(id);
        total -= count / seconds;
        const plan = own.byId.get(id);
        for (const process of attached.values()) {
          if (process.program !== own.program) continue;
          for (const each of process.links.get(id) ?? []) each.close();
          process.links.delete(id);
        }
        note(
          `${plan?.name ?? id}: ${Math.round(count / seconds)} calls a second are more than --func-limit ${options.limit}: let go`,
        );
      }
      own.seen.clear();
    }
  };

  return {
    watch(watched) {
      const { pid, named } = watched;
      guarded(pid, () => {
        const { program } = load(watched);
        if (program === undefined) return;
        const process: Attached = {
          program,
          named,
          links: new Map(),
          bias: biasOf(program, pid),
          types: new Map(),
        };
        attached.set(pid, process);
        countThenAttach(pid, process);
      });
    },
    unwatch(pid) {
      release(pid);
      tracker.forget(pid);
      // Its last calls may be in the buffer still, and wait for their parents: only its resource is kept.
      setTimeout(() => {
        if (attached.get(pid)?.links.size === 0) attached.delete(pid);
      }, 2000).unref();
    },
    spanDone: (span) => parents.spanDone(span),
    exchangeDone(exchange) {
      parents.exchangeDone(exchange);
      if (!exchange.handlerEnded || exchange.role !== Role.server || !tracker.hasDoubts()) return;
      // Their returns, if there were any, are in the buffer by now.
      for (const { reader } of loaded.values()) reader?.drain();
      tracker.requestOver(exchange.tgid, exchange.goid, exchange.startNs, exchange.endNs);
    },
    flush(serving) {
      let known: ReadonlySet<string> | undefined;
      parents.settle(Number(process.hrtime.bigint()), (tgid, routine) => {
        known ??= serving();
        return known.has(`${tgid}:${routine}`);
      });
      shed();
    },
    metrics() {
      if (options.mode !== "histogram") return undefined;
      for (const { program } of loaded.values()) {
        if (program === undefined) continue;
        const resource = [...attached.values()].find((each) => each.program === program)?.named.resource;
        if (resource === undefined) continue;
        times.read(typedMap(program.object.map("times"), typesOf(program)), program.plan.functions, resource);
      }
      return times.request();
    },
    counts() {
      let probes = 0;
      for (const process of attached.values())
        for (const links of process.links.values()) probes += links.length;
      const { dropped } = tracker.counts();
      return { spans, probes, dropped: { ...dropped, "function-ring-full": ringDrops() } };
    },
    close() {
      for (const pid of attached.keys()) release(pid);
      for (const { reader } of loaded.values()) reader?.drain();
      parents.flush();
      lastDropped = ringDrops();
      for (const { reader, program } of loaded.values()) {
        reader?.close();
        program?.object.close();
      }
      loaded.clear();
      attached.clear();
    },
  };

  function ringDrops(): number {
    let total = loaded.size === 0 ? lastDropped : 0;
    for (const { program } of loaded.values()) {
      if (program !== undefined)
        total += [...hitCounts(typedMap(program.object.map("dropped"), typesOf(program))).values()][0] ?? 0;
    }
    return total;
  }
}

const hintOf = ({ hint }: BpfError | BinaryError | AgentError): string =>
  hint === undefined ? "" : ` (${hint})`;
