import type { Samples } from "../promql/series.js";
import { listOf, number, type Row, text, textMap } from "../query/rows.js";
import type { MetricKind, MetricType, Part } from "./names.js";
import type { Identity, Naming } from "./rows.js";

/** Wanted is one part of a stored metric and the name it is asked by. */
export interface Wanted extends Naming {
  readonly kind: MetricKind;
  readonly part: Part;
}

const TYPES: readonly MetricType[] = ["gauge", "sum", "histogram", "exponential_histogram", "summary"];

/** kindOf reads what decides a metric's name. */
export function kindOf(row: Row): MetricKind {
  const type = TYPES.find((each) => each === text(row, "type")) ?? "gauge";
  return {
    name: text(row, "name"),
    unit: text(row, "unit"),
    type,
    isMonotonic: number(row, "is_monotonic") === 1,
  };
}

/** identityOf reads what tells a stored series from another. */
export function identityOf(row: Row): Identity {
  const { name, unit, type, isMonotonic } = kindOf(row);
  const attributes: unknown = JSON.parse(text(row, "pairs") || "{}");
  return {
    name,
    unit,
    type,
    isMonotonic,
    serviceName: text(row, "service_name"),
    namespace: text(row, "namespace"),
    instance: text(row, "instance"),
    attributes: textMap(attributes),
  };
}

/** cells reads an array of numbers, 64-bit ones and denormals quoted or not. */
export function cells(row: Row, name: string): Float64Array {
  const list = listOf(row[name]);
  return Float64Array.from({ length: list.length }, (_, i) => numeric(list[i]));
}

function numeric(value: unknown): number {
  if (value === null || value === undefined || value === "nan" || value === "-nan") return Number.NaN;
  if (value === "inf") return Number.POSITIVE_INFINITY;
  if (value === "-inf") return Number.NEGATIVE_INFINITY;
  return Number(value);
}

/** pointsOf reads when a stored series' points were, in milliseconds. */
export function pointsOf(row: Row): Pick<Samples, "times" | "starts" | "stale"> {
  return {
    times: cells(row, "times").map((time) => Math.floor(time / 1e6)),
    starts: cells(row, "starts").map((time) => Math.floor(time / 1e6)),
    stale: Uint8Array.from(cells(row, "stale")),
  };
}

/** wantedParts finds under which names a stored series is wanted. */
export function wantedParts(identity: Identity, wanted: readonly Wanted[]): Wanted[] {
  return wanted.filter(
    ({ kind }) =>
      kind.name === identity.name &&
      kind.unit === identity.unit &&
      kind.type === identity.type &&
      kind.isMonotonic === identity.isMonotonic,
  );
}
