/** Meter measures what this process itself costs. */
export interface Meter {
  /** tick begins a new interval; call it about once a second. */
  tick(): void;
  read(): {
    readonly cpuShare: number;
    readonly cpuMs: number;
    readonly rssBytes: number;
    readonly maxRssBytes: number;
  };
}

/** newMeter starts measuring. */
export function newMeter(): Meter {
  let cpu = process.cpuUsage();
  let at = performance.now();
  let share = 0;
  return {
    tick() {
      const used = process.cpuUsage(cpu);
      const now = performance.now();
      share = (used.user + used.system) / 1000 / Math.max(1, now - at);
      cpu = process.cpuUsage();
      at = now;
    },
    read() {
      const all = process.cpuUsage();
      return {
        cpuShare: share,
        cpuMs: Math.round((all.user + all.system) / 1000),
        rssBytes: process.memoryUsage.rss(),
        // getrusage(2) counts in kibibytes on Linux.
        maxRssBytes: process.resourceUsage().maxRSS * 1024,
      };
    },
  };
}
