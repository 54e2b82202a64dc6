import { randomInt } from "node:crypto";
import { TelemetryError } from "@go3s/telemetry";
import type { SamplingStatus } from "../api/types.js";
import { type Counters, count, labelled } from "../counters.js";
import { ServerError } from "../errors.js";
import { createBufferPool } from "../receive/pool.js";
import type { Intake } from "../receive/receiver.js";
import { fromStore } from "../store-errors.js";
import { Decider, type DeciderOptions, type WaitingLog } from "./decider.js";
import { ID_BYTES, KeptTraces } from "./kept-traces.js";
import { encodeHead, encodeVoid, type RecordId } from "./record.js";
import { type Cut, type SampleOptions, Sampler } from "./sampler.js";

/** SamplingIntake is an intake that keeps a part of the spans. */
export interface SamplingIntake extends Intake {
  status(): SamplingStatus;
  /** close leaves what waits to the next run. */
  close(): Promise<void>;
}

/** Waits are how long spans wait and how much of them: defaults of SampleOptions. */
const WAIT_MS = 10_000;
const WAITING_BYTES = 4 * 2 ** 30;
/** What one record of the log may hold (FRAME_PAYLOAD_MAX), less a head. */
const RECORD_BYTES_MAX = (64 << 20) - 1024;

/** startDecider decides about what waits in a store's log, also where no more comes. */
export async function startDecider(
  log: WaitingLog,
  counters: Counters,
  options: Partial<Pick<SampleOptions, "wait_ms" | "waitingBytes">> &
    Pick<DeciderOptions, "asideAfter_ms" | "tenantAttribute"> = {},
  kept: KeptTraces = new KeptTraces(),
): Promise<Decider> {
  const decider = new Decider({
    log,
    kept,
    wait_ms: options.wait_ms ?? WAIT_MS,
    waitingBytes: options.waitingBytes ?? WAITING_BYTES,
    ...(options.asideAfter_ms === undefined ? {} : { asideAfter_ms: options.asideAfter_ms }),
    ...(options.tenantAttribute === undefined ? {} : { tenantAttribute: options.tenantAttribute }),
    onKept: (spans) => {
      count(counters, "sampled", "kept", "trace").value += spans;
    },
    onDropped: (reason, spans) => {
      count(counters, "sampled", "dropped", reason).value += spans;
    },
  });
  await decider.open();
  return decider;
}

/**
 * createSamplingIntake samples spans before they are decoded; logs and metrics pass. A span that is neither kept nor dropped yet is
 * written to `log` and synced before it is acknowledged: it is decided later, also by the next run.
 */
export async function createSamplingIntake(
  inner: Intake,
  log: WaitingLog,
  options: SampleOptions & Pick<DeciderOptions, "tenantAttribute">,
  counters: Counters,
): Promise<SamplingIntake> {
  if (!(options.ratio > 0 && options.ratio <= 1))
    throw new RangeError(`a sampling ratio is above 0 and at most 1, not ${options.ratio}`);
  const sampler = new Sampler(options);
  const decider = await startDecider(log, counters, options, sampler.kept);
  const run = randomInt(2 ** 32);
  // Fresh memory for each request costs more than all else here: the collector of garbage runs for it again and again.
  const pool = createBufferPool();
  let records = 0;
  /** Ids whose record could not be written: they go with the next one. */
  let owed: Uint8Array = new Uint8Array(0);

  const cutOf = (body: Uint8Array, fused: boolean, id: RecordId) => {
    try {
      return sampler.cut(body, fused, encodeHead(id, Date.now()), pool.lend);
    } catch (error) {
      if (!(error instanceof TelemetryError)) throw error;
      throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
    }
  };
  const write = async ({ waiting, waitingSpans, decided }: Cut, fused: boolean): Promise<void> => {
    const ids = owed.length === 0 ? decided : Buffer.concat([owed, decided]);
    owed = new Uint8Array(0);
    try {
      if (waiting !== undefined && waiting.length > RECORD_BYTES_MAX)
        throw new ServerError(
          "too-large",
          `${waiting.length} bytes of spans wait for their traces' decision`,
          {
            hint: `send smaller batches: ${RECORD_BYTES_MAX} bytes may`,
          },
        );
      await log.append([
        ...(ids.length === 0 ? [] : [{ kind: "keep", rows: ids.length / ID_BYTES, bytes: ids } as const]),
        ...(waiting === undefined
          ? []
          : [{ kind: fused ? "fused" : "spans", rows: waitingSpans, bytes: waiting } as const]),
      ]);
    } catch (error) {
      owed = Buffer.concat([owed, ids]);
      const told = fromStore(error);
      if (told instanceof ServerError && told.code === "disk-full") decider.press();
      throw told;
    } finally {
      if (waiting !== undefined) pool.giveBack(Buffer.from(waiting.buffer));
    }
    decider.waits(waitingSpans);
  };
  const takeBack = (id: RecordId, spans: number): void => {
    if (spans === 0) return;
    decider.void(id, spans);
    // The sender was refused and may send again. Should this process end before the generation is decided, this record says so.
    log.append([{ kind: "void", rows: 1, bytes: encodeVoid(id) }]).catch(() => undefined);
  };
  const sums = (decision: string): Record<string, number> =>
    Object.fromEntries(
      labelled(counters, "sampled")
        .filter(({ labels }) => labels[0] === decision)
        .map(({ labels, value }) => [labels[1] ?? "", value]),
    );

  return {
    async accept(signal, body, fused = false) {
      if (signal !== "traces") return inner.accept(signal, body, fused);
      const id = { run, number: records++ >>> 0 };
      const cut = cutOf(body, fused, id);
      const mustWrite = cut.waiting !== undefined || cut.decided.length > 0;
      // The request's own bytes may be reused as soon as this function waits.
      const isOwn = cut.bytes?.buffer === body.buffer;
      const bytes = mustWrite && isOwn ? cut.bytes?.slice() : cut.bytes;
      if (mustWrite) await write(cut, fused);
      let accepted = { rows: 0, rejected: 0, message: "" };
      try {
        if (bytes !== undefined) accepted = await inner.accept("traces", bytes, fused);
      } catch (error) {
        takeBack(id, cut.waitingSpans);
        throw error;
      }
      for (const [reason, spans] of cut.kept) count(counters, "sampled", "kept", reason).value += spans;
      return accepted;
    },
    idle: () => inner.idle(),
    status: () => ({
      ratio: options.ratio,
      slow_ms: options.slow_ms ?? 0,
      kept: sums("kept"),
      dropped: sums("dropped"),
      waiting: { spans: decider.spans, bytes: log.bytes, generations: log.generations.length },
      failure: decider.failure,
      remembered: { traces: sampler.kept.size, forgotten: sampler.kept.forgotten },
    }),
    close: () => decider.close(),
  };
}
