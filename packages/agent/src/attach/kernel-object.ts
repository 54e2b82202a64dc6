import {
  AttachType,
  BpfError,
  type BpfMap,
  kernelIsAtLeast,
  openLoader,
  type Program,
  type ProgramChoice,
  possibleCpus,
  readObject,
  u32Bytes,
} from "@go3s/bpf";
import type { CallProgram } from "../go/call-site.js";
import { type GoFacts, type GoProbe, goProbeNames } from "../go/facts.js";
import { compiledProbes } from "../probes/compile.js";
import type { TlsProgram } from "../tls/tls-site.js";
import type { CallPrograms } from "./call-probes.js";
import type { ContextProgram, ContextPrograms } from "./context-probes.js";
import type { MissingPart, ObserverOptions } from "./observer-types.js";
import { namingProgramNames, type StreamPrograms, streamProgramNames } from "./stream-probes.js";
import type { TlsPrograms } from "./tls-probes.js";
import type { ProbePrograms } from "./uprobes.js";

/** tracepoints lists the programs that see all processes, with what nobody tells without them. */
export const tracepoints = [
  { program: "onReceive", tells: "HTTP requests and responses that processes read" },
  { program: "onSend", tells: "HTTP requests and responses that processes write" },
  { program: "onState", tells: "TCP connections" },
  { program: "onExec", tells: "processes as they start" },
  { program: "onFork", tells: "processes as they are forked" },
  { program: "onExit", tells: "processes as they end" },
] as const;

/** continuations are the programs that others go on to, each with the map that they do it with. */
const continuations: ReadonlyMap<string, string> = new Map([
  ["onOtherReceive", "otherReceivers"],
  ["onOtherSend", "otherSenders"],
  ["onSecureOther", "secureOthers"],
  ["onSecureSend", "secureSenders"],
  ["onSecureOtherSend", "secureOtherSenders"],
]);

const otherProtocols = ["onOtherReceive", "onOtherSend"];

/** propagation lists the programs that put traces on the wire (propagate/). */
const propagation = ["onConnection", "onMessage"] as const;

const protocolsTell = "requests and responses of protocols other than HTTP/1";

const uprobePrograms: Readonly<Record<GoProbe, string>> = {
  handlerEnd: "onHandlerEnd",
  roundTrip: "onRoundTrip",
  spawn: "onSpawn",
  connServe: "onConnServe",
};

const callPrograms: Readonly<Record<CallProgram, string>> = {
  begin: "onCall",
  end: "onCallEnd",
  spanStart: "onSpanStart",
  spanEnd: "onSpanEnd",
};

const tlsPrograms: Readonly<Record<TlsProgram, string>> = {
  goRead: "onTLSRead",
  goWrite: "onTLSWrite",
  call: "onSecureCall",
  return: "onSecureReturn",
};

const contextPrograms: Readonly<Record<ContextProgram, string>> = {
  made: "onContextMade",
  freed: "onContextFreed",
  copy: "onContextCopy",
  copied: "onContextCopied",
};

/** tlsSenders are where onSend goes on with what crypto/tls writes. */
const tlsSenders = ["onSecureSend", "onSecureOtherSend"];

/** Where those of tlsPrograms go on with what is no HTTP/1. */
const tlsOther = "onSecureOther";

/** They know their sites by the cookies of uprobe_multi links. */
const multiPrograms: ReadonlySet<string> = new Set([
  ...Object.values(callPrograms),
  ...Object.values(tlsPrograms),
  tlsOther,
  ...streamProgramNames,
  ...namingProgramNames,
  ...Object.values(contextPrograms),
  "onRoute",
]);

/** ProgramNeeds says what a process that is about to be watched has places for. */
export interface ProgramNeeds {
  readonly facts: GoFacts | undefined;
  readonly tls: readonly TlsProgram[];
}

/** KernelObject owns the probes' maps and programs. */
export interface KernelObject {
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** programs holds those that the kernel took. */
  readonly programs: ReadonlyMap<string, Program>;
  readonly uprobes: ProbePrograms;
  /** calls gives the programs for library calls and for spans that programs make themselves. */
  calls(): CallPrograms;
  /** tls gives the programs for what is said by TLS, each loaded when the first process needs it. */
  tls(): TlsPrograms;
  /** streams gives the programs for HTTP/2 and gRPC by their libraries, each loaded when the first process needs it. */
  streams(): StreamPrograms;
  /** contexts gives the programs for the contexts of CPython, each loaded when the first process needs it. */
  contexts(): ContextPrograms;
  /** routes gives the program for routers, loaded when the first process needs it; undefined where it cannot be. */
  routes(): Program | undefined;
  /** multi says whether the uprobe programs are for uprobe_multi links. */
  readonly multi: boolean;
  readonly missing: readonly MissingPart[];
  /** failure is the first refusal, when there was one. */
  readonly failure: BpfError | undefined;
  close(): void;
}

