/** ScrapeTargetsAnswer is GET scrape/targets: what `go3s up --scrape` scrapes. Without it both lists are empty. */
export interface ScrapeTargetsAnswer {
  readonly targets: readonly ScrapeTarget[];
  /** Sources and addresses that give no target, and why. */
  readonly problems: readonly { readonly job: string; readonly source: string; readonly error: string }[];
}

/** ScrapeTarget is one target and how its last scrape went; null where there was none yet. */
export interface ScrapeTarget {
  readonly job: string;
  readonly url: string;
  /** Labels that all its samples get; `job` and `instance` are among them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "unknown" | "up" | "down";
  /** Why it is down, or why the store did not take what it told; "" when all is well. */
  readonly error: string;
  readonly last_ms: number | null;
  readonly duration_ms: number | null;
  /** Samples on the page, and those that were left after metric_relabel_configs. */
  readonly samples: number | null;
  readonly kept: number | null;
  readonly interval_ms: number;
  readonly timeout_ms: number;
}
