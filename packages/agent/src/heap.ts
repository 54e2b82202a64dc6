import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { limitMalloc } from "@go3s/bpf";

/** Heap keeps this process's garbage small. */
export interface Heap {
  /** tick looks at it; call it about once a second. */
  tick(): void;
}

/** HeapOptions are the outside of a heap, for tests. */
export interface HeapOptions {
  readonly now?: () => number;
  /** used gives the bytes that objects take, dead ones included. */
  readonly used?: () => number;
  /** collect makes a whole collection. */
  readonly collect?: () => void;
}

// V8 lets the heap grow to twice of what lives before it collects it all: of the 130 MiB that an agent of one process had resident
// after half an hour, 18 were garbage. A collection takes 50 to 90 ms, in which the ring buffer fills by a fifth at 50,000
// requests/s: one a minute is a thousandth of a processor.
const everyMs = 60_000;
// The first comes soon: reading programs leaves much behind.
const firstMs = 10_000;
const leastGarbage = 8 << 20;
const mostEmpty = 12 << 20;

// V8's young generation takes up to 48 MB by itself where little of it survives; what the agent of `go3s up` is started with does as well.
const youngBytes = 8 << 20;

/**
 * newYoung keeps the young generation at that size: V8 looks at this option whenever it could let it grow. Long collections make it
 * smaller again, so that it may have to grow once more.
 */
export function newYoung(
  size: () => number = youngSize,
  grow: (factor: number) => void = (factor) => setFlagsFromString(`--semi-space-growth-factor=${factor}`),
): Heap {
  let factor = 2;
  return {
    tick() {
      const wanted = size() < youngBytes ? 2 : 1;
      if (wanted !== factor) grow(wanted);
      factor = wanted;
    },
  };
}

function youngSize(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
}

/**
 * limitHeap is about what is outside of V8's heap. glibc's threshold for mappings of their own grows with what is freed, to 32 MB: what
 * is read of a program of 100 MB, and batches of spans at full load, stay in the heap's holes for good then, 20 of 130 MiB at 50,000
 * requests/s. Two arenas are enough, for only one thread allocates much.
 */
export function limitHeap(): void {
  limitMalloc({ arenas: 2, mappedFrom: 128 << 10, trimmedAbove: 256 << 10 });
}

/** newHeap begins to look. */
export function newHeap(options: HeapOptions = {}): Heap {
  const now = options.now ?? (() => performance.now());
  const used = options.used ?? (() => process.memoryUsage().heapUsed);
  const collect = options.collect ?? collector();
  let live = 0;
  let next = now() + firstMs;
  return {
    tick() {
      if (now() < next || used() < live + leastGarbage) return;
      collect();
      live = used();
      next = now() + everyMs;
    },
  };
}

/**
 * collector gives V8's own gc(), without the option that would have to be on the command line. By itself it leaves pages with a few
 * objects each where they are, 18 of the 130 MiB of an agent after an hour; moving those together gives the pages back. That needs 10 MiB
 * more for a moment, so it is done where there is much to give back.
 */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc: unknown = runInNewContext("gc");
  if (typeof gc !== "function") return () => undefined;
  return () => {
    gc();
    const { heapTotal, heapUsed } = process.memoryUsage();
    if (heapTotal - heapUsed < youngBytes + mostEmpty) return;
    setFlagsFromString("--compact-on-every-full-gc");
    gc();
    setFlagsFromString("--no-compact-on-every-full-gc");
  };
}
