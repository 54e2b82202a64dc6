import { isWord, type SqlToken } from "./tokens.js";

// Nanoseconds of a unit as durations are written everywhere: 200ms, 1h30m, 1.5s.
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

// The engine's units, largest first: an interval is written in the largest that holds it whole.
const engineUnits: readonly (readonly [string, bigint])[] = [
  ["DAY", 86_400_000_000_000n],
  ["HOUR", 3_600_000_000_000n],
  ["MINUTE", 60_000_000_000n],
  ["SECOND", 1_000_000_000n],
  ["MILLISECOND", 1_000_000n],
  ["MICROSECOND", 1_000n],
  ["NANOSECOND", 1n],
];

const part = /(\d+)(?:\.(\d{1,9}))?(ns|us|µs|μs|ms|s|m|h|d|w)/gy;

/** durationNs reads "200ms", "1h30m" or "1.5s"; undefined for anything else. */
export function durationNs(text: string): bigint | undefined {
  let sum = 0n;
  let end = 0;
  for (const match of text.matchAll(part)) {
    const [whole, count = "0", fraction = "", unit = ""] = match;
    const size = units[unit] ?? 0n;
    sum += BigInt(count) * size + (BigInt(fraction.padEnd(9, "0") || "0") * size) / 1_000_000_000n;
    end = match.index + whole.length;
  }
  return end === text.length && end > 0 ? sum : undefined;
}

/** intervalText writes nanoseconds as the engine's INTERVAL. */
export function intervalText(ns: bigint): string {
  const [unit, size] = engineUnits.find(([, each]) => ns % each === 0n && ns >= each) ?? ["NANOSECOND", 1n];
  return `INTERVAL ${ns / size} ${unit}`;
}

/** intervals gives what stands for each `INTERVAL '200ms'`: the token's number and the engine's own spelling. */
export function intervals(tokens: readonly SqlToken[]): Map<number, string> {
  const found = new Map<number, string>();
  tokens.forEach((token, i) => {
    if (token.kind !== "text" || !token.text.startsWith("'")) return;
    let before = i - 1;
    while (tokens[before]?.kind === "space") before--;
    if (!isWord(tokens[before], "INTERVAL")) return;
    const ns = durationNs(token.text.slice(1, -1));
    if (ns !== undefined) found.set(i, intervalText(ns).slice("INTERVAL ".length));
  });
  return found;
}
