import type { ScrapeTarget } from "../api/scrape-types.js";
import type { Gauge } from "../web/metrics.js";

// Each target is three series; of more than these the API tells, and the samples `up` themselves.
const most = 1000;

const rows: readonly {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly value: (target: ScrapeTarget) => number | null;
}[] = [
  {
    name: "go3s_scrape_target_up",
    unit: "",
    help: "1 when the target's last scrape went well.",
    value: ({ state }) => (state === "unknown" ? null : state === "up" ? 1 : 0),
  },
  {
    name: "go3s_scrape_target_duration_seconds",
    unit: "seconds",
    help: "How long the target's last scrape took.",
    value: ({ duration_ms }) => (duration_ms === null ? null : duration_ms / 1000),
  },
  {
    name: "go3s_scrape_target_samples",
    unit: "",
    help: "Samples on the target's page.",
    value: ({ samples }) => samples,
  },
];

/** scrapeGauges lists targets as /metrics shows them; those of one name stand together. */
export function scrapeGauges(targets: readonly ScrapeTarget[]): Gauge[] {
  return rows.flatMap(({ name, unit, help, value }) =>
    targets.slice(0, most).flatMap((target): Gauge[] => {
      const now = value(target);
      const labels = { job: target.job, url: target.url };
      return now === null ? [] : [{ name, unit, help, value: now, labels }];
    }),
  );
}
