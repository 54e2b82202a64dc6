const iso =
  /^(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/;

/** parseTime reads RFC 3339 and its like as Unix nanoseconds; without a zone it is this machine's. */
export function parseTime(text: string): bigint | undefined {
  const parts = iso.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", zone = ""] = parts;
  const colon = zoneText(zone);
  const whole = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${colon}`);
  if (Number.isNaN(whole)) return undefined;
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** hasZone says whether a time that parseTime() reads says where; else it is what the clock on the program's wall showed. */
export const hasZone = (text: string): boolean =>
  /:\d\d(?:[.,]\d+)?\s?(?:Z|UTC|GMT|[+-][\d:]{2,5})$/.test(text);

const quarterNs = 900_000_000_000n;
const farthestZone = 56n;
const nearNs = 5_000_000_000n;

/**
 * atWriting moves a local time into the zone in which it was just written: a container has another than its machine, and a line is written when
 * it is made. Zones differ by quarters of an hour, up to 14 hours.
 */
export function atWriting(told: bigint, written: bigint): bigint {
  const late = written - told;
  const quarters = (late + (late < 0n ? -quarterNs : quarterNs) / 2n) / quarterNs;
  const rest = late - quarters * quarterNs;
  const isZone = quarters >= -farthestZone && quarters <= farthestZone && rest > -nearNs && rest < nearNs;
  return isZone ? told + quarters * quarterNs : told;
}

/** zoneText is a zone as Date.parse() takes it. */
function zoneText(zone: string): string {
  if (/^[UG]/.test(zone)) return "Z";
  if (zone.length === 3) return `${zone}:00`;
  return zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
}

/** unixTime takes a count since 1970 in seconds, milliseconds, microseconds or nanoseconds, told apart by its size. */
export function unixTime(count: number): bigint | undefined {
  if (!Number.isFinite(count) || count < 1e8) return undefined;
  // Seconds pass 1e11 in the year 5138; a millisecond count was smaller before 1973.
  if (count < 1e11) return BigInt(Math.round(count * 1e6)) * 1000n;
  if (count < 1e14) return BigInt(Math.round(count * 1e3)) * 1000n;
  return count < 1e17 ? BigInt(Math.round(count)) * 1000n : BigInt(Math.round(count));
}

/** klogTime takes klog's "1121 20:54:06.123456", whose year is that of now, or the one before. */
export const klogTime = (monthDay: string, clock: string, nowMs: number): bigint | undefined =>
  inLatestYear((year) => parseTime(`${year}-${monthDay.slice(0, 2)}-${monthDay.slice(2)} ${clock}`), nowMs);

function inLatestYear(of: (year: number) => bigint | undefined, nowMs: number): bigint | undefined {
  const year = new Date(nowMs).getFullYear();
  const time = of(year);
  // A line of December that is read in January.
  return time !== undefined && time > BigInt(Math.trunc(nowMs) + 86_400_000) * 1_000_000n
    ? of(year - 1)
    : time;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** monthTime takes a day whose month is a word: "2026", "Nov", "21", "20:54:06.123". */
export function monthTime(
  year: string,
  month: string,
  day: string,
  clock: string,
  zone = "",
): bigint | undefined {
  const number = months.indexOf(month) + 1;
  if (number === 0) return undefined;
  return parseTime(
    `${year}-${String(number).padStart(2, "0")}-${day.trim().padStart(2, "0")} ${clock}${zone}`,
  );
}

/** yearlessTime takes such a day without its year: syslog's. */
export const yearlessTime = (month: string, day: string, clock: string, nowMs: number): bigint | undefined =>
  inLatestYear((year) => monthTime(String(year), month, day, clock), nowMs);

/** clockTime takes a time of day, which is today's, or yesterday's where that is still to come. */
export function clockTime(clock: string, nowMs: number): bigint | undefined {
  const of = (ms: number) => {
    const day = new Date(ms);
    const two = (part: number) => String(part).padStart(2, "0");
    return parseTime(`${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())} ${clock}`);
  };
  const time = of(nowMs);
  // A line of before midnight that is read after it.
  return time !== undefined && time > BigInt(Math.trunc(nowMs) + 3_600_000) * 1_000_000n
    ? of(nowMs - 86_400_000)
    : time;
}
