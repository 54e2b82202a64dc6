import koffi from "koffi";

/** MallocLimits are what glibc's malloc may keep, as mallopt(3) has them. */
export interface MallocLimits {
  /** How many heaps threads get of their own at most. */
  readonly arenas: number;
  /** From this many bytes on a block is a mapping of its own, which goes back to the kernel when it is freed. */
  readonly mappedFrom: number;
  /** That many free bytes may stay at the heap's end. */
  readonly trimmedAbove: number;
}

// malloc.h of glibc
const M_TRIM_THRESHOLD = -1;
const M_MMAP_THRESHOLD = -3;
const M_ARENA_MAX = -8;

/**
 * limitMalloc sets them for this process from now on, as the variables MALLOC_ARENA_MAX, MALLOC_MMAP_THRESHOLD_ and
 * MALLOC_TRIM_THRESHOLD_ would from its start. Gives false where libc is not glibc, whose malloc has no such limits.
 */
export function limitMalloc({ arenas, mappedFrom, trimmedAbove }: MallocLimits): boolean {
  const mallopt = bindMallopt();
  if (mallopt === undefined) return false;
  return [
    mallopt(M_ARENA_MAX, arenas),
    mallopt(M_MMAP_THRESHOLD, mappedFrom),
    mallopt(M_TRIM_THRESHOLD, trimmedAbove),
  ].every((taken) => taken === 1);
}

/** bindMallopt finds it in what this process has loaded; musl has none. */
function bindMallopt(): ((parameter: number, value: number) => number) | undefined {
  try {
    return koffi.load(null).func("int mallopt(int parameter, int value)");
  } catch {
    return undefined;
  }
}
