import { bucketCount, placementOf } from "./alone.js";
import { keyType, startsAtOne } from "./maps.js";
import { goType } from "./shapes.js";
import { type MapEntry, mark, type State } from "./state.js";

/** mapDeclaration declares a map and its types; nothing for one whose value stands with others. */
export function mapDeclaration(
  state: State,
  entry: MapEntry,
): { types: string[]; variable: string } | undefined {
  const placement = placementOf(entry);
  if (placement === "value") return undefined;
  if (placement === "buckets")
    return {
      types: [],
      variable: `${mark(entry.at)}var ${entry.go} = bpf.PerCPUArray[uint64](${bucketCount(entry)})`,
    };
  const { name, declaration } = keyType(state, entry);
  const plural =
    entry.aggregation === "avg" ||
    entry.aggregation === "stats" ||
    entry.aggregation === "min" ||
    entry.aggregation === "max";
  const value = plural
    ? "Aggregate"
    : entry.aggregation === "tseries"
      ? "Moment"
      : entry.aggregation === "sum"
        ? "int64"
        : entry.aggregation !== undefined
          ? "uint64"
          : goType(state, entry.value ?? { kind: "int", signed: true });
  const kinds = entry.kind?.includes("lru") === true ? ["LRUHash", "LRUPerCPUHash"] : ["Hash", "PerCPUHash"];
  const kind = kinds[entry.aggregation === undefined ? 0 : 1] ?? "Hash";
  const keyless =
    (entry.keys ?? []).length === 0 &&
    entry.aggregation !== "hist" &&
    entry.aggregation !== "lhist" &&
    entry.aggregation !== "tseries";
  const entries = keyless ? 1 : (entry.entries ?? state.limits.mapEntries);
  return {
    types: declaration === undefined ? [] : [declaration],
    variable: `${mark(entry.at)}var ${entry.go} = bpf.${kind}[${name}, ${value}](${entries})`,
  };
}

/** markOf declares what tells that a map had no room. */
export function markOf(entry: MapEntry): string {
  return `var full_${entry.go} ${startsAtOne(entry) ? "= Start{One: 1}" : "uint64"}`;
}
