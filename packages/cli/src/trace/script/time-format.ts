const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const two = (value: number): string => String(value).padStart(2, "0");

function zone(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function dayOfYear(at: Date): number {
  return (
    Math.round(
      (Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - Date.UTC(at.getFullYear(), 0, 1)) /
        86_400_000,
    ) + 1
  );
}

type Conversion = (at: Date, nanoseconds: number) => string;

/** conversions of strftime(3) in the C locale, local time; %f is bpftrace's: microseconds. */
const conversions: Readonly<Record<string, Conversion>> = {
  Y: (at) => String(at.getFullYear()),
  y: (at) => two(at.getFullYear() % 100),
  m: (at) => two(at.getMonth() + 1),
  d: (at) => two(at.getDate()),
  e: (at) => String(at.getDate()).padStart(2),
  H: (at) => two(at.getHours()),
  I: (at) => two(at.getHours() % 12 || 12),
  M: (at) => two(at.getMinutes()),
  S: (at) => two(at.getSeconds()),
  p: (at) => (at.getHours() < 12 ? "AM" : "PM"),
  j: (at) => String(dayOfYear(at)).padStart(3, "0"),
  a: (at) => (days[at.getDay()] ?? "").slice(0, 3),
  A: (at) => days[at.getDay()] ?? "",
  b: (at) => (months[at.getMonth()] ?? "").slice(0, 3),
  h: (at) => (months[at.getMonth()] ?? "").slice(0, 3),
  B: (at) => months[at.getMonth()] ?? "",
  u: (at) => String(at.getDay() || 7),
  w: (at) => String(at.getDay()),
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  z: zone,
  f: (_at, nanoseconds) => String(Math.floor(nanoseconds / 1000)).padStart(6, "0"),
  n: () => "\n",
  t: () => "\t",
  "%": () => "%",
};

const composed: Readonly<Record<string, string>> = {
  F: "%Y-%m-%d",
  T: "%H:%M:%S",
  R: "%H:%M",
  D: "%m/%d/%y",
  c: "%a %b %e %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
  r: "%I:%M:%S %p",
};

/** formatTime writes a wall-clock time, given in nanoseconds since 1970, as strftime does; what it does not know stays as it is. */
export function formatTime(format: string, time: bigint): string {
  const at = new Date(Number(time / 1_000_000n));
  const nanoseconds = Number(time % 1_000_000_000n);
  const whole = format.replace(/%([a-zA-Z])/g, (all, letter: string) => composed[letter] ?? all);
  return whole.replace(
    /%([a-zA-Z%])/g,
    (all, letter: string) => conversions[letter]?.(at, nanoseconds) ?? all,
  );
}
