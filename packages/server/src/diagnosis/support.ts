import type { Evidence } from "./evidence.js";
import type { Explained } from "./explain.js";
import type { VersionRow, Windows } from "./model.js";
import type { LogChange, MetricChange } from "./signals.js";
import type { DiagnosisCause } from "./types.js";
import type { Rates } from "./windows.js";
import { durationWords, rateWords, shortText } from "./words.js";

/** Signals are what moved beside the requests. */
export interface Signals {
  readonly logs: readonly LogChange[];
  readonly metrics: readonly MetricChange[];
  readonly deployed: readonly VersionRow[];
  readonly rates: Rates;
  readonly evidence: Evidence;
  readonly windows: Windows;
  readonly step_ms: number;
}

const mostNotes = 3;

/** supported adds to a cause what logs, metrics, versions and traffic say of its service. */
export function supported(
  cause: DiagnosisCause,
  rank: number,
  { logs, metrics, deployed, rates, evidence, windows, step_ms }: Signals,
): Pick<DiagnosisCause, "notes" | "evidence"> {
  const own = <T extends { readonly row: { readonly service: string } }>(changes: readonly T[]) =>
    changes.filter(({ row }) => row.service === cause.service_name);
  const ownLogs = own(logs).slice(0, mostNotes - 1);
  const ownMetrics = own(metrics).slice(0, mostNotes);
  const versions = deployed.filter((row) => row.service === cause.service_name);
  const notes = [
    ...versions.map((row) => {
      const before = (windows.affected.from_ms - row.firstMs) * 1e6;
      const when =
        Math.abs(before) <= step_ms * 1e6
          ? "just as this began"
          : before > 0
            ? `${durationWords(before)} before this began`
            : `${durationWords(-before)} after this began`;
      return `${row.key} ${shortText(row.value)} of ${row.service} was seen first ${when}.`;
    }),
    ...ownLogs.map(({ row, isNew, expected }) =>
      isNew
        ? `New log line, ${row.affected} times: “${shortText(row.example)}”.`
        : `Log line ${row.affected} times, ${Math.round(expected)} expected: “${shortText(row.example)}”.`,
    ),
    ...ownMetrics.map(
      ({ row, now, usual }) =>
        `${row.name}${row.labels === "" ? "" : ` (${shortText(row.labels)})`} is ${metricWords(now, row.unit)}, usually ${metricWords(usual, row.unit)}.`,
    ),
    ...(rank === 0 && rates.usual > 0 && rates.now / rates.usual >= 1.5
      ? [`Traffic rose as well: ${rateWords(rates.now)} requests, usually ${rateWords(rates.usual)}.`]
      : []),
  ];
  return {
    notes: [...cause.notes, ...new Set(notes)],
    evidence: [
      ...cause.evidence,
      ...ownLogs.slice(0, 1).map((change) => evidence.log(change)),
      ...ownMetrics.slice(0, 1).map((change) => evidence.metric(change)),
    ],
  };
}

function metricWords(value: number, unit: string): string {
  const number = Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
  return /^[A-Za-z%]+$/.test(unit) ? `${number} ${unit}` : number;
}

/** unexplained tells what moved without belonging to a cause, so that it is not lost. */
export function unexplained(
  { services }: Explained,
  causes: readonly DiagnosisCause[],
  logs: readonly LogChange[],
  metrics: readonly MetricChange[],
): string[] {
  const blamed = new Set(causes.map((cause) => cause.service_name));
  const others = services.filter((service) => !blamed.has(service));
  const line = logs.find(({ row }) => others.includes(row.service));
  const metric = metrics.find(({ row }) => others.includes(row.service));
  return [
    ...(line === undefined
      ? []
      : [
          `Moved too, and explains no time: log lines of ${line.row.service} like “${shortText(line.row.example)}”.`,
        ]),
    ...(metric === undefined
      ? []
      : [`Moved too, and explains no time: ${metric.row.name} of ${metric.row.service}.`]),
  ];
}
