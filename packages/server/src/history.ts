import type { HistoryAnswer } from "./api/status-types.js";

/** Moment is what history is made of: counts so far, and what is at the moment. */
export interface Moment {
  /** Unix milliseconds. */
  readonly at_ms: number;
  readonly spans: number;
  readonly logs: number;
  readonly metrics: number;
  readonly dropped: number;
  readonly sampledOut: number;
  readonly waitingBytes: number;
  readonly waitingOldest_ms: number;
  readonly serverCpuMicros: number;
  /** undefined where the machine does not tell it. */
  readonly engineCpuMicros: number | undefined;
}

/** History keeps the last quarter of an hour in steps of five seconds; it costs some kilobytes. */
export interface History {
  /** add takes a moment, about one a second; time goes forward. */
  add(moment: Moment): void;
  answer(now_ms: number): HistoryAnswer;
}

const step_ms = 5_000;
const count = 180;

const series = [
  "spans",
  "logs",
  "metrics",
  "dropped",
  "sampled_out",
  "waiting_bytes",
  "waiting_oldest_ms",
  "server_cpu",
  "engine_cpu",
] as const;
type Step = Readonly<Record<(typeof series)[number], number | null>>;

/** createHistory begins empty. */
export function createHistory(): History {
  const steps = new Map<number, Step>();
  let began: Moment | undefined;
  let most = { bytes: 0, oldest_ms: 0 };

  const stepOf = (first: Moment, last: Moment): Step => {
    const seconds = (last.at_ms - first.at_ms) / 1000;
    const rate = (of: (moment: Moment) => number) => Math.max(0, (of(last) - of(first)) / seconds);
    const { engineCpuMicros: before } = first;
    const { engineCpuMicros: after } = last;
    return {
      spans: rate((moment) => moment.spans),
      logs: rate((moment) => moment.logs),
      metrics: rate((moment) => moment.metrics),
      dropped: rate((moment) => moment.dropped),
      sampled_out: rate((moment) => moment.sampledOut),
      waiting_bytes: most.bytes,
      waiting_oldest_ms: most.oldest_ms,
      server_cpu: rate((moment) => moment.serverCpuMicros) / 1e6,
      // A new engine counts from nothing: that step is not known.
      engine_cpu:
        before === undefined || after === undefined || after < before
          ? null
          : (after - before) / 1e6 / seconds,
    };
  };

  return {
    add(moment) {
      began ??= moment;
      most = {
        bytes: Math.max(most.bytes, moment.waitingBytes),
        oldest_ms: Math.max(most.oldest_ms, moment.waitingOldest_ms),
      };
      const step = Math.floor(began.at_ms / step_ms);
      // A clock that was set back begins anew.
      if (moment.at_ms < began.at_ms) began = moment;
      if (Math.floor(moment.at_ms / step_ms) === step || moment.at_ms - began.at_ms < step_ms / 2) return;
      steps.set(step, stepOf(began, moment));
      began = moment;
      most = { bytes: moment.waitingBytes, oldest_ms: moment.waitingOldest_ms };
      for (const old of steps.keys()) {
        if (steps.size <= count) break;
        steps.delete(old);
      }
    },
    answer(now_ms) {
      const end = Math.floor(now_ms / step_ms);
      const first = end - count;
      const of = (name: (typeof series)[number]) =>
        Array.from({ length: count }, (_, at) => rounded(steps.get(first + at)?.[name] ?? null));
      return {
        start_ms: first * step_ms,
        step_ms,
        count,
        spans: of("spans"),
        logs: of("logs"),
        metrics: of("metrics"),
        dropped: of("dropped"),
        sampled_out: of("sampled_out"),
        waiting_bytes: of("waiting_bytes"),
        waiting_oldest_ms: of("waiting_oldest_ms"),
        server_cpu: of("server_cpu"),
        engine_cpu: of("engine_cpu"),
      };
    },
  };
}

/** Four digits are what a plot shows. */
const rounded = (value: number | null): number | null =>
  value === null ? null : Number(value.toPrecision(4));
