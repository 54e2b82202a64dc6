/** WaitingItem is of a goroutine that may serve a request, or come from one that does. */
export interface WaitingItem {
  readonly tgid: number;
  readonly routine: number;
  /** parentRoutine is the goroutine that started it, 0 where that is not known. */
  readonly parentRoutine: number;
}

/** WaitingItems are what waits to be told, by the goroutines that it waits for. */
export interface WaitingItems<T extends WaitingItem> {
  add(item: T): void;
  /** release tells what waited for a goroutine, or for one that it started, where it is chosen. */
  release(key: string, chosen: (item: T) => boolean): void;
  releaseAll(chosen: (item: T) => boolean): void;
  /** counts: items, the goroutines that they are of, and those that started these. */
  counts(): { readonly items: number; readonly routines: number; readonly starters: number };
}

/** keyOf names a goroutine. */
export const keyOf = (tgid: number, routine: number): string => `${tgid}:${routine}`;

interface Waiting<T> {
  /** starter is the key that this stands under in `started`, "" for none. */
  readonly starter: string;
  items: T[];
}

/** newWaitingItems is empty; `tell` takes what is released. */
export function newWaitingItems<T extends WaitingItem>(tell: (item: T) => void): WaitingItems<T> {
  const waiting = new Map<string, Waiting<T>>();
  /** started has the goroutines with waiting items by the one that started them. */
  const started = new Map<string, Set<string>>();
  let count = 0;

  const forget = (key: string, starter: string): void => {
    waiting.delete(key);
    const others = started.get(starter);
    others?.delete(key);
    if (others?.size === 0) started.delete(starter);
  };
  const releaseOf = (key: string, chosen: (item: T) => boolean): void => {
    const found = waiting.get(key);
    if (found === undefined) return;
    const left: T[] = [];
    for (const item of found.items) {
      if (!chosen(item)) left.push(item);
      else {
        count--;
        tell(item);
      }
    }
    if (left.length === 0) forget(key, found.starter);
    else found.items = left;
  };

  return {
    add(item) {
      count++;
      const key = keyOf(item.tgid, item.routine);
      const found = waiting.get(key);
      if (found !== undefined) {
        found.items.push(item);
        return;
      }
      const starter = item.parentRoutine === 0 ? "" : keyOf(item.tgid, item.parentRoutine);
      waiting.set(key, { starter, items: [item] });
      if (starter === "") return;
      const others = started.get(starter);
      if (others === undefined) started.set(starter, new Set([key]));
      else others.add(key);
    },
    release(key, chosen) {
      if (count === 0) return;
      releaseOf(key, chosen);
      for (const other of started.get(key) ?? []) releaseOf(other, chosen);
    },
    releaseAll(chosen) {
      for (const key of waiting.keys()) releaseOf(key, chosen);
    },
    counts: () => ({ items: count, routines: waiting.size, starters: started.size }),
  };
}
