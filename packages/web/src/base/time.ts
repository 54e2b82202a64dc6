// A moment carries its unit in the type, so that it cannot be mixed with a duration, which is nanoseconds everywhere.

/** UnixMs is a moment: milliseconds since 1970, fractions allowed (a double keeps about 0.2 us at today's date). */
export type UnixMs = number & { readonly __unit: "unix-ms" };

/** unixMs marks a number as a moment in milliseconds. */
export const unixMs = (value: number): UnixMs => value as UnixMs;

/** now is the browser's clock. */
export const now = (): UnixMs => unixMs(Date.now());

/** msOfNs turns the API's decimal nanoseconds (text, since they pass 2^53) into a moment. */
export function msOfNs(text: string | number | bigint): UnixMs {
  const digits = String(text);
  const whole = digits.length > 6 ? digits.slice(0, -6) : "0";
  const rest = digits.slice(-6);
  return unixMs(Number(whole) + Number(rest) / 1e6);
}

/** nsOfMs gives the decimal nanoseconds of a moment, as the API takes them. */
export function nsOfMs(moment: UnixMs): string {
  const whole = Math.floor(moment);
  return `${whole}${String(Math.round((moment - whole) * 1e6)).padStart(6, "0")}`;
}

const threeDigits = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3, useGrouping: false });

const units: readonly { readonly below: number; readonly per: number; readonly unit: string }[] = [
  { below: 999.5, per: 1, unit: "ns" },
  { below: 999.5e3, per: 1e3, unit: "µs" },
  { below: 999.5e6, per: 1e6, unit: "ms" },
  { below: 59.95e9, per: 1e9, unit: "s" },
];

/** Figure is a number and its unit kept apart, since the unit is drawn small and dim. */
export interface Figure {
  readonly value: string;
  readonly unit: string;
}

/** durationFigure gives three significant figures: `812 ns`, `1.25 ms`, `2 min 5 s`; never "0us" for what was short. */
export function durationFigure(ns: number): Figure {
  if (!Number.isFinite(ns)) return { value: "–", unit: "" };
  const size = Math.abs(ns);
  for (const row of units) {
    if (size < row.below) return { value: threeDigits.format(ns / row.per), unit: row.unit };
  }
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return { value: `${Math.floor(seconds / 60)} min ${seconds % 60}`, unit: "s" };
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return { value: `${Math.floor(minutes / 60)} h ${minutes % 60}`, unit: "min" };
  const hours = Math.round(minutes / 60);
  return { value: `${Math.floor(hours / 24)} d ${hours % 24}`, unit: "h" };
}

/** durationText is durationFigure as one text. */
export function durationText(ns: number): string {
  const figure = durationFigure(ns);
  return figure.unit === "" ? figure.value : `${figure.value} ${figure.unit}`;
}

/** Zone is what the whole page shows times in. */
export type Zone = "local" | "utc";

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  const known = clocks.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat(undefined, {
    ...options,
    hourCycle: "h23",
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  });
  clocks.set(key, made);
  return made;
}

/** clockText is the time of day with milliseconds, and the date before it when it is not today's. */
export function clockText(moment: UnixMs, zone: Zone, digits: 0 | 3 = 3): string {
  const time = clock(zone, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    ...(digits === 3 ? { fractionalSecondDigits: 3 } : {}),
  }).format(moment);
  return sameDay(moment, now(), zone) ? time : `${dateText(moment, zone)} ${time}`;
}

/** dateText is the day, short. */
export function dateText(moment: UnixMs, zone: Zone): string {
  return clock(zone, { month: "short", day: "numeric" }).format(moment);
}

function sameDay(a: UnixMs, b: UnixMs, zone: Zone): boolean {
  const day = clock(zone, { year: "numeric", month: "2-digit", day: "2-digit" });
  return day.format(a) === day.format(b);
}

/** isoText is the exact moment for copying: RFC 3339 in UTC with the milliseconds. */
export const isoText = (moment: UnixMs): string => new Date(moment).toISOString();

const agoSteps: readonly [number, Intl.RelativeTimeFormatUnit][] = [
  [60, "second"],
  [3600, "minute"],
  [86_400, "hour"],
  [Number.POSITIVE_INFINITY, "day"],
];
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });

/** agoText says how long a moment is gone: "12 sec. ago". */
export function agoText(moment: UnixMs, from: UnixMs = now()): string {
  const seconds = (moment - from) / 1000;
  let per = 1;
  for (const [below, unit] of agoSteps) {
    if (Math.abs(seconds) < below) return relative.format(Math.round(seconds / per), unit);
    per = below;
  }
  return "";
}
