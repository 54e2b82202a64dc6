import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/*
 * What a socket brings are buffers outside V8's heap, 200 MB a second at full load, dead as soon as they are copied. V8 counts them
 * against a limit that it puts a few MiB above what lives (20 MB), and so marks the whole heap eight to ten times a second. With the
 * largest step that V8 itself would take the limit is never reached: short collections, ten a second, find those buffers.
 * Server, us of CPU a span over HTTP: 2.6 before, 1.35 with it, in turns on a busy machine; 20 MB more memory. A short collection by
 * our own hand every 1, 2, 4 or 8 MiB gave 2.1 to 3.1, no incremental marking 1.45 to 1.8, --initial-old-space-size 1.35.
 */
const growth = "--heap-growing-percent=300";

/*
 * Where less comes in nothing is near that limit: at 5,000 spans a second what outlives short collections stays for a quarter of an hour,
 * 2 to 5 MB more of it a minute. A collection by our own hand takes 30 ms, 140 where every processor is busy: so not more than one a
 * minute, and only where there is much to collect. V8's own step at that rate keeps 8 MiB more, and a span costs 6.1 to 6.9 us at
 * 40,000 a second where it costs 4.5 to 5.0 with the large one.
 */
const lookMs = 10_000;
const everyMs = 60_000;
const leastGarbage = 12 << 20;

/** letHeapGrow makes V8 wait longer for its long collections, in this whole process; at most until the heap is four times what lives. */
export function letHeapGrow(): void {
  setFlagsFromString(growth);
}

/** Collections are of old garbage, which V8 would keep for long because the heap may grow. */
export interface Collections {
  /** look collects when there is much to collect, once a minute at most. */
  look(): void;
  close(): void;
}

/** CollectionsOptions are the outside of a heap, for tests. */
export interface CollectionsOptions {
  readonly now?: () => number;
  /** old gives the bytes of old objects, dead ones included, and of what they hold outside the heap. */
  readonly old?: () => number;
  /** collect makes a long collection. */
  readonly collect?: () => void;
}

/** startCollections looks every ten seconds until it is closed; it keeps no process alive. */
export function startCollections(options: CollectionsOptions = {}): Collections {
  const now = options.now ?? (() => performance.now());
  const old = options.old ?? oldBytes;
  const collect = options.collect ?? collector();
  let live = 0;
  let next = 0;
  const look = (): void => {
    if (now() < next || old() < live + leastGarbage) return;
    collect();
    live = old();
    next = now() + everyMs;
  };
  const timer = setInterval(look, lookMs);
  timer.unref();
  return { look, close: () => clearInterval(timer) };
}

/** oldBytes leaves out young objects: short collections take care of those. */
function oldBytes(): number {
  let bytes = process.memoryUsage().external;
  for (const { space_name, space_used_size } of getHeapSpaceStatistics())
    if (space_name !== "new_space") bytes += space_used_size;
  return bytes;
}

/**
 * collector gives V8's own gc(), without the option that would have to be on the command line, with pages of a few objects each put
 * together: by itself it leaves those, and the process is no smaller for it (10 MiB of 110).
 */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") return () => undefined;
  return () => {
    setFlagsFromString("--compact-on-every-full-gc");
    gc();
    setFlagsFromString("--no-compact-on-every-full-gc");
  };
}
