import { getPriority, setPriority } from "node:os";

/** Courtesy decides when the agent lets everybody else go first. */
export interface Courtesy {
  /** looked tells how full the ring buffer was and how many records were read. */
  looked(fill: number, records: number): void;
  /** hurry keeps the agent's ordinary priority for a while: somebody waits for what it does now. */
  hurry(): void;
}

/** CourtesyOptions are the outside of a courtesy: the process's own priority and clock, or a test's. */
export interface CourtesyOptions {
  /** setNice changes the priority of the thread that reads; throws when that is not allowed. */
  readonly setNice?: (nice: number) => void;
  readonly getNice?: () => number;
  readonly now?: () => number;
}

/** LOWEST has a weight of 15 beside the 1024 of nice 0 (sched_prio_to_weight, kernel/sched/core.c). */
const LOWEST = 19;
/** BUSY_RECORDS in one look are a machine at work; below that our cost is nothing and a first span must not wait. */
const BUSY_RECORDS = 2000;
/** FULL: from here on the ring buffer's rest is all the time there is, and we take our share of the processors. */
const FULL = 0.2;
/** HURRY_MS is how long a fit of hurry lasts. */
const HURRY_MS = 2000;
/**
 * MOST_MS: on a crowded machine the lowest priority gets milliseconds in a second. Who has fallen behind for having given way does
 * not try again for a while, a longer one each time, this at most. (A look that is only late says nothing: 50,000 repeated requests a
 * second fill the buffer in six seconds, and taking late looks for it cost a busy net/http service a tenth.)
 */
const MOST_MS = 60_000;

/**
 * newCourtesy gives way while a watched service is at its maximum: what the agent takes from a saturated machine it takes
 * in turns of milliseconds, in which the service's client or the service itself waits and the other processor runs dry.
 * The ring buffer says how far behind that puts us.
 */
export function newCourtesy(options: CourtesyOptions = {}): Courtesy {
  const now = options.now ?? (() => performance.now());
  const setNice = options.setNice ?? ((nice: number) => setPriority(0, nice));
  const ordinary = (options.getNice ?? getPriority)();
  let current = ordinary;
  let hurryUntil = Number.NEGATIVE_INFINITY;
  let lastBehind = Number.NEGATIVE_INFINITY;
  let penalty = HURRY_MS;
  let isAllowed: boolean | undefined;

  const become = (nice: number): void => {
    if (nice === current || isAllowed === false) return;
    try {
      // Who may not raise a priority again (no CAP_SYS_NICE, setpriority(2)) must not give it away.
      if (isAllowed === undefined) {
        setNice(ordinary - 1);
        isAllowed = true;
      }
      setNice(nice);
      current = nice;
    } catch {
      isAllowed = false;
    }
  };

  /** fellBehind keeps the ordinary priority for a while, a longer one when it is not long since the last time. */
  const fellBehind = (at: number): void => {
    penalty = at - lastBehind < 4 * penalty ? Math.min(MOST_MS, 2 * penalty) : HURRY_MS;
    lastBehind = at;
    hurryUntil = at + penalty;
  };

  return {
    looked(fill, records) {
      const at = now();
      if (fill > FULL && current === LOWEST) fellBehind(at);
      else if (fill > FULL) hurryUntil = Math.max(hurryUntil, at + HURRY_MS);
      if (records < BUSY_RECORDS || at < hurryUntil) become(ordinary);
      else become(LOWEST);
    },
    hurry() {
      hurryUntil = Math.max(hurryUntil, now() + HURRY_MS);
      become(ordinary);
    },
  };
}
