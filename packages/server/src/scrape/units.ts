import type { YamlValue } from "./yaml-reader.js";

const units: readonly (readonly [unit: string, ms: number])[] = [
  ["y", 365 * 86_400_000],
  ["w", 7 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** durationMs reads a time as Prometheus writes it: 15s, 1m30s, 500ms. */
export function durationMs(value: YamlValue): number {
  const text = value.scalar();
  if (text === "0") return 0;
  const ms = parseDuration(text);
  if (ms === undefined)
    throw value.wrong(`${JSON.stringify(text)} is no time`, "write it as 500ms, 15s, 1m30s or 2h");
  return ms;
}

/** parseDuration gives milliseconds, undefined for what is no time. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (match === null || text === "") return undefined;
  const ms = units.reduce((sum, [, unit], i) => sum + Number(match[i + 1] ?? 0) * unit, 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** sizeBytes reads a size: 10MB and 10MiB are the same, as in Prometheus. */
export function sizeBytes(value: YamlValue): number {
  const text = value.scalar();
  const match = /^(\d+(?:\.\d+)?)(?:([KMGTPE])i?)?B?$/.exec(text);
  const bytes = Math.round(Number(match?.[1]) * 1024 ** " KMGTPE".indexOf(match?.[2] ?? " "));
  if (match === null || !Number.isSafeInteger(bytes))
    throw value.wrong(`${JSON.stringify(text)} is no size`, "write it as 500KB, 10MB or 1GB");
  return bytes;
}
