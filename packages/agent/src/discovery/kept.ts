/** Kept holds what was used last: the one that nobody has asked for longest goes first. */
export interface Kept<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
}

/**
 * keptPrograms is how many programs are remembered by what was read out of their files, 6 KB each in two places, and by
 * their routes, up to 4,096 paths or half a megabyte: those that run, and the ones of late that may be started again. Builds and tests
 * leave hundreds that never are.
 */
export const keptPrograms = 128;

/** newKept makes an empty one for so many. */
export function newKept<V>(limit: number): Kept<V> {
  const known = new Map<string, V>();
  return {
    get(key) {
      const value = known.get(key);
      if (value === undefined) return undefined;
      known.delete(key);
      known.set(key, value);
      return value;
    },
    set(key, value) {
      known.delete(key);
      const [oldest] = known.keys();
      if (known.size >= limit && oldest !== undefined) known.delete(oldest);
      known.set(key, value);
    },
  };
}
