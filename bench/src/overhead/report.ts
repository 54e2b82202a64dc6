import { median } from "../measure/processes.js";
import { mebibytes, printTable, thousands } from "../measure/table.js";

/** Round is one measurement of one way to observe. */
export interface Round {
  readonly perSecond: number;
  readonly requests: number;
  readonly serverCpuUs: number;
  readonly agentShare: number;
  readonly agentPeak: number;
  readonly restShare: number;
  readonly spans: number;
  /** unobserved is the rate of the same process just before and after, where it could be measured. */
  readonly unobserved?: number;
}

/** Variant is one way to observe, or none, and what was measured of it, in the order of measuring. */
export interface Variant {
  readonly title: string;
  /** tellsSpans: how many spans there were is known. */
  readonly tellsSpans: boolean;
  readonly rounds: Round[];
  measure(): Promise<Round>;
}

/**
 * report prints a table with a row for each variant, compared round by round with the same process unobserved, or with the first variant
 * where it is another program or was observed from its start.
 */
export function report(variants: readonly Variant[]): void {
  const header = [
    "variant",
    "requests/s",
    "of unobserved",
    "server CPU us/request",
    "agent CPU",
    "agent peak",
    "receiver CPU",
    "spans per 100 requests",
  ];
  const without = variants[0]?.rounds ?? [];
  printTable(
    header,
    variants.map((variant, i) => rowOf(variant, without, i > 0)),
  );
}

function rowOf(
  { title, tellsSpans, rounds }: Variant,
  without: readonly Round[],
  isObserved: boolean,
): string[] {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const speed = thousands(of((r) => r.perSecond));
  const cpu = of((r) => r.serverCpuUs).toFixed(1);
  if (!isObserved) return [title, speed, "1", cpu, "", "", "", ""];
  const ratios = rounds.map(
    (round, i) => round.perSecond / (round.unobserved ?? without[i]?.perSecond ?? Number.NaN),
  );
  return [
    title,
    speed,
    `${median(ratios).toFixed(2)} (${ratios.map((r) => r.toFixed(3)).join(", ")})`,
    cpu,
    `${(of((r) => r.agentShare) * 100).toFixed(0)} %`,
    mebibytes(of((r) => r.agentPeak)),
    `${(of((r) => r.restShare) * 100).toFixed(0)} %`,
    tellsSpans ? of((r) => (100 * r.spans) / r.requests).toFixed(2) : "",
  ];
}
