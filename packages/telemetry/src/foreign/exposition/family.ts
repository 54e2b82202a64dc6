import type { ExpositionFamily } from "./exposition.js";

/** Part is what a sample is of its family: `plain` stands for itself, the others make up a histogram or summary together. */
export type Part = "plain" | "counter" | "bucket" | "quantile" | "sum" | "count" | "created";

/** Place is the family that a sample belongs to, and as what. */
export interface Place {
  readonly family: ExpositionFamily;
  readonly part: Part;
}

const suffixes: readonly (readonly [suffix: string, part: Part, types: readonly string[]])[] = [
  ["_bucket", "bucket", ["histogram"]],
  ["_sum", "sum", ["histogram", "summary"]],
  ["_count", "count", ["histogram", "summary"]],
  ["_total", "counter", ["counter"]],
  ["_created", "created", ["counter", "histogram", "summary"]],
  ["_bucket", "plain", ["gaugehistogram"]],
  ["_gsum", "plain", ["gaugehistogram"]],
  ["_gcount", "plain", ["gaugehistogram"]],
  ["_info", "plain", ["info"]],
];

/** placeOf finds the family of a sample by its name; a name that no family has is one of its own, of unknown type. */
export function placeOf(families: ReadonlyMap<string, ExpositionFamily>, name: string): Place {
  const own = families.get(name);
  if (own !== undefined) {
    if (own.type === "counter") return { family: own, part: "counter" };
    if (own.type === "summary") return { family: own, part: "quantile" };
    return { family: own, part: "plain" };
  }
  for (const [suffix, part, types] of suffixes) {
    if (!name.endsWith(suffix)) continue;
    const family = families.get(name.slice(0, -suffix.length));
    if (family !== undefined && types.includes(family.type)) return { family, part };
  }
  return { family: { name, type: "unknown", help: "", unit: "" }, part: "plain" };
}
