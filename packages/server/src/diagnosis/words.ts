// Figures as the sentences tell them.

const units = [
  { from: 3_600e9, by: 3_600e9, unit: "h" },
  { from: 60e9, by: 60e9, unit: "min" },
  { from: 1e9, by: 1e9, unit: "s" },
  { from: 1e6, by: 1e6, unit: "ms" },
  { from: 1e3, by: 1e3, unit: "µs" },
] as const;

const three = (value: number): string =>
  value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(value >= 10 ? 3 : 2)));

/** durationWords tells nanoseconds: `312 ms`, `1.2 s`. */
export function durationWords(ns: number): string {
  const row = units.find((unit) => Math.abs(ns) >= unit.from);
  return row === undefined ? `${Math.round(ns)} ns` : `${three(ns / row.by)} ${row.unit}`;
}

/** shareWords tells a share: `38 %`, `0.4 %`. */
export function shareWords(share: number): string {
  const percent = share * 100;
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(1))} %`;
}

/** rateWords tells how many a second: `41/s`, `0.3/s`. */
export const rateWords = (rate: number): string => `${three(rate)}/s`;

/** countWords tells a number with its noun. */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** timesWords tells how often: `once`, `26 times`. */
export const timesWords = (count: number): string =>
  Math.abs(count - 1) < 0.05 ? "once" : `${three(count)} times`;

const longest = 80;

/** shortText cuts others' text to what a sentence bears and takes line breaks out. */
export function shortText(text: string): string {
  const plain = text.replaceAll(/\s+/g, " ").trim();
  return plain.length <= longest ? plain : `${plain.slice(0, longest)}…`;
}

/** listWords joins names: `a, b and 3 more`. */
export function listWords(names: readonly string[], most = 4): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
