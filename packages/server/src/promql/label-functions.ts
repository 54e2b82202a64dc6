import type { Matcher } from "re2js";
import { executionError } from "./errors.js";
import { compareLabels, labelOf, METRIC_NAME, withLabel } from "./labels.js";
import { wholePattern } from "./matcher.js";
import { merged, type Points } from "./series.js";

/** relabelled gives a series a label; naming the metric anew keeps that name. */
function relabelled(each: Points, name: string, value: string): Points {
  return {
    ...each,
    labels: withLabel(each.labels, name, value),
    dropName: name === METRIC_NAME ? false : each.dropName,
  };
}

/** isLabelName tells whether a text may name a label: any UTF-8 but none at all; U+FFFD stands where bytes were none. */
function isLabelName(name: string): boolean {
  return name !== "" && !name.includes("\uFFFD");
}

/** labelReplace is label_replace(): where a label's whole value matches, another is set from the match's groups. */
export function labelReplace(
  series: readonly Points[],
  destination: string,
  replacement: string,
  source: string,
  pattern: string,
): Points[] {
  const expression = wholePattern(pattern, () =>
    executionError(`invalid regular expression in label_replace(): ${pattern}`),
  );
  if (!isLabelName(destination)) {
    throw executionError(`invalid destination label name in label_replace(): ${destination}`);
  }
  return merged(
    series.map((each) => {
      const found = expression.matcher(labelOf(each.labels, source));
      return found.matches() ? relabelled(each, destination, expand(replacement, found)) : each;
    }),
  );
}

/** expand puts a match's groups into `$1`, `${1}` and `${name}`; `$$` is a dollar, and what names no group is empty. */
export function expand(replacement: string, found: Matcher): string {
  return replacement.replaceAll(
    /\$(?:\$|\{([^}]*)\}|([A-Za-z0-9_]+))/g,
    (whole, braced?: string, bare?: string) => {
      if (whole === "$$") return "$";
      const name = braced ?? bare ?? "";
      if (/^\d+$/.test(name))
        return Number(name) <= found.groupCount() ? (found.group(Number(name)) ?? "") : "";
      return Object.hasOwn(found.pattern().namedGroups(), name) ? (found.group(name) ?? "") : "";
    },
  );
}

/** labelJoin is label_join(): a label made of others. */
export function labelJoin(
  series: readonly Points[],
  destination: string,
  separator: string,
  sources: readonly string[],
): Points[] {
  const bad = sources.find((source) => !isLabelName(source));
  if (bad !== undefined) throw executionError(`invalid source label name in label_join(): ${bad}`);
  if (!isLabelName(destination))
    throw executionError(`invalid destination label name in label_join(): ${destination}`);
  return merged(
    series.map((each) =>
      relabelled(each, destination, sources.map((source) => labelOf(each.labels, source)).join(separator)),
    ),
  );
}

/** sortedByValue is sort() and sort_desc(): only an instant query has an order; NaN comes last. */
export function sortedByValue(series: readonly Points[], descending: boolean): Points[] {
  return [...series].sort((a, b) => {
    const [x = Number.NaN, y = Number.NaN] = [a.values[0], b.values[0]];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return descending ? y - x : x - y;
  });
}

/** sortedByLabels is sort_by_label() and sort_by_label_desc(): numbers within texts count as numbers. */
export function sortedByLabels(
  series: readonly Points[],
  names: readonly string[],
  descending: boolean,
): Points[] {
  const sign = descending ? -1 : 1;
  return [...series].sort((a, b) => {
    for (const name of names) {
      const order = natural(labelOf(a.labels, name), labelOf(b.labels, name));
      if (order !== 0) return sign * order;
    }
    return sign * compareLabels(a.labels, b.labels);
  });
}

const parts = /\d+|\D+/g;

function natural(a: string, b: string): number {
  const [left, right] = [a.match(parts) ?? [], b.match(parts) ?? []];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = "", y = ""] = [left[i], right[i]];
    if (x === y) continue;
    const [m, n] = [Number(x), Number(y)];
    if (!Number.isNaN(m) && !Number.isNaN(n) && m !== n) return m - n;
    return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
