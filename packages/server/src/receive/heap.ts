import { setFlagsFromString } from "node:v8";

/*
 * What a socket brings are buffers outside V8's heap, 200 MB a second at full load, dead as soon as they are copied. V8 counts them
 * against a limit that it puts a few MiB above what lives (20 MB), and so marks the whole heap eight to ten times a second. With the
 * largest step that V8 itself would take the limit is never reached: short collections, ten a second, find those buffers.
 * Server, us of CPU a span over HTTP: 2.6 before, 1.35 with it, in turns on a busy machine; 20 MB more memory. A short collection by
 * our own hand every 1, 2, 4 or 8 MiB gave 2.1 to 3.1, no incremental marking 1.45 to 1.8, --initial-old-space-size 1.35.
 */
const growth = "--heap-growing-percent=300";

/** letHeapGrow makes V8 wait longer for its long collections, in this whole process; at most until the heap is four times what lives. */
export function letHeapGrow(): void {
  setFlagsFromString(growth);
}
