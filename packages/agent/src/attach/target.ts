import type { ThreadKind } from "../discovery/thread-kind.js";
import type { GoFacts } from "../go/facts.js";

/** TargetFlag bits, as probes/state.go3s has them. */
export const TargetFlag = {
  go: 1,
  parentGoid: 2,
  handlerEnd: 4,
  roundTrip: 8,
  patternIsPointer: 16,
  secure: 32,
  library: 64,
  streams: 128,
  writes: 256,
  repeats: 512,
  names: 1024,
  messages: 2048,
  threads: 4096,
  atOnce: 8192,
  timers: 16384,
  errors: 1 << 16,
  thin: 1 << 17,
  tasks: 1 << 18,
  decided: 1 << 19,
} as const;

/** targetSize is the size of the probes' Target struct in bytes. */
export const targetSize = 32;

/** AttachedProbes says which of a process's uprobes are attached. */
export interface AttachedProbes {
  readonly handlerEnd: boolean;
  readonly roundTrip: boolean;
  readonly spawn: boolean;
}

/** TargetSampling is what the probes decide by which of a process's requests are told. */
export interface TargetSampling {
  /** The upper 32 bits of the threshold that a request's random bits must reach; 0 tells every request. */
  readonly threshold: number;
  /** errors tells requests that are answered with an error all the same. */
  readonly errors: boolean;
  /** thin takes the decision for what callers sampled, too. */
  readonly thin: boolean;
}

/** everyRequest is the sampling that leaves nothing out. */
export const everyRequest: TargetSampling = { threshold: 0, errors: false, thin: false };

/** threadFlags are the flags of a program whose threads tell whose work they do; 0 where goroutines do. */
export const threadFlags = (kind: ThreadKind | undefined): number =>
  kind === undefined
    ? 0
    : TargetFlag.threads |
      (kind === "serial" ? 0 : TargetFlag.atOnce) |
      (kind === "at-once-or-later" ? TargetFlag.timers : 0);

/** samplingFlags are the flags of a sampling. */
export const samplingFlags = ({ errors, thin }: TargetSampling): number =>
  (errors ? TargetFlag.errors : 0) | (thin ? TargetFlag.thin : 0);

/** encodeTarget builds a value of the map `targets`: what the kernel side must know of a watched process; `more` are further flags. */
export function encodeTarget(
  facts: GoFacts | undefined,
  attached: AttachedProbes,
  sampling: TargetSampling = everyRequest,
  slot = 0,
  more = 0,
): Uint8Array {
  const bytes = new Uint8Array(targetSize);
  const view = new DataView(bytes.buffer);
  let flags = samplingFlags(sampling) | more;
  view.setUint32(0, flags, true);
  view.setUint32(24, sampling.threshold, true);
  view.setUint32(28, slot, true);
  if (facts === undefined) return bytes;
  if (facts.goid !== undefined) flags |= TargetFlag.go;
  if (facts.parentGoid !== undefined) flags |= TargetFlag.parentGoid;
  if (attached.handlerEnd) flags |= TargetFlag.handlerEnd;
  if (attached.roundTrip) flags |= TargetFlag.roundTrip;
  if (facts.patternIsPointer) flags |= TargetFlag.patternIsPointer;
  const words = [
    flags,
    facts.goid,
    facts.parentGoid,
    facts.responseReq,
    facts.requestPattern,
    facts.persistConn,
  ];
  words.forEach((word, i) => {
    view.setUint32(i * 4, word ?? 0, true);
  });
  return bytes;
}

/** targetAtSlot builds a value of the map `targetSlots`. */
export function targetAtSlot(tgid: number, target: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + targetSize);
  new DataView(bytes.buffer).setUint32(0, tgid, true);
  bytes.set(target, 8);
  return bytes;
}
