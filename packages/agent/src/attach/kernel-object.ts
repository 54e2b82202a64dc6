import {
  AttachType,
  BpfError,
  type BpfMap,
  kernelIsAtLeast,
  type LoadedObject,
  loadObject,
  type ObjectSpec,
  type Program,
  possibleCpus,
  readObject,
  u32Bytes,
} from "@go3s/bpf";
import type { GoProbe } from "../go/facts.js";
import { compiledProbes } from "../probes/compile.js";
import type { CallPrograms } from "./call-probes.js";
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
  { program: "onExit", tells: "processes as they end" },
] as const;

/** continuations lists the programs that others go on to, by the map that they do it with. */
const continuations = [
  { program: "onOtherReceive", slot: "otherReceivers" },
  { program: "onOtherSend", slot: "otherSenders" },
] as const;

/** propagation lists the programs that put traces on the wire (propagate/). */
const propagation = ["onConnection", "onMessage"] as const;

const protocolsTell = "requests and responses of protocols other than HTTP/1";

const uprobePrograms: Readonly<Record<GoProbe, string>> = {
  handlerEnd: "onHandlerEnd",
  roundTrip: "onRoundTrip",
  spawn: "onSpawn",
};

/** KernelObject owns the probes' maps and programs. */
export interface KernelObject {
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** programs holds those that the kernel took. */
  readonly programs: ReadonlyMap<string, Program>;
  readonly uprobes: ProbePrograms;
  /** calls gives the programs for library calls, loaded when the first process needs them; undefined where they cannot be. */
  calls(): CallPrograms | undefined;
  /** tls gives the programs for what is said by TLS, loaded when the first process needs them. */
  tls(): TlsPrograms;
  /** streams gives the programs for HTTP/2 and gRPC by their libraries, loaded when the first process needs them. */
  streams(): StreamPrograms;
  /** routes gives the program for routers, loaded when the first process needs it; undefined where it cannot be. */
  routes(): Program | undefined;
  /** multi says whether the uprobe programs are for uprobe_multi links. */
  readonly multi: boolean;
  readonly missing: readonly MissingPart[];
  /** failure is the first refusal, when there was one. */
  readonly failure: BpfError | undefined;
  close(): void;
}

/**
 * loadKernelObject gives the probes to the kernel, each on its own: what an older kernel refuses costs that part alone.
 * Rejects with BpfError when not even the maps can be made.
 */
