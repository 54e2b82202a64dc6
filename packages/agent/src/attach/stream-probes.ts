import { type BpfMap, type Link, type Program, u32Bytes } from "@go3s/bpf";
import type { StreamProgram } from "../go/stream-site.js";
import type { GoStreams } from "../go/streams.js";
import { attachSites } from "./attach-sites.js";

/** StreamPrograms are the programs of probes/streams.go3s, grpc.go3s and http2.go3s, and the maps that they know versions by. */
export interface StreamPrograms {
  /** program gives one of them, loaded when it is first asked for; undefined where it cannot be. */
  program(name: StreamProgram): Program | undefined;
  readonly grpcLayouts: BpfMap;
  readonly http2Layouts: BpfMap;
  /** grpcSlots and http2Slots have the same at the slots of targets: see probes/state.go3s, TargetSlot. */
  readonly grpcSlots: BpfMap;
  readonly http2Slots: BpfMap;
  /** names says whether those of namingProgramNames are wanted. */
  readonly names: boolean;
  /** problem says why there are no programs, or not all. */
  problem(): string;
}

/** streamProgramNames lists them, ends before beginnings: what begins before its end can be seen would stay open. */
export const streamProgramNames = [
  "onGRPCServed",
  "onHTTP2Served",
  "onGRPCCalled",
  "onGRPCFailed",
  "onHTTP2Called",
  "onGRPCSent",
  "onHTTP2Sent",
  "onHeaders",
  "onGRPCServe",
  "onHTTP2Serve",
  "onGRPCCall",
  "onHTTP2Call",
] as const satisfies readonly StreamProgram[];

/** namingProgramNames lists those that are for propagation alone (probes/names.go3s). */
export const namingProgramNames = [
  "onGRPCHeader",
  "onGRPCFields",
] as const satisfies readonly StreamProgram[];

/** StreamProbes owns the uprobes on one process's HTTP/2 libraries. */
export interface StreamProbes {
  readonly count: number;
  readonly lost: readonly string[];
  close(): void;
}

/** StreamPlace is what attaching needs to know besides. */
export interface StreamPlace {
  /** slot is that of the process's target, 0 when it shares one with others. */
  readonly slot: number;
  /** file is the program whose places they are. */
  readonly file: string | undefined;
}

/** attachStreamProbes attaches all of a process's places, by one link for each program (uprobe_multi, 6.6). */
export function attachStreamProbes(
  pid: number,
  streams: GoStreams,
  loaded: StreamPrograms,
  { slot, file }: StreamPlace,
): StreamProbes {
  const links: Link[] = [];
  const lost = new Set<string>();
  let count = 0;
  if (streams.grpc !== undefined) loaded.grpcLayouts.update(u32Bytes(pid), streams.grpc);
  for (const [which, layout] of streams.http2) loaded.http2Layouts.update(library(pid, which), layout);
  const setSlots = (tgid: number): void => {
    if (slot === 0) return;
    if (streams.grpc !== undefined) loaded.grpcSlots.update(u32Bytes(slot), atSlot(tgid, streams.grpc));
    for (const [which, layout] of streams.http2)
      loaded.http2Slots.update(u32Bytes(2 * slot + which), atSlot(tgid, layout));
  };
  setSlots(pid);
  for (const name of [...namingProgramNames, ...streamProgramNames]) {
    const own = streams.sites.filter((site) => site.program === name);
    if (own.length === 0) continue;
    const program = loaded.program(name);
    if (program === undefined) {
      if (namingProgramNames.some((naming) => naming === name) && !loaded.names) continue;
      lost.add(`HTTP/2 and gRPC by their libraries: ${loaded.problem()}`);
      continue;
    }
    const told = own.map(({ fileOffset, cookie }) => ({
      fileOffset,
      cookie: cookie | (BigInt(slot) << 32n),
    }));
    const link = attachSites(program, { pid, file }, told);
    if (typeof link === "string") {
      if (link !== "") lost.add(`HTTP/2 and gRPC by their libraries: ${link}`);
      continue;
    }
    links.push(link);
    count += own.length;
  }
  return {
    get count() {
      return count;
    },
    lost: [...lost],
    close() {
      for (const link of links) link.close();
      links.length = 0;
      setSlots(0);
      count = 0;
      if (streams.grpc !== undefined) loaded.grpcLayouts.delete(u32Bytes(pid));
      for (const [which] of streams.http2) loaded.http2Layouts.delete(library(pid, which));
    },
  };
}

/** atSlot is a value of grpcSlots or http2Slots. */
function atSlot(tgid: number, layout: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + layout.length + 3) & ~3);
  bytes.set(u32Bytes(tgid));
  bytes.set(layout, 4);
  return bytes;
}

/** library is a key of http2Layouts. */
function library(pid: number, which: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pid, true);
  view.setUint32(4, which, true);
  return bytes;
}
