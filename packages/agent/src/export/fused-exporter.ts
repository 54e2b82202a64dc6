import type { Exporter, Signal } from "./exporter.js";
import { type FusedPart, fuse } from "./fuse.js";

interface Held extends FusedPart {
  readonly items: number;
}

// Metrics wait for the spans and logs of the next flush, so that they share its dictionary; at most so long.
const metricsWaitMs = 400;
const signals: Readonly<Record<Exclude<Signal, "profiles">, FusedPart["signal"]>> = {
  fused: "traces",
  traces: "traces",
  logs: "logs",
  metrics: "metrics",
};

/**
 * fuseRequests gives an exporter that sends what is handed over in one turn of the event loop as one request of
 * docs/fused-otlp.md, for a receiver that is known to take it. What comes in its writer's own memory is large and goes alone.
 */
export function fuseRequests(inner: Exporter): Exporter {
  let held: Held[] = [];
  let soon: NodeJS.Immediate | undefined;
  let later: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearImmediate(soon);
    clearTimeout(later);
    soon = undefined;
    later = undefined;
    const parts = held;
    held = [];
    if (parts.length === 0) return;
    inner.send(
      "fused",
      fuse(parts),
      parts.reduce((sum, { items }) => sum + items, 0),
    );
  };

  return {
    send(signal, body, items, done) {
      if (done !== undefined || signal === "profiles") {
        inner.send(signal === "traces" ? "fused" : signal, body, items, done);
        return;
      }
      held.push({ signal: signals[signal], bytes: body, items });
      if (signal === "metrics") later ??= setTimeout(flush, metricsWaitMs);
      else soon ??= setImmediate(flush);
    },
    stats() {
      const stats = inner.stats();
      const waiting = held.reduce((sum, { bytes }) => sum + bytes.length, 0);
      return { ...stats, waitingBytes: stats.waitingBytes + waiting };
    },
    close(timeoutMs) {
      flush();
      return inner.close(timeoutMs);
    },
  };
}