export async function loadKernelObject(options: ObserverOptions): Promise<KernelObject> {
  const bytes = options.object ?? compiledProbes();
  const spec = readObject(bytes);
  const constants = {
    cpuBits: Math.ceil(Math.log2(Math.max(2, possibleCpus()))),
    watchNew: options.watchNew === true ? 1 : 0,
    propagates: options.propagate === true ? 1 : 0,
    tellsEarly: options.tellsEarly === true ? 1 : 0,
  };
  const mapSizes = options.ringBytes === undefined ? {} : { events: options.ringBytes };
  const base = loadObject(spec, { programs: [], constants, mapSizes });
  const parts: LoadedObject[] = [];
  const programs = new Map<string, Program>();
  const missing: MissingPart[] = [];
  let failure: BpfError | undefined;

  const load = (from: ObjectSpec, name: string): BpfError | undefined => {
    try {
      const part = loadObject(from, { programs: [name], constants, maps: base.maps });
      parts.push(part);
      programs.set(name, part.program(name));
      return undefined;
    } catch (error) {
      if (error instanceof BpfError) return error;
      throw error;
    }
  };

  try {
    for (const { program, tells } of tracepoints) {
      const refused = load(spec, program);
      if (refused === undefined) continue;
      failure ??= refused;
      missing.push({ what: tells, why: refused.message, hint: refused.hint ?? "" });
    }
    for (const { program, slot } of continuations) {
      const refused = load(spec, program);
      const loaded = programs.get(program);
      if (loaded !== undefined) base.map(slot).update(u32Bytes(0), u32Bytes(loaded.fd));
      else missing.push({ what: protocolsTell, why: refused?.message ?? "", hint: refused?.hint ?? "" });
    }
    for (const program of options.propagate === true ? propagation : []) {
      const refused = load(spec, program);
      if (refused === undefined) continue;
      missing.push({
        what: "traceparent of outgoing requests",
        why: refused.message,
        hint: refused.hint ?? "",
      });
    }
    const multi = loadUprobes(spec, load);
    if (multi === undefined) {
      missing.push({
        what: "routes, callers and parents in Go programs",
        why: "the kernel takes no uprobe programs",
        hint: "it needs CONFIG_UPROBE_EVENTS and CAP_PERFMON",
      });
    }
    const uprobes: Partial<Record<GoProbe, Program>> = {};
    for (const probe of ["handlerEnd", "roundTrip", "spawn"] as const) {
      const program = programs.get(uprobePrograms[probe]);
      if (program !== undefined) uprobes[probe] = program;
    }
    const calls = once(() => (multi === true ? loadCalls(spec, load, programs) : undefined));
    const tls = once(() => loadTls(spec, load, programs, base, multi === true));
    const streams = once(() =>
      loadStreams(spec, load, programs, base, multi === true, options.propagate === true),
    );
    const routes = once(() => (multi === true ? loadRoutes(spec, load, programs) : undefined));
    const isMulti = multi === true;
    return {
      maps: base.maps,
      programs,
      uprobes,
      calls,
      tls,
      streams,
      routes,
      multi: isMulti,
      missing,
      failure,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }

  function close(): void {
    for (const part of parts) part.close();
    base.close();
  }
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Load = (from: ObjectSpec, name: string) => BpfError | undefined;

/** loadCalls loads the programs for library calls, which know their sites by the cookies of uprobe_multi. */
function loadCalls(
  spec: ObjectSpec,
  load: Load,
  programs: ReadonlyMap<string, Program>,
): CallPrograms | undefined {
  const names = ["onCall", "onCallEnd"];
  const multi = forMulti(spec, names);
  for (const name of names) load(multi, name);
  const [begin, end] = names.map((name) => programs.get(name));
  return begin === undefined || end === undefined ? undefined : { begin, end };
}

const tlsPrograms = {
  goRead: "onTLSRead",
  goWrite: "onTLSWrite",
  call: "onSecureCall",
  return: "onSecureReturn",
} as const;

/** tlsSenders are where onSend goes on with what crypto/tls writes, by the map that it does it with. */
const tlsSenders = { onSecureSend: "secureSenders", onSecureOtherSend: "secureOtherSenders" } as const;

/** loadTls loads the programs of probes/tls.go3s. They go on to another one, which stands in a map. */
function loadTls(
  spec: ObjectSpec,
  load: Load,
  programs: ReadonlyMap<string, Program>,
  base: LoadedObject,
  multi: boolean,
): TlsPrograms {
  // What they build in memory of the processor must not be interrupted.
  if (!kernelIsAtLeast(6, 10))
    return { programs: {}, problem: "the kernel has no bpf_preempt_disable (6.10)" };
  if (!multi) return { programs: {}, problem: "the kernel has no uprobe_multi links (6.6)" };
  const names = [...Object.values(tlsPrograms), "onSecureOther"];
  const from = forMulti(spec, names);
  const refused = [...names, ...Object.keys(tlsSenders)]
    .map((name) => load(from, name))
    .find((error) => error !== undefined);
  const other = programs.get("onSecureOther");
  if (other !== undefined) base.map("secureOthers").update(u32Bytes(0), u32Bytes(other.fd));
  const senders = Object.entries(tlsSenders).map(([name, slot]) => ({ slot, sender: programs.get(name) }));
  const canFind = senders.every(({ sender }) => sender !== undefined);
  for (const { slot, sender } of senders)
    if (sender !== undefined) base.map(slot).update(u32Bytes(0), u32Bytes(sender.fd));
  return {
    programs: Object.fromEntries(
      Object.entries(tlsPrograms).flatMap(([key, name]) => {
        const program = programs.get(name);
        return program === undefined ? [] : [[key, program]];
      }),
    ),
    ...(canFind ? { writers: base.map("goWriters") } : {}),
    problem: refused?.message ?? "",
  };
}

/** loadStreams loads the programs of probes/streams.go3s, grpc.go3s and http2.go3s, which know their sites by cookies. */
function loadStreams(
  spec: ObjectSpec,
  load: Load,
  programs: ReadonlyMap<string, Program>,
  base: LoadedObject,
  multi: boolean,
  names: boolean,
): StreamPrograms {
  const maps = {
    grpcLayouts: base.map("grpcLayouts"),
    http2Layouts: base.map("http2Layouts"),
    grpcSlots: base.map("grpcSlots"),
    http2Slots: base.map("http2Slots"),
    names,
  };
  if (!multi) return { ...maps, programs: {}, problem: "the kernel has no uprobe_multi links (6.6)" };
  const wanted = [...streamProgramNames, ...(names ? namingProgramNames : [])];
  const from = forMulti(spec, wanted);
  const refused = wanted.map((name) => load(from, name)).find((error) => error !== undefined);
  const loaded = wanted.flatMap((name) => {
    const program = programs.get(name);
    return program === undefined ? [] : [[name, program]];
  });
  return { ...maps, programs: Object.fromEntries(loaded), problem: refused?.message ?? "" };
}

/** loadRoutes loads the program for routers, which knows its sites by their cookies too. */
function loadRoutes(
  spec: ObjectSpec,
  load: Load,
  programs: ReadonlyMap<string, Program>,
): Program | undefined {
  load(forMulti(spec, ["onRoute"]), "onRoute");
  return programs.get("onRoute");
}

/** forMulti gives the object with the named programs for uprobe_multi links. */
function forMulti(spec: ObjectSpec, names: readonly string[]): ObjectSpec {
  return {
    ...spec,
    programs: new Map(
      [...spec.programs].map(([name, program]) => [
        name,
        names.includes(name) ? { ...program, attachType: AttachType.BPF_TRACE_UPROBE_MULTI } : program,
      ]),
    ),
  };
}

/**
 * loadUprobes loads the uprobe programs for uprobe_multi (6.6), which attaches and detaches in a fraction of the time;
 * else as plain ones. Returns which it was, undefined when neither is possible.
 */
function loadUprobes(spec: ObjectSpec, load: Load): boolean | undefined {
  const names = Object.values(uprobePrograms);
  const multi = forMulti(spec, names);
  if (names.every((name) => load(multi, name) === undefined)) return true;
  if (names.every((name) => load(spec, name) === undefined)) return false;
  return undefined;
}
