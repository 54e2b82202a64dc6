import { TelemetryError } from "@go3s/telemetry";
import type { SamplingStatus } from "../api/types.js";
import { type Counters, count, labelled } from "../counters.js";
import { ServerError } from "../errors.js";
import type { Intake } from "../receive/receiver.js";
import type { Alone } from "./pending.js";
import { type SampleOptions, Sampler } from "./sampler.js";

/** SamplingIntake is an intake that keeps a part of the spans. */
export interface SamplingIntake extends Intake {
  status(): SamplingStatus;
  /** close drops what waits and gives what is kept to the intake behind. */
  close(): Promise<void>;
}

const settleEvery_ms = 100;
// What was released is taken again until the store has it; beyond so much of it it is lost, and counted.
const releasedMax = 64 << 20;

/**
 * createSamplingIntake samples spans before they are decoded; logs and metrics pass. A span that is neither kept nor dropped yet
 * is acknowledged as one that is not kept: it waits in memory only, and is gone with the process.
 */
export function createSamplingIntake(
  inner: Intake,
  options: SampleOptions,
  counters: Counters,
): SamplingIntake {
  if (!(options.ratio > 0 && options.ratio <= 1))
    throw new RangeError(`a sampling ratio is above 0 and at most 1, not ${options.ratio}`);
  const counted = (decision: string, reason: string, spans: number) => {
    count(counters, "sampled", decision, reason).value += spans;
  };
  const sampler = new Sampler(options, {
    kept: (reason, spans) => counted("kept", reason, spans),
    dropped: (reason, spans) => counted("dropped", reason, spans),
  });
  let released: Alone[] = [];
  let releasedBytes = 0;
  let releasing: Promise<void> | undefined;

  const hold = (spans: readonly Alone[]): void => {
    for (const span of spans) {
      if (releasedBytes + span.bytes.length > releasedMax) counted("dropped", "store", 1);
      else {
        releasedBytes += span.bytes.length;
        released.push(span);
      }
    }
  };
  const release = async (): Promise<void> => {
    const now = released;
    released = [];
    releasedBytes = 0;
    for (const fused of [false, true]) {
      const spans = now.filter((each) => each.fused === fused);
      if (spans.length === 0) continue;
      try {
        const { rows } = await inner.accept("traces", Buffer.concat(spans.map(({ bytes }) => bytes)), fused);
        counted("kept", "trace", rows);
        if (rows < spans.length) counted("dropped", "invalid", spans.length - rows);
      } catch (error) {
        const isLater = error instanceof ServerError && error.retryAfterSeconds !== undefined;
        if (isLater) hold(spans);
        else counted("dropped", "invalid", spans.length);
      }
    }
  };
  const start = (): void => {
    if (released.length === 0 || releasing !== undefined) return;
    releasing = release().finally(() => {
      releasing = undefined;
    });
  };
  const timer = setInterval(() => {
    sampler.pending.settle(performance.now());
    start();
  }, settleEvery_ms);
  timer.unref();

  const cutOf = (body: Uint8Array, fused: boolean) => {
    try {
      return sampler.cut(body, fused, performance.now());
    } catch (error) {
      if (!(error instanceof TelemetryError)) throw error;
      throw new ServerError("not-otlp", error.message, { hint: error.hint ?? "", cause: error });
    }
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
      const { bytes, released: freed, settle } = cutOf(body, fused);
      hold(freed);
      const accepted =
        bytes === undefined
          ? { rows: 0, rejected: 0, message: "" }
          : await inner.accept("traces", bytes, fused);
      settle();
      start();
      return accepted;
    },
    async idle() {
      while (releasing !== undefined) await releasing;
      await inner.idle();
    },
    status: () => ({
      ratio: options.ratio,
      slow_ms: options.slow_ms ?? 0,
      kept: sums("kept"),
      dropped: sums("dropped"),
      waiting: sampler.pending.waiting,
    }),
    async close() {
      clearInterval(timer);
      sampler.pending.close();
      while (releasing !== undefined) await releasing;
      start();
      while (releasing !== undefined) await releasing;
    },
  };
}
