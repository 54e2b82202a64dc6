const degrees = 180 / Math.PI;

/** ELEMENT_FUNCTIONS compute each value by itself; further arguments are numbers. */
export const ELEMENT_FUNCTIONS: ReadonlyMap<string, (value: number, ...more: number[]) => number> = new Map<
  string,
  (value: number, ...more: number[]) => number
>([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["exp", Math.exp],
  ["sqrt", Math.sqrt],
  ["ln", Math.log],
  ["log2", Math.log2],
  ["log10", Math.log10],
  ["sgn", (value) => (value > 0 ? 1 : value < 0 ? -1 : value)],
  ["sin", Math.sin],
  ["cos", Math.cos],
  ["tan", Math.tan],
  ["asin", Math.asin],
  ["acos", Math.acos],
  ["atan", Math.atan],
  ["sinh", Math.sinh],
  ["cosh", Math.cosh],
  ["tanh", Math.tanh],
  ["asinh", Math.asinh],
  ["acosh", Math.acosh],
  ["atanh", Math.atanh],
  ["deg", (value) => value * degrees],
  ["rad", (value) => value / degrees],
  ["clamp_min", (value, least = Number.NaN) => Math.max(least, value)],
  ["clamp_max", (value, most = Number.NaN) => Math.min(most, value)],
  ["clamp", (value, least = Number.NaN, most = Number.NaN) => Math.max(least, Math.min(most, value))],
  // Dividing one by the step first, and rounding halves up, is what Prometheus does; other ways differ in the last digit.
  ["round", (value, nearest = 1) => Math.floor(value * (1 / nearest) + 0.5) / (1 / nearest)],
]);

const dateOf = (seconds: number): Date => new Date(Math.floor(seconds) * 1000);
const dayMs = 86_400_000;

/** TIME_FUNCTIONS read a value as Unix seconds and give a part of that date, UTC. */
export const TIME_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ["minute", (seconds: number) => dateOf(seconds).getUTCMinutes()],
  ["hour", (seconds: number) => dateOf(seconds).getUTCHours()],
  ["day_of_week", (seconds: number) => dateOf(seconds).getUTCDay()],
  ["day_of_month", (seconds: number) => dateOf(seconds).getUTCDate()],
  [
    "day_of_year",
    (seconds: number) => {
      const date = dateOf(seconds);
      const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
      return (midnight - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs + 1;
    },
  ],
  [
    "days_in_month",
    (seconds: number) => {
      const date = dateOf(seconds);
      return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    },
  ],
  ["month", (seconds: number) => dateOf(seconds).getUTCMonth() + 1],
  ["year", (seconds: number) => dateOf(seconds).getUTCFullYear()],
]);