/** OpeningKernelObject is a KernelObject whose programs are being loaded, on other threads. */
export interface OpeningKernelObject {
  /** now gives one of `tracepoints` before the others, loaded while the caller waits; undefined when it is refused. */
  now(name: string): Program | undefined;
  /** begin begins to load what every process needs. */
  begin(): void;
  /** prepare begins to load what a process needs besides, so that nobody waits for it when the process is watched. */
  prepare(needs: ProgramNeeds): void;
  /** loaded resolves when everything asked for until then is loaded or refused. */
  loaded(): Promise<KernelObject>;
  close(): void;
}

/**
 * openKernelObject makes the probes' maps and gives the programs to the kernel, each on its own: what an older kernel
 * refuses costs that part alone. They are verified beside each other while the caller goes on. Throws BpfError when not
 * even the maps can be made.
 */
export function openKernelObject(options: ObserverOptions): OpeningKernelObject {
  const spec = readObject(options.object ?? compiledProbes());
  const constants = {
    cpuBits: Math.ceil(Math.log2(Math.max(2, possibleCpus()))),
    watchNew: options.watchNew === true ? 1 : 0,
    propagates: options.propagate === true ? 1 : 0,
    tellsEarly: options.tellsEarly === true ? 1 : 0,
  };
  const mapSizes = options.ringBytes === undefined ? {} : { events: options.ringBytes };
  const loader = openLoader(spec, {
    constants,
    mapSizes,
    ...(options.maps === undefined ? {} : { maps: options.maps }),
  });
  const programs = new Map<string, Program>();
  const refused = new Map<string, BpfError>();
  const underWay = new Map<string, Promise<void>>();
  const uprobeNames = Object.values(uprobePrograms);

  const keep = (name: string, program: Program): void => {
    if (programs.has(name)) {
      // Somebody could not wait for what was under way.
      program.close();
      return;
    }
    programs.set(name, program);
    const slot = continuations.get(name);
    if (slot !== undefined) loader.map(slot).update(u32Bytes(0), u32Bytes(program.fd));
  };
  const refuse = (name: string, error: unknown): void => {
    if (!(error instanceof BpfError)) throw error;
    refused.set(name, error);
  };
  const asMulti = { attachType: AttachType.BPF_TRACE_UPROBE_MULTI };
  const usualChoice = (name: string) =>
    multiPrograms.has(name) || uprobeNames.includes(name) ? asMulti : {};

  /** get gives a program, loaded now unless it is there already; undefined when the kernel refuses it. */
  const get = (name: string, choice: ProgramChoice = usualChoice(name)): Program | undefined => {
    if (programs.has(name) || refused.has(name)) return programs.get(name);
    try {
      keep(name, loader.load(name, choice));
    } catch (error) {
      refuse(name, error);
    }
    return programs.get(name);
  };
  const aside = (name: string): void => {
    if (programs.has(name) || refused.has(name) || underWay.has(name)) return;
    const loading = loader.loadAside(name, usualChoice(name)).then(
      (program) => keep(name, program),
      (error: unknown) => refuse(name, error),
    );
    // Whoever awaits it all hears of what failed.
    loading.catch(() => undefined);
    underWay.set(name, loading);
  };
  const close = (): void => {
    for (const program of programs.values()) program.close();
    loader.close();
  };

  const core = [
    ...tracepoints.map(({ program }) => program),
    ...otherProtocols,
    ...uprobeNames,
    ...(options.propagate === true ? propagation : []),
  ];
  const begin = (): void => {
    for (const name of core) aside(name);
  };

  const problemOf = (names: readonly string[]): string =>
    names.map((name) => refused.get(name)?.message).find((message) => message !== undefined) ?? "";

  const finish = (): KernelObject => {
    const missing: MissingPart[] = [];
    const lose = (what: string, error: BpfError): void =>
      void missing.push({ what, why: error.message, hint: error.hint ?? "" });
    let failure: BpfError | undefined;
    for (const { program, tells } of tracepoints) {
      const error = refused.get(program);
      if (error === undefined) continue;
      failure ??= error;
      lose(tells, error);
    }
    for (const name of otherProtocols) {
      const error = refused.get(name);
      if (error !== undefined) lose(protocolsTell, error);
    }
    for (const name of options.propagate === true ? propagation : []) {
      const error = refused.get(name);
      if (error !== undefined) lose("traceparent of outgoing requests", error);
    }
    const multi = settleUprobes();
    if (multi === undefined) {
      missing.push({
        what: "routes, callers and parents in Go programs",
        why: "the kernel takes no uprobe programs",
        hint: "it needs CONFIG_UPROBE_EVENTS and CAP_PERFMON",
      });
    }
    const isMulti = multi === true;
    const uprobes: Partial<Record<GoProbe, Program>> = {};
    for (const probe of goProbeNames) {
      const program = programs.get(uprobePrograms[probe]);
      if (program !== undefined) uprobes[probe] = program;
    }
    return {
      maps: loader.maps,
      programs,
      uprobes,
      calls: once(() => callsOf(get, problemOf, isMulti)),
      tls: once(() => tlsOf(get, problemOf, (name) => loader.map(name), isMulti)),
      streams: once(() =>
        streamsOf(get, problemOf, (name) => loader.map(name), isMulti, options.propagate === true),
      ),
      contexts: once(() => ({
        pythons: loader.map("pythons"),
        program: (name) => (isMulti ? get(contextPrograms[name]) : undefined),
        problem: () => (isMulti ? problemOf(Object.values(contextPrograms)) : noMultiLinks),
      })),
      routes: () => (isMulti ? get("onRoute") : undefined),
      multi: isMulti,
      missing,
      failure,
      close,
    };
  };

  /**
   * settleUprobes: uprobe programs are for uprobe_multi (6.6), which attaches and detaches in a fraction of the time; else
   * plain ones. Gives which it was, undefined when neither is possible.
   */
  const settleUprobes = (): boolean | undefined => {
    if (uprobeNames.every((name) => programs.has(name))) return true;
    for (const name of uprobeNames) {
      programs.get(name)?.close();
      programs.delete(name);
      refused.delete(name);
    }
    return uprobeNames.every((name) => get(name, {}) !== undefined) ? false : undefined;
  };

  return {
    now: (name) => get(name),
    begin,
    prepare(needs) {
      for (const name of programsFor(needs)) aside(name);
    },
    async loaded() {
      try {
        await Promise.all(underWay.values());
        return finish();
      } catch (error) {
        close();
        throw error;
      }
    },
    close,
  };
}

