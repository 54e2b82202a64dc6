import { newProcessSpans, type ProcessSpans } from "../spans/process-spans.js";
import { encodeResource } from "../spans/resource.js";
import { newRouteTable, type RouteTable } from "../spans/routes.js";
import { type Executable, type Executables, newExecutables } from "./executable.js";
import { type Identity, identify, podUid, programName } from "./identity.js";
import { keptPrograms, newKept } from "./kept.js";
import { newListeners } from "./listeners.js";
import { newPods, type Pods } from "./pods.js";
import { hostProc, listPids, type ProcessFacts, type ProcSource, readProcess } from "./proc.js";
import { type Selection, selects } from "./selection.js";
import { listeningPorts } from "./sockets.js";
import { isWebServer } from "./web-servers.js";

/** Observed is a process that the agent looked at, watched or not, and why. */
export interface Observed {
  readonly facts: ProcessFacts;
  /** identity changes when its pod's labels do. */
  readonly identity: Identity;
  readonly executable: Executable;
  readonly spans: ProcessSpans;
  readonly watched: boolean;
  /** reason is why it is watched, or why not. */
  readonly reason: string;
}

type Known = Observed & { identity: Identity; reason: string };

/** RegistryEvents is told what is to be watched. */
export interface RegistryEvents {
  watch(process: Observed): void;
  /** unwatch comes before watch() for a process that goes on as another program: then `goesOn` is true. */
  unwatch(process: Observed, goesOn: boolean): void;
}

/** Registry knows the processes of this machine by pid. */
export interface Registry {
  /** scan looks at every process that is there. */
  scan(): void;
  /**
   * started looks at a process that executed a program just now, or that `parent` has forked: that is what its parent is, also when it
   * ended before anybody could look.
   */
  started(pid: number, parent?: number): void;
  /** exited forgets a process. */
  exited(pid: number): void;
  /** podsChanged looks again at the processes of pods, by what their cgroups call them: they may be asked for now, or no more. */
  podsChanged(uids: ReadonlySet<string>): void;
  /**
   * gone gives those that were there neither at the last scan nor at the one before: their ends were not told, since a record was
   * lost or nobody watches ends. Between a process's end and its record's reading there is less time than between two scans.
   */
  gone(): readonly number[];
  get(pid: number): Observed | undefined;
  /** lastKnown also answers for a process that ended a short while ago: its sockets close after its end is told. */
  lastKnown(pid: number): Observed | undefined;
  /** listening finds the process that listens on a port of a network namespace, 0 for our own; what it learns is kept until the process ends. */
  listening(port: number, network: number): Observed | undefined;
  /** listens notes that a process accepted a connection on a port, which saves looking for it. */
  listens(port: number, network: number, pid: number): void;
  all(): readonly Observed[];
  /** spansOfExited counts the spans of processes that ended since the start. */
  spansOfExited(): number;
}

/** RegistryOptions are the registry's choices. */
export interface RegistryOptions {
  readonly selection: Selection;
  /** exclude lists processes that are never watched: Go3s itself. Its other parts carry partMarker. */
  readonly exclude: readonly number[];
  readonly events: RegistryEvents;
  readonly proc?: ProcSource;
  readonly pods?: Pods;
}

/** partMarker is the environment variable that Go3s gives to its own processes, so that it does not watch itself. */
export const partMarker = "GO3S_PART";

// Processes that ended and may still be asked about; the oldest are forgotten. Each holds 10 KB.
const endedLimit = 1024;
const endedMs = 30_000;
const noEnvironment: ProcessFacts["environment"] = new Map();

