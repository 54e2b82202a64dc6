import { now, type UnixMs, unixMs } from "./time.js";

/** Range is what the address says: each end a moment or an offset from now (`now-1h`). */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** Span of time with both ends as moments. */
export interface Interval {
  readonly from: UnixMs;
  readonly to: UnixMs;
}

/** defaultRange is shown when the address has none. */
export const defaultRange: Range = { from: "now-1h", to: "now" };

/** presets are the ranges offered by one click. */
export const presets: readonly { readonly from: string; readonly label: string }[] = [
  { from: "now-5m", label: "last 5 min" },
  { from: "now-15m", label: "last 15 min" },
  { from: "now-1h", label: "last 1 h" },
  { from: "now-3h", label: "last 3 h" },
  { from: "now-12h", label: "last 12 h" },
  { from: "now-24h", label: "last 24 h" },
  { from: "now-7d", label: "last 7 days" },
  { from: "now-30d", label: "last 30 days" },
];

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** parseMoment reads `now`, `now-90m`, Unix milliseconds or RFC 3339; undefined when it is none of them. */
export function parseMoment(text: string, at: UnixMs): UnixMs | undefined {
  if (text === "now") return at;
  const offset = /^now-(\d{1,6})([smhdw])$/.exec(text);
  if (offset !== null) return unixMs(at - Number(offset[1]) * (unitMs[offset[2] ?? ""] ?? 0));
  if (/^\d{12,14}$/.test(text)) return unixMs(Number(text));
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? undefined : unixMs(parsed);
}

/** resolve gives the two moments of a range; a range that cannot be read, or ends before it starts, is the default. */
export function resolve(range: Range, at: UnixMs = now()): Interval {
  const from = parseMoment(range.from, at);
  const to = parseMoment(range.to, at);
  if (from !== undefined && to !== undefined && from < to) return { from, to };
  return { from: unixMs(at - 3_600_000), to: at };
}

/** isLive tells whether a range ends now, so that new data belongs to it. */
export const isLive = (range: Range): boolean => range.to === "now";

/** fixed pins a range to the moments it means now: what a link needs that is opened an hour later. */
export function fixed(range: Range, at: UnixMs = now()): Range {
  const interval = resolve(range, at);
  return { from: String(Math.round(interval.from)), to: String(Math.round(interval.to)) };
}

/** shifted moves a range by its own half, back (-1) or forth (+1); one that would pass now ends now again. */
export function shifted(range: Range, direction: -1 | 1, at: UnixMs = now()): Range {
  const interval = resolve(range, at);
  const width = interval.to - interval.from;
  const to = interval.to + (direction * width) / 2;
  const known = presets.find((preset) => Math.abs(width - offsetMs(preset.from, at)) < 1500);
  if (to >= at - 1000 && known !== undefined) return { from: known.from, to: "now" };
  const end = Math.min(to, at);
  return { from: String(Math.round(end - width)), to: String(Math.round(end)) };
}

function offsetMs(from: string, at: UnixMs): number {
  return at - (parseMoment(from, at) ?? at);
}

/** around is a range of three times the interval's own length about it: for "zoom out". */
export function around(interval: Interval): Range {
  const width = interval.to - interval.from;
  return { from: String(Math.round(interval.from - width)), to: String(Math.round(interval.to + width)) };
}
