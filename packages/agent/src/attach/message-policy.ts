/** MessageLimits are the figures of a message policy. */
export interface MessageLimits {
  /** Messages/s above which they are no longer told. */
  readonly above: number;
  /** How many decisions in a row must agree. */
  readonly patience: number;
  /** Seconds until it is tried again at first; doubled while there are still too many, up to `retryMost`. */
  readonly retryAfter: number;
  readonly retryMost: number;
}

/** messageLimits: the RET that a message is told by costs 11 to 16 microseconds here, so 4,000 are 5 % of a CPU. */
export const messageLimits: MessageLimits = { above: 4000, patience: 2, retryAfter: 10, retryMost: 160 };

/** MessagePolicy decides whether the messages that a process takes are worth their cost. */
export interface MessagePolicy {
  /** decide takes how many were taken in the last seconds, told or not, and says whether their probes shall be attached now. */
  decide(messages: number, seconds: number): boolean;
}

/** newMessagePolicy begins with the probes attached. Without them nobody counts: they are tried again for as long as `patience` takes. */
export function newMessagePolicy(limits: MessageLimits = messageLimits): MessagePolicy {
  let over = 0;
  let away = 0;
  let retry = limits.retryAfter;
  return {
    decide(messages, seconds) {
      if (away > 0) {
        away = Math.max(0, away - seconds);
        return away === 0;
      }
      const isOver = seconds > 0 && messages / seconds > limits.above;
      over = isOver ? over + 1 : 0;
      // A quiet second in between is no reason to try again soon.
      if (!isOver) retry = Math.max(limits.retryAfter, retry - seconds);
      if (over < limits.patience) return true;
      over = 0;
      away = retry;
      retry = Math.min(limits.retryMost, retry * 2);
      return false;
    },
  };
}
