import { type BpfMap, type Link, type Program, u32Bytes } from "@go3s/bpf";
import type { StreamProgram, StreamSite } from "../go/stream-site.js";
import type { GoStreams } from "../go/streams.js";
import { attachSites } from "./attach-sites.js";

/** StreamPrograms are the programs of probes/streams.go3s, grpc.go3s, http2.go3s, messages.go3s and taken.go3s, and the maps that they know versions by. */
export interface StreamPrograms {
  /** program gives one of them, loaded when it is first asked for; undefined where it cannot be. */
  program(name: StreamProgram): Program | undefined;
  readonly grpcLayouts: BpfMap;
  readonly http2Layouts: BpfMap;
  /** grpcSlots and http2Slots have the same at the slots of targets: see probes/state.go3s, TargetSlot. */
  readonly grpcSlots: BpfMap;
  readonly http2Slots: BpfMap;
  /** messageChannels has how a process's channels of messages are known, receiving which places have seen any. */
  readonly messageChannels: BpfMap;
  readonly receiving: BpfMap;
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
  "onFetch",
  "onFetched",
  "onMarked",
  "onTake",
  "onTaken",
] as const satisfies readonly StreamProgram[];

/** namingProgramNames lists those that are for propagation alone (probes/names.go3s). */
export const namingProgramNames = [
  "onGRPCHeader",
  "onGRPCFields",
] as const satisfies readonly StreamProgram[];

const messageProgramNames: ReadonlySet<StreamProgram> = new Set([
  "onFetch",
  "onFetched",
  "onMarked",
  "onTake",
  "onTaken",
]);

/**
 * takenPrograms are what tells messages, each with what says when one is done with: that stays when the others go, so that none is left
 * open.
 */
const takenPrograms: ReadonlyMap<StreamProgram, StreamProgram> = new Map([
  ["onFetched", "onFetch"],
  ["onTaken", "onTake"],
]);

/** StreamProbes owns the uprobes on one process's libraries for HTTP/2 and Kafka. */
export interface StreamProbes {
  readonly count: number;
  readonly lost: readonly string[];
  /** tellsMessages: the process takes messages, which are told. */
  readonly tellsMessages: boolean;
  /** setMessages attaches and detaches those of messages. */
  setMessages(wanted: boolean): void;
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
  const links = new Map<StreamProgram, Link>();
  const lost = new Set<string>();
  if (streams.grpc !== undefined) loaded.grpcLayouts.update(u32Bytes(pid), streams.grpc);
  for (const [which, layout] of streams.http2) loaded.http2Layouts.update(library(pid, which), layout);
  const setSlots = (tgid: number): void => {
    if (slot === 0) return;
    if (streams.grpc !== undefined) loaded.grpcSlots.update(u32Bytes(slot), atSlot(tgid, streams.grpc));
    for (const [which, layout] of streams.http2)
      loaded.http2Slots.update(u32Bytes(2 * slot + which), atSlot(tgid, layout));
  };
  /** wrong are the places that receive from other channels, by their numbers. */
  const wrong = new Set<number>();
  const sitesOf = (name: StreamProgram): readonly StreamSite[] =>
    streams.sites.filter(
      (site) => site.program === name && (!receivingPrograms.has(name) || !wrong.has(receivingNumber(site))),
    );
  const attach = (name: StreamProgram): void => {
    const own = sitesOf(name);
    if (own.length === 0 || links.has(name)) return;
    // A message whose end nobody sees would be served for ever.
    const done = takenPrograms.get(name);
    if (done !== undefined && !links.has(done)) return;
    const what = messageProgramNames.has(name)
      ? "messages that are taken from Kafka"
      : "HTTP/2 and gRPC by their libraries";
    const program = loaded.program(name);
    if (program === undefined) {
      const isNaming = namingProgramNames.some((naming) => naming === name);
      if (!isNaming || loaded.names) lost.add(`${what}: ${loaded.problem()}`);
      return;
    }
    const told = own.map(({ fileOffset, cookie }) => ({
      fileOffset,
      cookie: cookie | (BigInt(slot) << 32n),
    }));
    const link = attachSites(program, { pid, file }, told);
    if (typeof link !== "string") links.set(name, link);
    else if (link !== "") lost.add(`${what}: ${link}`);
  };
  /** leaveWrong takes the probes from places whose channels turned out to be none of messages: some are passed a million times a second. */
  const leaveWrong = (): void => {
    const found = sitesOf("onTake").filter((site) => {
      const seen = loaded.receiving.lookup(receiver(pid, receivingNumber(site)));
      return seen !== undefined && seen[0] === 0;
    });
    if (found.length === 0) return;
    for (const site of found) wrong.add(receivingNumber(site));
    for (const name of receivingPrograms) {
      const link = links.get(name);
      if (link === undefined) continue;
      link.close();
      links.delete(name);
      attach(name);
    }
  };
  if (streams.sarama !== undefined) loaded.messageChannels.update(u32Bytes(pid), streams.sarama);
  setSlots(pid);
  for (const name of [...namingProgramNames, ...streamProgramNames]) attach(name);
  return {
    get count() {
      return [...links.keys()].reduce((sum, name) => sum + sitesOf(name).length, 0);
    },
    lost: [...lost],
    tellsMessages: [...takenPrograms.keys()].some((name) => links.has(name)),
    setMessages(wanted) {
      for (const name of takenPrograms.keys()) {
        if (wanted) attach(name);
        else {
          links.get(name)?.close();
          links.delete(name);
        }
      }
      if (links.has("onTake")) leaveWrong();
    },
    close() {
      for (const link of links.values()) link.close();
      links.clear();
      setSlots(0);
      if (streams.grpc !== undefined) loaded.grpcLayouts.delete(u32Bytes(pid));
      for (const [which] of streams.http2) loaded.http2Layouts.delete(library(pid, which));
      if (streams.sarama !== undefined) loaded.messageChannels.delete(u32Bytes(pid));
      for (const site of streams.sites)
        if (site.program === "onTake") loaded.receiving.delete(receiver(pid, receivingNumber(site)));
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

const receivingPrograms: ReadonlySet<StreamProgram> = new Set(["onTake", "onTaken"]);

/** receivingNumber is the number of a place that receives, as its cookie has it. */
const receivingNumber = ({ cookie }: StreamSite): number => Number((cookie >> 8n) & 0xffffn);

/** library is a key of http2Layouts, receiver one of receiving. */
const library = (pid: number, which: number): Uint8Array => pair(pid, which);
const receiver = (pid: number, site: number): Uint8Array => pair(pid, site);

function pair(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, first, true);
  view.setUint32(4, second, true);
  return bytes;
}
