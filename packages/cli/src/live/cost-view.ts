import type { AgentReport } from "@go3s/agent";

/** ProbeCost is what one program of the agent cost over an interval. */
export interface ProbeCost {
  readonly program: string;
  readonly runs_per_s: number;
  /** 0 where it did not run. */
  readonly ns_per_run: number;
  /** The share of one CPU. */
  readonly cpu_share: number;
}

/** AgentCost is what the agent cost over an interval: in the kernel, by program, and as a process. */
export interface AgentCost {
  readonly seconds: number;
  readonly programs: readonly ProbeCost[];
  /** The share of one CPU that all programs took, within the processes that they watched. */
  readonly kernel_cpu_share: number;
  /** The share of one CPU of the agent's own process. */
  readonly user_cpu_share: number;
  readonly rss_bytes: number;
  readonly spans_per_s: number;
}

/** costBetween compares two reports, dearest program first. */
export function costBetween(before: AgentReport, after: AgentReport, seconds: number): AgentCost {
  const old = new Map(before.programs.map((program) => [program.name, program]));
  const programs = after.programs
    .map(({ name, runs, nanoseconds }): ProbeCost => {
      const ran = runs - (old.get(name)?.runs ?? 0);
      const took = nanoseconds - (old.get(name)?.nanoseconds ?? 0);
      return {
        program: name,
        runs_per_s: Math.round(ran / seconds),
        ns_per_run: ran > 0 ? Math.round(took / ran) : 0,
        cpu_share: took / 1e9 / seconds,
      };
    })
    .sort((a, b) => b.cpu_share - a.cpu_share);
  return {
    seconds,
    programs,
    kernel_cpu_share: programs.reduce((sum, { cpu_share }) => sum + cpu_share, 0),
    user_cpu_share: (after.cpuMs - before.cpuMs) / 1000 / seconds,
    rss_bytes: after.rssBytes,
    spans_per_s: Math.round((after.spans - before.spans) / seconds),
  };
}

const percent = (share: number): string => (share * 100).toFixed(2);

/** costTable is the cost as rows under headings. */
export function costTable(cost: AgentCost): { headings: string[]; rows: string[][] } {
  const rows = cost.programs.map((each) => [
    each.program,
    String(each.runs_per_s),
    String(each.ns_per_run),
    percent(each.cpu_share),
  ]);
  return {
    headings: ["probe", "runs/s", "ns/run", "CPU %"],
    rows: [
      ...rows,
      ["all probes", "", "", percent(cost.kernel_cpu_share)],
      [
        `agent, ${Math.round(cost.rss_bytes / 1048576)} MiB, ${cost.spans_per_s} spans/s`,
        "",
        "",
        percent(cost.user_cpu_share),
      ],
    ],
  };
}
