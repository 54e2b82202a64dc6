/** Recent keeps entries for a while: one to two generations behind their last use. */
export interface Recent<V> {
  get(key: number): V | undefined;
  /** use gives an entry, and keeps it for as long as a new one. */
  use(key: number): V | undefined;
  set(key: number, value: V): void;
  delete(key: number): void;
  /** size counts entries, of which some may be there twice. */
  size(): number;
}

/** RecentOptions bound a table: `limit` entries a generation, which lasts `ms` at most; `now` is for tests. */
export interface RecentOptions {
  readonly limit: number;
  readonly ms: number;
  readonly now?: () => number;
}

// The clock is read for one entry in so many: reading it costs as much as a look-up.
const clockEvery = 16;

/**
 * newRecent makes an empty table. By their number alone entries were kept for hours where few come, and an agent that ran for a
 * day held as many as it may of everything.
 */
export function newRecent<V>({
  limit,
  ms,
  now = performance.now.bind(performance),
}: RecentOptions): Recent<V> {
  let young = new Map<number, V>();
  let old = new Map<number, V>();
  let since = now();
  let sets = 0;

  const isOver = (): boolean => young.size >= limit || (sets++ % clockEvery === 0 && now() - since > ms);
  const set = (key: number, value: V): void => {
    if (isOver()) {
      old = now() - since > 2 * ms ? new Map() : young;
      young = new Map();
      since = now();
    }
    young.set(key, value);
  };
  return {
    get: (key) => young.get(key) ?? old.get(key),
    use(key) {
      const found = young.get(key);
      if (found !== undefined) return found;
      const kept = old.get(key);
      if (kept !== undefined) set(key, kept);
      return kept;
    },
    set,
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    size: () => young.size + old.size,
  };
}
