import type { BpfMap } from "@go3s/bpf";
import type { ThreadKind } from "../discovery/thread-kind.js";
import type { EventSink } from "../events/event.js";
import type { WireState } from "../events/layout.js";
import type { GoFacts } from "../go/facts.js";
import type { InsertionCounts } from "../propagate/reasons.js";
import type { PythonContexts } from "../python/context-sites.js";
import type { TlsSites } from "../tls/tls-site.js";
import type { TlsAttached } from "../tls/tls-watch.js";
import type { DrainTiming } from "./drain-loop.js";
import type { AttachedProbes, TargetSampling } from "./target.js";

/** ObserverOptions are what the kernel side is opened with. */
export interface ObserverOptions {
  readonly sink: EventSink;
  /** object is a compiled probes object; the built-in probes are compiled when it is absent. */
  readonly object?: Uint8Array;
  readonly timing?: DrainTiming;
  /** ringBytes is the ring buffer's size, a power of two; as the probes say when absent. */
  readonly ringBytes?: number;
  /** measured asks the kernel to count the runs and nanoseconds of every program; it costs 30-80 ns a run. */
  readonly measured?: boolean;
  /**
   * watchNew watches every process from its exec on; whoever asks for it calls unwatch() for those that are not wanted,
   * when their start is told.
   */
  readonly watchNew?: boolean;
  /** propagate puts a traceparent into HTTP/1 and HTTP/2 requests that watched processes send without one (propagate/propagation.ts). */
  readonly propagate?: boolean;
  /** tellsEarly tells the beginning of every served stream when it begins: who joins by goroutines needs to know what they serve. */
  readonly tellsEarly?: boolean;
  /** repeats tells server requests that repeat their connection's last one to the byte when they are answered, in one record (EventSink.again). */
  readonly repeats?: boolean;
  /** maps are used in place of those of the same names; they stay the caller's. */
  readonly maps?: ReadonlyMap<string, BpfMap>;
}

/** MissingPart is something the kernel or our rights do not allow. */
export interface MissingPart {
  readonly what: string;
  readonly why: string;
  readonly hint: string;
}

/** WatchedProcess says what is attached for one process. */
export interface WatchedProcess {
  readonly probes: AttachedProbes;
  readonly count: number;
  /** lost says what could not be attached, and why. */
  readonly lost: readonly string[];
}

/** ProgramCost is what one program has cost while the kernel counted: when opened with `measured`, or by kernel.bpf_stats_enabled. */
export interface ProgramCost {
  readonly name: string;
  readonly runs: number;
  readonly nanoseconds: number;
}

/** KernelStats is what the kernel side tells about itself. */
export interface KernelStats {
  /** probes counts what is attached: tracepoints and all processes' uprobes. */
  readonly probes: number;
  /** dropped counts what the probes could not tell, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly missing: readonly MissingPart[];
  /** costs has every program that is loaded. */
  readonly costs: readonly ProgramCost[];
  readonly records: number;
  /** inserted counts by outcome the requests that might have got a traceparent; undefined unless asked to propagate. */
  readonly inserted: InsertionCounts | undefined;
}

/** KernelObserver owns everything of ours in the kernel; close() leaves nothing behind, and neither does a crash. */
export interface KernelObserver {
  /** seesProcesses says whether starts and exits of processes are told. */
  readonly seesProcesses: boolean;
  /**
   * watch begins to tell a process's HTTP; facts are those of its Go executable, threads how those of another program work. Watching
   * twice starts anew.
   */
  watch(pid: number, facts?: GoFacts, threads?: ThreadKind): WatchedProcess;
  unwatch(pid: number, goesOn?: boolean): void;
  /** setProbes attaches and detaches a process's uprobes live. Returns what is in place then. */
  setProbes(pid: number, wanted: AttachedProbes): AttachedProbes;
  /** setMessages attaches and detaches what tells the messages that a process takes from brokers. */
  setMessages(pid: number, wanted: boolean): void;
  /** secure attaches to where a watched process's TLS is plain text, in place of what it had there. */
  secure(pid: number, sites: TlsSites): TlsAttached;
  /** followContexts has the contexts of a watched process's CPython say whose work is done in them. */
  followContexts(pid: number, contexts: PythonContexts): TlsAttached;
  /** tellWire says what becomes of a socket whose bytes were told; see WireState, and probes/brief.go3s for the turn. */
  tellWire(connection: number, state: WireState, turn?: number): void;
  /** sample decides live which of a process's requests are told; pid 0 is what processes get that nobody has looked at yet. */
  sample(pid: number, sampling: TargetSampling): void;
  /** slotOf is the slot of a watched process's target, 0 where it has none of its own. */
  slotOf(pid: number): number;
  /** decideFor leaves to the agent which requests by HTTP/1 are told that a watched process makes and nobody is known to have asked for. */
  decideFor(pid: number): void;
  /** untold counts the requests that a watched process was sent and that were not told. */
  untold(pid: number): number;
  /** probesOf counts what is attached for one process alone. */
  probesOf(pid: number): number;
  /** drain gives the sink what waits, now. Returns the number of records. */
  drain(): number;
  stats(): KernelStats;
  /** close detaches everything, gives the sink what was still waiting, and frees it all. */
  close(): void;
}