/** newRegistry makes an empty registry. */
export function newRegistry(options: RegistryOptions): Registry {
  const proc = options.proc ?? hostProc;
  const executables: Executables = newExecutables(proc);
  const pods = options.pods ?? newPods();
  const known = new Map<number, Known>();
  const ended = new Map<number, { readonly process: Observed; readonly at: number }>();
  const listeners = newListeners(proc, () => [...known.values()].map(({ facts }) => facts));
  // A program that is started again has the routes that it had: its first requests, which come before its probes are in
  // place, are told with what was learned before.
  const routesByProgram = newKept<RouteTable>(keptPrograms);
  let spansOfExited = 0;
  let missed = new Set<number>();
  let gone: readonly number[] = [];

  const routesOf = ({ isGo, key }: Executable): RouteTable => {
    if (!isGo) return newRouteTable();
    let routes = routesByProgram.get(key);
    if (routes === undefined) {
      routes = newRouteTable();
      routesByProgram.set(key, routes);
    }
    return routes;
  };

  const { ports, not } = options.selection;
  const asksForPorts = (ports ?? []).length > 0;
  // A port that is excluded may be listened on later, too: such a process is looked at again.
  const excludesPorts = (not?.ports ?? []).length > 0;

  const isDescendantOf = (facts: ProcessFacts, ancestor: number): boolean => {
    let parent = facts.parent;
    // Bounded: a pid can be reused while we walk, which could close a ring.
    for (let depth = 0; depth < 64 && parent > 1; depth++) {
      if (parent === ancestor) return true;
      parent = known.get(parent)?.facts.parent ?? readProcess(parent, proc)?.parent ?? 0;
    }
    return false;
  };

  const decide = (
    facts: ProcessFacts,
    identity: Identity,
    executable: Executable,
  ): { watched: boolean; reason: string } => {
    if (options.exclude.includes(facts.pid) || facts.environment.has(partMarker)) {
      return { watched: false, reason: "part of Go3s" };
    }
    const reason = selects(options.selection, {
      facts,
      serviceName: identity.serviceName,
      attributes: identity.attributes,
      labels: identity.labels,
      serves: executable.runtime !== undefined || isWebServer(facts),
      ports: () => listeningPorts(facts.pid, proc),
      isDescendantOf: (pid) => isDescendantOf(facts, pid),
    });
    return reason === "" ? { watched: false, reason: "not asked for" } : { watched: true, reason };
  };

  /** forked takes what a watched process has forked, which is asked for as that is; false when it runs something else by now. */
  const forked = (pid: number, parent: Known): boolean => {
    const { executable, reason } = parent;
    // It may be over by now.
    const { facts: inherited } = parent;
    const seen = readProcess(pid, proc) ?? { ...inherited, pid, parent: inherited.pid };
    if (seen.executable !== inherited.executable) return false;
    const facts = { ...seen, environment: inherited.environment };
    const before = known.get(pid);
    if (before !== undefined) forget(before, true);
    const identity = identify(facts, executable.runtime, pods);
    const spans = spansOf(facts, identity, routesOf(executable));
    watchNew({ facts, identity, executable, spans, watched: true, reason });
    return true;
  };

  const watchNew = (process: Known): void => {
    known.set(process.facts.pid, process);
    if (process.watched) options.events.watch(process);
  };

  const consider = (pid: number): void => {
    const facts = readProcess(pid, proc);
    if (facts === undefined) return;
    const before = known.get(pid);
    if (before !== undefined) {
      // A process that was not asked for may have begun to listen on a port that is.
      const mayListen = (asksForPorts && !before.watched) || (excludesPorts && before.watched);
      if (isSameProgram(before.facts, facts)) {
        // What is written over the command line may go on over the environment.
        const named = { ...facts, environment: before.facts.environment };
        if (isRenamed(before, named)) {
          take(named, before.executable, before);
          return;
        }
        if (!mayListen) return;
        const now = decide(before.facts, before.identity, before.executable);
        if (now.watched === before.watched) return;
      }
    }
    const executable = executables.of(facts);
    if (executable === undefined) return;
    take(facts, executable, before);
  };

  /** isRenamed says whether a process has another name by now, which some write over their command line. */
  const isRenamed = ({ identity, facts: before, executable }: Known, facts: ProcessFacts): boolean =>
    before.command.join("\0") !== facts.command.join("\0") &&
    identify(facts, executable.runtime, pods).serviceName !== identity.serviceName;

  /** take puts a process in the place of the one before, if there is any. */
  const take = (facts: ProcessFacts, executable: Executable, before: Observed | undefined): void => {
    const identity = identify(facts, executable.runtime, pods);
    const { watched, reason } = decide(facts, identity, executable);
    const process: Known = {
      facts,
      identity,
      executable,
      watched,
      reason,
      spans: spansOf(facts, identity, routesOf(executable)),
    };
    // Only now: between the two nobody sees what the process does, and a short-lived program does all of it meanwhile.
    if (before !== undefined) forget(before, watched);
    watchNew(process);
  };

  /** renew takes over what is known of a process's pod by now. */
  const renew = (process: Known): void => {
    const { facts, executable, spans } = process;
    const identity = identify(facts, executable.runtime, pods);
    const { watched, reason } = decide(facts, identity, executable);
    if (watched !== process.watched) {
      take(facts, executable, process);
      return;
    }
    // In place: its probes stay, and what it is called changes from its next span on.
    const resource = encodeResource(identity);
    process.reason = reason;
    process.identity = identity;
    if (Buffer.compare(resource, spans.resource) !== 0) spans.resource = resource;
  };

  const forget = (process: Observed, goesOn: boolean): void => {
    known.delete(process.facts.pid);
    // Without its environment, which is most of what is known of a process, and asked for no more.
    const rest = { ...process, facts: { ...process.facts, environment: noEnvironment } };
    const now = Date.now();
    // A number that is given again goes to the end.
    ended.delete(process.facts.pid);
    ended.set(process.facts.pid, { process: rest, at: now });
    for (const [pid, { at }] of ended) {
      if (ended.size <= endedLimit && now - at < endedMs) break;
      ended.delete(pid);
    }
    spansOfExited += process.spans.spans;
    listeners.forget(process.facts.pid);
    if (process.watched) options.events.unwatch(process, goesOn);
  };

  return {
    scan() {
      const there = new Set(listPids(proc));
      const missing = [...known.keys()].filter((pid) => !there.has(pid));
      gone = missing.filter((pid) => missed.has(pid));
      missed = new Set(missing);
      for (const pid of there) consider(pid);
    },
    gone: () => gone.filter((pid) => known.has(pid)),
    started(pid, parent = 0) {
      const by = known.get(parent);
      if (by?.watched !== true || !forked(pid, by)) consider(pid);
    },
    exited(pid) {
      const process = known.get(pid);
      if (process !== undefined) forget(process, false);
    },
    podsChanged(uids) {
      for (const process of [...known.values()])
        if (uids.has(podUid(process.facts.cgroup) ?? "")) renew(process);
    },
    get: (pid) => known.get(pid),
    lastKnown: (pid) => known.get(pid) ?? ended.get(pid)?.process,
    listening(port, network) {
      const pid = listeners.at(port, network);
      return pid === undefined ? undefined : known.get(pid);
    },
    listens(port, network, pid) {
      if (known.has(pid)) listeners.note(port, network, pid);
    },
    all: () => [...known.values()],
    spansOfExited: () => spansOfExited,
  };
}

/** isSameProgram says whether a process still runs what it ran; exec keeps pid and start time, and a command line can be written over. */
function isSameProgram(before: ProcessFacts, now: ProcessFacts): boolean {
  if (before.startTicks !== now.startTicks || before.executable !== now.executable) return false;
  if (before.stack > 0 && now.stack > 0) return before.stack === now.stack;
  return before.command.join("\0") === now.command.join("\0");
}

function spansOf(facts: ProcessFacts, identity: Identity, routes: RouteTable): ProcessSpans {
  return newProcessSpans({
    tgid: facts.pid,
    serviceName: identity.serviceName || programName(facts),
    resource: encodeResource(identity),
    routes,
  });
}
