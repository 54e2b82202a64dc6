import type { IncomingHttpHeaders } from "node:http2";
import type { Socket } from "node:net";
import type { Counters } from "../counters.js";
import { count } from "../counters.js";
import { type Accepted, type OtlpSignal, type Refusal, refusalOf } from "./status.js";

/** Intake takes OTLP protobuf bytes of one request; the promise resolves when they are on disk. */
export interface Intake {
  /**
   * accept decodes at once (the bytes may be reused when it returns) and resolves after the group commit.
   * Rejects with ServerError: not-otlp, too-many, disk-full, store-not-ready. `fused` bodies are those of
   * docs/fused-otlp.md, which may bring logs and metrics beside spans.
   */
  accept(signal: OtlpSignal["signal"], body: Uint8Array, fused?: boolean): Promise<Accepted>;
  /** idle resolves when nothing accepted is on its way to the disk. */
  idle(): Promise<void>;
}

/** Receiver is what both protocols share: where bodies go and what is counted. */
export interface Receiver {
  readonly intake: Intake;
  readonly counters: Counters;
  /** admit throws ServerError for who may not send; left out: everybody may. */
  readonly admit?: (socket: Socket | undefined, headers: IncomingHttpHeaders) => void;
}

/** succeed counts a request that was acknowledged. */
export function succeed(receiver: Receiver, protocol: string, signal: OtlpSignal, accepted: Accepted): void {
  count(receiver.counters, "requests", protocol, signal.signal, "ok").value++;
  count(receiver.counters, "items", protocol, signal.signal).value += accepted.rows;
  for (const other of accepted.others ?? [])
    count(receiver.counters, "items", protocol, other.signal).value += other.rows;
  if (accepted.rejected > 0)
    count(receiver.counters, "dropped", "receive", "rejected", signal.unit).value += accepted.rejected;
}

/** refuse counts a request that was not acknowledged and gives what its client is told. */
export function refuse(receiver: Receiver, protocol: string, signal: string, thrown: unknown): Refusal {
  const refusal = refusalOf(thrown);
  count(receiver.counters, "requests", protocol, signal, refusal.error.code).value++;
  count(receiver.counters, "dropped", "receive", refusal.error.code, "requests").value++;
  return refusal;
}
