import { sizeClasses } from "./size-classes.js";

/** SeenSite is how often a place was seen to allocate; `bytes` is what the seen ones had of class 0. */
export interface SeenSite {
  readonly stack: number;
  readonly class: number;
  readonly count: number;
  readonly bytes: number;
}

/** SiteShare is what a place allocated. */
export interface SiteShare {
  objects: number;
  bytes: number;
}

/** Shares divides what the runtime counted among the places that were seen. */
export interface Shares {
  /** divide takes the runtime's counts so far by class and the places seen since the last call; gives shares by stack. */
  divide(counts: readonly number[], seen: readonly SeenSite[]): Map<number, SiteShare>;
}

/**
 * newShares begins at the runtime's counts of now. The runtime counts objects exactly, but a place is only seen when a span is
 * used up: what was allocated of a class of which no place was seen waits until one is, so that nothing is told twice or lost.
 */
export function newShares(begin: readonly number[]): Shares {
  const told = [...begin];
  return {
    divide(counts, seen) {
      const samples = sizeClasses.map(() => 0);
      for (const site of seen) samples[site.class] = (samples[site.class] ?? 0) + site.count;
      const grown = sizeClasses.map((_, i) => {
        if (samples[i] === 0) return 0;
        const before = told[i] ?? 0;
        told[i] = Math.max(before, counts[i] ?? 0);
        return (told[i] ?? 0) - before;
      });
      const shares = new Map<number, SiteShare>();
      // Rounded so that the parts of a class add up to it.
      const given = sizeClasses.map(() => 0);
      const taken = sizeClasses.map(() => 0);
      for (const { stack, class: of, count, bytes } of seen) {
        const all = grown[of] ?? 0;
        const samplesOf = samples[of] ?? 1;
        taken[of] = (taken[of] ?? 0) + count;
        const upTo = Math.round((all * (taken[of] ?? 0)) / samplesOf);
        const objects = upTo - (given[of] ?? 0);
        given[of] = upTo;
        const share = shares.get(stack) ?? { objects: 0, bytes: 0 };
        share.objects += objects;
        share.bytes += of === 0 ? Math.round((bytes / count) * objects) : objects * (sizeClasses[of] ?? 0);
        shares.set(stack, share);
      }
      return shares;
    },
  };
}
