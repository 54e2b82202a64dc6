import type { ScrapeTargetsAnswer } from "@go3s/server";
import { hostile } from "./seeded.js";

/** scrapeTargetsAnswer makes a target that answers and one that does not. */
export function scrapeTargetsAnswer(at: number): ScrapeTargetsAnswer {
  const target = (instance: string, more: Partial<ScrapeTargetsAnswer["targets"][number]>) => ({
    job: "node",
    url: `http://${instance}/metrics`,
    labels: { job: "node", instance },
    state: "up" as const,
    error: "",
    last_ms: at - 4_000,
    duration_ms: 12,
    samples: 812,
    kept: 640,
    interval_ms: 15_000,
    timeout_ms: 10_000,
    ...more,
  });
  return {
    targets: [
      target("10.0.0.7:9100", {}),
      target("10.0.0.8:9100", {
        state: "down",
        error: `connect ECONNREFUSED 10.0.0.8:9100 ${hostile}`,
        samples: null,
        kept: null,
      }),
    ],
    problems: [{ job: "files", source: "targets.json", error: "no such file" }],
  };
}
