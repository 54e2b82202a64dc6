import type { TopAnswer, TopRow } from "@go3s/server";
import { durationText } from "../duration-text.js";
import { sparkline } from "../sparkline.js";
import { drawTable } from "../table.js";
import type { ProcessCost } from "./process-cost.js";

/** SortKey is what rows are ordered by. */
export type SortKey = "time" | "rate" | "errors" | "p99" | "p50" | "name";

/** SORTS are the keys of the keyboard and what they order by, largest first (names as in a dictionary). */
export const SORTS: Readonly<Record<string, SortKey>> = {
  t: "time",
  r: "rate",
  e: "errors",
  p: "p99",
  m: "p50",
  n: "name",
};

/** Shown is one process with what it costs here. */
export interface ShownProcess {
  readonly service_name: string;
  readonly pid: number;
  readonly host: string;
  readonly requests: number;
  readonly cost: ProcessCost | undefined;
}

/** sorted orders operations. */
export function sorted(rows: readonly TopRow[], by: SortKey): TopRow[] {
  const value: Record<Exclude<SortKey, "name">, (row: TopRow) => number> = {
    time: (row) => row.busy_ns,
    rate: (row) => row.rate,
    errors: (row) => row.error_share,
    p99: (row) => row.p99_ns,
    p50: (row) => row.p50_ns,
  };
  const name = (row: TopRow): string => `${row.service_name} ${row.operation}`;
  if (by === "name") return [...rows].sort((a, b) => (name(a) < name(b) ? -1 : 1));
  return [...rows].sort((a, b) => value[by](b) - value[by](a));
}

const rate = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const share = (value: number): string =>
  value === 0 ? "" : `${(value * 100).toFixed(value < 0.1 ? 1 : 0)} %`;
const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;

/** operationLines draws the table of operations. */
export function operationLines(
  answer: TopAnswer,
  by: SortKey,
  room: number,
  columns: number | undefined,
  bold: (text: string) => string,
): string[] {
  const total = answer.operations.reduce((sum, row) => sum + row.busy_ns, 0);
  const rows = sorted(answer.operations, by)
    .slice(0, room)
    .map((row) => [
      row.service_name,
      row.operation,
      row.kind.toLowerCase(),
      rate(row.rate),
      share(row.error_share),
      durationText(row.p50_ns),
      durationText(row.p99_ns),
      total === 0 ? "" : `${((row.busy_ns / total) * 100).toFixed(1)} %`,
      sparkline(row.spark),
    ]);
  return drawTable(
    { headings: ["SERVICE", "OPERATION", "KIND", "/S", "ERRORS", "P50", "P99", "TIME", "REQUESTS"], rows },
    columns,
    bold,
  );
}

/** processLines draws the table of processes. */
export function processLines(
  processes: readonly ShownProcess[],
  room: number,
  columns: number | undefined,
  bold: (text: string) => string,
): string[] {
  const rows = processes
    .slice(0, room)
    .map(({ service_name, pid, host, requests, cost }) => [
      service_name,
      pid === 0 ? "" : String(pid),
      host,
      String(requests),
      cost?.cpu === undefined ? "" : `${(cost.cpu * 100).toFixed(0)} %`,
      cost === undefined ? "" : mebibytes(cost.memory),
    ]);
  return drawTable(
    { headings: ["PROCESS", "PID", "HOST", "REQUESTS", "CPU", "MEMORY"], rows },
    columns,
    bold,
  );
}
