import { AgentError } from "../errors.js";

/** SamplingOptions say which requests are told. */
export interface SamplingOptions {
  /** share of requests that is told, 0 to 1; a caller's own decision in its traceparent comes first. */
  readonly share: number;
  /** errors tells every request that is answered with a status of 500 or above, whatever the share. */
  readonly errors?: boolean;
  /** spansPerSecond lowers the shares so far that no more spans are made, in fair parts by service; 0 or left out: no limit. */
  readonly spansPerSecond?: number;
  /** services have shares of their own, by service.name. */
  readonly services?: Readonly<Record<string, number>>;
}

/** SamplingReport is what is in force. */
export interface SamplingReport {
  readonly share: number;
  readonly errors: boolean;
  readonly spansPerSecond: number;
  /** services whose share is another than `share`: their own, or what the limit leaves them. */
  readonly services: Readonly<Record<string, number>>;
  /** untold counts requests to services that were seen and not told. */
  readonly untold: number;
}

/** ServiceLoad is what a service did since the last second. */
export interface ServiceLoad {
  readonly service: string;
  /** spans that were made, and requests that were seen and not told. */
  readonly spans: number;
  readonly requests: number;
  readonly untold: number;
}

/** Sampler decides each service's share. */
export interface Sampler {
  readonly options: SamplingOptions;
  /** change sets what is given. Throws AgentError "bad-sampling". */
  change(options: SamplingOptions): void;
  /** adapt takes what happened in some seconds and sets the shares that keep the spans below their limit. */
  adapt(seconds: number, loads: readonly ServiceLoad[]): void;
  shareOf(service: string): number;
}

// A limit is kept by what the last second offered; the next one may offer a little more.
const headroom = 0.9;
// Shares fall at once and rise in steps: a load that comes and goes would else overshoot each time it comes.
const riseAtMost = 2;

/** newSampler makes a sampler. Throws AgentError "bad-sampling". */
export function newSampler(first: SamplingOptions = { share: 1 }): Sampler {
  let options = checked(first);
  const limited = new Map<string, number>();
  const asked = (service: string): number => options.services?.[service] ?? options.share;

  return {
    get options() {
      return options;
    },
    change(next) {
      options = checked(next);
      limited.clear();
    },
    shareOf: (service) => Math.min(asked(service), limited.get(service) ?? 1),
    adapt(seconds, loads) {
      const limit = options.spansPerSecond ?? 0;
      if (limit === 0 || seconds <= 0) return limited.clear();
      const demands = loads.map((load) => {
        // What is not told would have made as many spans each as what is.
        const each = load.requests > 0 ? Math.max(1, load.spans / load.requests) : 1;
        return { service: load.service, offered: (load.spans + load.untold * each) / seconds };
      });
      const parts = fairParts(
        demands.map(({ service, offered }) => offered * asked(service)),
        limit * headroom,
      );
      const before = new Map(limited);
      limited.clear();
      demands.forEach(({ service, offered }, i) => {
        const share = offered > 0 ? Math.min(1, (parts[i] ?? 0) / offered) : 1;
        const now = Math.min(share, (before.get(service) ?? 1) * riseAtMost);
        if (now < asked(service)) limited.set(service, now);
      });
    },
  };
}

/** fairParts divides `limit`: who asks for less than an equal part gets it, and what that leaves goes to the others. */
export function fairParts(demands: readonly number[], limit: number): number[] {
  const parts = demands.map(() => 0);
  const order = demands.map((_, i) => i).sort((a, b) => (demands[a] ?? 0) - (demands[b] ?? 0));
  let rest = limit;
  order.forEach((at, done) => {
    const part = Math.min(demands[at] ?? 0, rest / (order.length - done));
    parts[at] = part;
    rest -= part;
  });
  return parts;
}

function checked(options: SamplingOptions): SamplingOptions {
  for (const share of [options.share, ...Object.values(options.services ?? {})]) {
    if (!(share >= 0 && share <= 1))
      throw new AgentError("bad-sampling", `${share} is no share of the requests`, {
        hint: "a number from 0 to 1, such as 0.01",
      });
  }
  const limit = options.spansPerSecond ?? 0;
  if (!(limit >= 0 && Number.isFinite(limit)))
    throw new AgentError("bad-sampling", `${limit} is no number of spans`, {
      hint: "spans each second, such as 1000",
    });
  return options;
}
