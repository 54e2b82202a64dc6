import type { GoFacts } from "../go/facts.js";

/** TargetFlag bits, as probes/state.go3s has them. */
export const TargetFlag = {
  go: 1,
  parentGoid: 2,
  handlerEnd: 4,
  roundTrip: 8,
  patternIsPointer: 16,
} as const;

/** targetSize is the size of the probes' Target struct in bytes. */
export const targetSize = 24;

/** AttachedProbes says which of a process's uprobes are attached. */
export interface AttachedProbes {
  readonly handlerEnd: boolean;
  readonly roundTrip: boolean;
  readonly spawn: boolean;
}

/** encodeTarget builds a value of the map `targets`: what the kernel side must know of a watched process. */
export function encodeTarget(facts: GoFacts | undefined, attached: AttachedProbes): Uint8Array {
  const bytes = new Uint8Array(targetSize);
  if (facts === undefined) return bytes;
  const view = new DataView(bytes.buffer);
  let flags = 0;
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
