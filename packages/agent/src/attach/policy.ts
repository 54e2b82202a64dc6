import type { AttachedProbes } from "./target.js";

/** Load is what one process did since the last decision. */
export interface Load {
  /** Seconds since the last decision. */
  readonly seconds: number;
  /** Server requests. */
  readonly requests: number;
  /** Outgoing requests. */
  readonly calls: number;
  /** Server requests whose route neither came with them nor was known by their exact path. */
  readonly newPaths: number;
  /** Outgoing requests without a parent. */
  readonly orphans: number;
  /** Outgoing requests and queries whose parent was found more than one goroutine away: only goroutine starts tell that. */
  readonly deep: number;
}

/** PolicyLimits are the policy's figures. */
export interface PolicyLimits {
  /** Requests/s above which probes that tell nothing new are shed. */
  readonly shedAbove: number;
  /** Requests/s below which everything is attached again; lower, so that a rate in between changes nothing. */
  readonly restoreBelow: number;
  /** How many decisions in a row must agree. */
  readonly patience: number;
  /** Share of requests with unknown routes (of calls without parents) that asks for a sample. */
  readonly unknownShare: number;
  /** Seconds a sample lasts. */
  readonly sampleSeconds: number;
  /** Seconds between samples at first; doubled while samples teach nothing, up to 16 times. */
  readonly sampleEvery: number;
}

/** defaultLimits: a hit costs 0.5 to 0.7 microseconds here, so 8,000 requests/s with two hits are 1 % of a CPU. */
export const defaultLimits: PolicyLimits = {
  shedAbove: 8000,
  restoreBelow: 5000,
  patience: 2,
  unknownShare: 0.01,
  sampleSeconds: 1,
  sampleEvery: 10,
};

/** Policy decides which uprobes of one process are worth their cost. */
export interface Policy {
  /** decide takes what happened since the last call and says what shall be attached now. */
  decide(load: Load): AttachedProbes;
}

// Seconds that goroutine starts are watched for callers more than one goroutine away from their request, until there is one.
const spawnSeconds = 60;
// So many outgoing requests and queries without one are enough sooner: each costs as much, and a minute of them says no more.
const spawnCalls = 20_000;

/** all is everything attached: exact and, at low rates, cheap. */
export const all: AttachedProbes = { handlerEnd: true, roundTrip: true, spawn: true };

/**
 * newPolicy makes the policy of one process, which begins with everything attached. Under high load the probe at a
 * handler's end is shed when the routes are known by path, the one at goroutine starts when outgoing requests find
 * their parents without it; when that stops being so, they are attached again for a sample. The probe on outgoing
 * requests stays: it is only hit by what nothing else can tell. The one at goroutine starts is hit by every `go` statement
 * (680 ns here; database/sql starts one for each query), so at any rate it stays only as long as it finds parents.
 */
export function newPolicy(limits: PolicyLimits = defaultLimits): Policy {
  let high = false;
  let agreeing = 0;
  let sampleLeft = 0;
  let sinceSample = Number.POSITIVE_INFINITY;
  let wait = limits.sampleEvery;
  let spawnNeeded = spawnSeconds;
  let fruitless = 0;
  let spawnWait = 0;
  let spawnBackoff = limits.sampleEvery;

  const watchSpawns = (): void => {
    spawnNeeded = spawnSeconds;
    fruitless = 0;
  };

  /** needsSpawn says whether goroutine starts are worth watching, at a low rate as at a high one. */
  const needsSpawn = (load: Load): boolean => {
    spawnWait = Math.max(0, spawnWait - load.seconds);
    if (load.deep > 0) {
      watchSpawns();
      spawnBackoff = limits.sampleEvery;
      return true;
    }
    if (spawnNeeded > 0) {
      fruitless += load.calls;
      spawnNeeded = fruitless < spawnCalls ? spawnNeeded - load.seconds : 0;
      if (spawnNeeded > 0) return true;
      // Nobody's children, and they stay so: ask ever more rarely.
      spawnWait = spawnBackoff;
      spawnBackoff = Math.min(spawnBackoff * 2, limits.sampleEvery * 16);
      return false;
    }
    const isOrphaned = load.calls > 0 && load.orphans > load.calls * limits.unknownShare;
    if (isOrphaned && spawnWait === 0) watchSpawns();
    return spawnNeeded > 0;
  };

  return {
    decide(load) {
      const rate = load.seconds > 0 ? load.requests / load.seconds : 0;
      const disagrees = high ? rate < limits.restoreBelow : rate > limits.shedAbove;
      agreeing = disagrees ? agreeing + 1 : 0;
      if (agreeing >= limits.patience) {
        high = !high;
        agreeing = 0;
        sampleLeft = 0;
        sinceSample = Number.POSITIVE_INFINITY;
        wait = limits.sampleEvery;
        // Under load what has found nothing goes at once; when it is over there is time to look again.
        if (high) spawnNeeded = 0;
        else watchSpawns();
      }
      const spawn = needsSpawn(load);
      if (!high) return { handlerEnd: true, roundTrip: true, spawn };

      const unknown = load.newPaths > load.requests * limits.unknownShare;
      if (sampleLeft > 0) {
        sampleLeft -= load.seconds;
        if (sampleLeft <= 0)
          wait = unknown ? Math.min(wait * 2, limits.sampleEvery * 16) : limits.sampleEvery;
      } else {
        sinceSample += load.seconds;
        if (unknown && sinceSample >= wait) {
          sampleLeft = limits.sampleSeconds;
          sinceSample = 0;
        }
      }
      return { handlerEnd: sampleLeft > 0, roundTrip: true, spawn };
    },
  };
}
