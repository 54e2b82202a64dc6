import type { ValueRow } from "./model.js";
import { chanceOf, discoveries, gTest, wilsonLow } from "./statistics.js";

/** Lift is a value that bad requests have and others lack. */
export interface Lift {
  readonly service: string;
  readonly key: string;
  readonly value: string;
  /** explained is the share of the bad ones that goes back to it: at least `sure`. */
  readonly explained: number;
  readonly sure: number;
  /** bad and rest are the shares of the bad and of the other requests that have it. */
  readonly bad: number;
  readonly rest: number;
  /** isNew: nothing before had it. */
  readonly isNew: boolean;
  /** same are other keys and values of the same requests. */
  readonly same: readonly string[];
}

/** Totals are how many traces each group has. */
export interface Totals {
  readonly bad: number;
  readonly rest: number;
  readonly baseline: number;
}

/** servicePart is the key that counts the traces in which a service has spans. */
export const servicePart = "service";
const leastBad = 5;
const falseOnes = 0.01;
const leastExplained = 0.25;
// What says that a request is bad does not say why; what is one request's own says nothing about the others. Ids come and go.
const consequences =
  /^(?:error(?:\..*)?|exception\..*|status|http\.(?:response\.)?status_code|rpc\.grpc\.status_code|otel\.status.*|http\.response\.body\.size|go3s\.goroutine\..*|go3s\.cpu.*|(?:client|network\.local)\.port|network\.peer\.port|thread\..*|duration.*)$/;

/** Better names first: of values that the same requests have, one is told and the others are listed. */
const preference = [
  /^service\.version$/,
  /tenant|customer|account|user/,
  /^host\.name$/,
  /^k8s\./,
  /^container\./,
  /^service\.instance/,
  /^process\./,
];

function preferenceOf(key: string): number {
  const at = preference.findIndex((pattern) => pattern.test(key));
  return at < 0 ? preference.length : at;
}

/** lifts lists values by how much of what is bad goes back to them. */
export function lifts(rows: readonly ValueRow[], totals: Totals): readonly Lift[] {
  // What a service's spans have is compared among the traces that it has a part in: that it has one is no value's doing.
  const parts = new Map(
    rows.flatMap((row) => (row.key === servicePart ? [[row.service, row] as const] : [])),
  );
  const of = (row: ValueRow): Totals => parts.get(row.service) ?? totals;
  const usable = rows.filter(
    (row) =>
      row.bad >= leastBad &&
      row.key !== servicePart &&
      !consequences.test(row.key) &&
      of(row).rest >= leastBad &&
      of(row).bad >= 0.5 * totals.bad,
  );
  const stands = discoveries(
    usable.map((row) => chanceOf(Math.sqrt(gTest(row.bad, of(row).bad, row.rest, of(row).rest)))),
    falseOnes,
  );
  const found = usable.flatMap((row, at) => {
    const own = of(row);
    const among = row.bad / own.bad;
    const elsewhere = row.rest / own.rest;
    if (stands[at] !== true || among <= elsewhere || elsewhere >= 1) return [];
    const sure = (wilsonLow(row.bad, own.bad) - elsewhere) / (1 - elsewhere);
    const explained = (among - elsewhere) / (1 - elsewhere);
    if (sure < leastExplained) return [];
    const isNew = row.baseline === 0 && own.baseline >= 10;
    const { service, key, value } = row;
    return [{ service, key, value, explained, sure, bad: among, rest: elsewhere, isNew }];
  });
  found.sort((a, b) => b.sure - a.sure || preferenceOf(a.key) - preferenceOf(b.key));
  return merged(found);
}

/** merged tells values of the same requests once: shares that are the same to some percent are taken for the same requests. */
function merged(found: readonly Omit<Lift, "same">[]): Lift[] {
  const groups: { first: Omit<Lift, "same">; all: Omit<Lift, "same">[] }[] = [];
  for (const lift of found) {
    const near = (a: number, b: number) => Math.abs(a - b) <= 0.05;
    const group = groups.find(({ first }) => near(first.bad, lift.bad) && near(first.rest, lift.rest));
    if (group === undefined) groups.push({ first: lift, all: [lift] });
    else group.all.push(lift);
  }
  return groups.flatMap(({ all }) => {
    const [best] = [...all].sort((a, b) => preferenceOf(a.key) - preferenceOf(b.key));
    if (best === undefined) return [];
    const others = all.filter((lift) => lift !== best).map((lift) => `${lift.key} = ${lift.value}`);
    return [{ ...best, same: [...new Set(others)].slice(0, 4) }];
  });
}
