import type { WayIn } from "./api/status-types.js";
import { type Counters, labelled } from "./counters.js";

const signals = ["traces", "logs", "metrics", "profiles"] as const;
const keyOf = (way: string, signal: string): string => `${way} ${signal}`;

/** itemsByWay gives the items so far by way and signal, for rates. */
export function itemsByWay(counters: Counters): ReadonlyMap<string, number> {
  return new Map(
    labelled(counters, "items").map(({ labels: [way = "", signal = ""], value }) => [
      keyOf(way, signal),
      value,
    ]),
  );
}

/** waysOf tells what came by each way and signal; `rate` gives the items per second of a key of itemsByWay. */
export function waysOf(counters: Counters, rate: (key: string) => number): WayIn[] {
  const ways = new Map<string, { -readonly [key in keyof WayIn]: WayIn[key] }>();
  const of = (way: string, word: string) => {
    // A request that was refused before its signal was known stands with the spans: there is one row for it.
    const signal = signals.find((each) => each === word) ?? "traces";
    const key = keyOf(way, signal);
    const known = ways.get(key);
    if (known !== undefined) return known;
    const made = { way, signal, items: 0, items_per_s: rate(key), requests: 0, refused: 0, bytes: 0 };
    ways.set(key, made);
    return made;
  };
  for (const { labels, value } of labelled(counters, "items"))
    of(labels[0] ?? "", labels[1] ?? "").items += value;
  for (const { labels, value } of labelled(counters, "bytes"))
    of(labels[0] ?? "", labels[1] ?? "").bytes += value;
  for (const { labels, value } of labelled(counters, "requests")) {
    const way = of(labels[0] ?? "", labels[1] ?? "");
    way.requests += value;
    if (labels[2] !== "ok") way.refused += value;
  }
  return [...ways.values()].sort((a, b) => b.items - a.items || b.requests - a.requests);
}