/** programsFor lists what a process needs besides the programs that every process does. */
function programsFor({ facts, tls }: ProgramNeeds): string[] {
  // What Go writes is looked for on the stack first (tls-probes.ts).
  const findsWrites = facts?.tls.writes !== undefined;
  const named = tls.filter((name) => name !== "goWrite" || !findsWrites);
  return [
    ...new Set(named.map((name) => tlsPrograms[name])),
    ...(tls.length > 0 ? [tlsOther] : []),
    ...(findsWrites ? tlsSenders : []),
    ...new Set(facts?.streams.sites.map(({ program }) => program)),
    ...new Set(facts?.calls.map(({ program }) => callPrograms[program])),
    ...((facts?.routes.length ?? 0) > 0 ? ["onRoute"] : []),
  ];
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const noMultiLinks = "the kernel has no uprobe_multi links (6.6)";

type Get = (name: string) => Program | undefined;
type ProblemOf = (names: readonly string[]) => string;
type MapNamed = (name: string) => BpfMap;

/** callsOf gives the programs for library calls and for spans that programs make themselves. */
function callsOf(get: Get, problemOf: ProblemOf, multi: boolean): CallPrograms {
  return {
    program: (name) => (multi ? get(callPrograms[name]) : undefined),
    problem: () => (multi ? problemOf(Object.values(callPrograms)) : noMultiLinks),
  };
}

/** tlsOf gives the programs of probes/tls.go3s, tls-go.go3s and tls-libraries.go3s. */
function tlsOf(get: Get, problemOf: ProblemOf, map: MapNamed, multi: boolean): TlsPrograms {
  const none = (problem: string): TlsPrograms => ({
    program: () => undefined,
    problem: () => problem,
    writers: () => undefined,
  });
  // What they build in memory of the processor must not be interrupted.
  if (!kernelIsAtLeast(6, 10)) return none("the kernel has no bpf_preempt_disable (6.10)");
  if (!multi) return none(noMultiLinks);
  return {
    program(name) {
      get(tlsOther);
      return get(tlsPrograms[name]);
    },
    problem: () => problemOf([...Object.values(tlsPrograms), tlsOther, ...tlsSenders]),
    writers: () => (tlsSenders.every((name) => get(name) !== undefined) ? map("goWriters") : undefined),
  };
}

/** streamsOf gives the programs of probes/streams.go3s, grpc.go3s, http2.go3s, messages.go3s and taken.go3s. */
function streamsOf(
  get: Get,
  problemOf: ProblemOf,
  map: MapNamed,
  multi: boolean,
  names: boolean,
): StreamPrograms {
  const wanted: readonly string[] = [...streamProgramNames, ...(names ? namingProgramNames : [])];
  return {
    grpcLayouts: map("grpcLayouts"),
    http2Layouts: map("http2Layouts"),
    grpcSlots: map("grpcSlots"),
    http2Slots: map("http2Slots"),
    messageChannels: map("messageChannels"),
    receiving: map("receiving"),
    names,
    program: (name) => (multi && wanted.includes(name) ? get(name) : undefined),
    problem: () => (multi ? problemOf(wanted) : noMultiLinks),
  };
}
