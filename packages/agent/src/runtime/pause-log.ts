import { attributeKey, type LogWriter } from "@go3s/telemetry";
import type { Batches } from "../export/batches.js";
import type { Pause } from "./pauses.js";

// A pause that a request notices; Go's own goal is far below (go.dev/doc/gc-guide).
const longPauseNs = 10_000_000;
// OTLP's severity number (opentelemetry/proto/logs/v1/logs.proto).
const warn = 13;
const key = { nanoseconds: attributeKey("go.gc.pause.duration_ns"), cycle: attributeKey("go.gc.cycle") };

/** logLongPauses writes a record for each pause that was long; returns how many. */
export function logLongPauses(
  pauses: readonly Pause[],
  resource: Uint8Array,
  batches: Batches<LogWriter>,
  longNs = longPauseNs,
): number {
  let written = 0;
  for (const { cycle, nanoseconds, end } of pauses) {
    if (nanoseconds < longNs) continue;
    const writer = batches.writerFor(resource);
    const lo = Number(end & 0xffffffffn);
    const hi = Number(end >> 32n);
    writer.beginLog();
    writer.time(lo, hi);
    writer.observedTime(lo, hi);
    writer.severity(warn, "WARN");
    writer.body(`garbage collection ${cycle} stopped the program for ${(nanoseconds / 1e6).toFixed(1)} ms`);
    writer.eventName("go.gc.pause");
    writer.intAttribute(key.nanoseconds, nanoseconds);
    writer.intAttribute(key.cycle, cycle);
    writer.endLog();
    batches.added();
    written++;
  }
  return written;
}
