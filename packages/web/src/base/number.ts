import type { Figure } from "./time.js";

const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const significant = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3, useGrouping: false });
const twoSignificant = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2, useGrouping: false });

/** countText is the exact number with the reader's own grouping: 1,204. */
export const countText = (value: number): string => plain.format(value);

/** figureText joins a figure with a thin gap. */
export const figureText = (figure: Figure): string =>
  figure.unit === "" ? figure.value : `${figure.value} ${figure.unit}`;

function scaled(value: number, step: number, prefixes: readonly string[], unit: string): Figure {
  if (!Number.isFinite(value)) return { value: "–", unit: "" };
  let size = value;
  let at = 0;
  while (Math.abs(size) >= step * 0.9995 && at < prefixes.length - 1) {
    size /= step;
    at++;
  }
  return { value: significant.format(size), unit: `${prefixes[at]}${unit}` };
}

const thousands = ["", "k", "M", "G", "T"];

/** countFigure shortens a number: `31.2 k`. */
export const countFigure = (value: number): Figure => scaled(value, 1000, thousands, "");

/** rateFigure is a number per second: `1.2 k/s`; slow things are told per minute or hour instead of 0.01/s. */
export function rateFigure(perSecond: number): Figure {
  if (perSecond > 0 && perSecond < 0.095) {
    const perMinute = perSecond * 60;
    if (perMinute >= 0.95) return { value: twoSignificant.format(perMinute), unit: "/min" };
    return { value: twoSignificant.format(perMinute * 60), unit: "/h" };
  }
  return scaled(perSecond, 1000, thousands, "/s");
}

/** bytesFigure is a size in decimal units: `4.1 MB`. */
export const bytesFigure = (bytes: number): Figure => scaled(bytes, 1000, ["B", "kB", "MB", "GB", "TB"], "");

/** shareFigure is a part of one as a percentage; what is not nothing is never shown as 0. */
export function shareFigure(share: number): Figure {
  if (!Number.isFinite(share)) return { value: "–", unit: "" };
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return { value: "<0.01", unit: "%" };
  return { value: twoSignificant.format(percent > 99 && percent < 100 ? 99 : percent), unit: "%" };
}

/** plural picks the word for a count: `3 errors`, `1 error`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;
