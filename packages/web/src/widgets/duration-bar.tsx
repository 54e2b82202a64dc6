import type { JSX } from "preact";
import { Duration } from "./figure.js";

/**
 * barShare places a duration on a logarithmic scale between the shortest and the longest of a list, 4 % to 100 %: one
 * trace of a minute does not flatten the millisecond ones.
 */
export function barShare(ns: number, shortest: number, longest: number): number {
  const low = Math.log10(Math.max(1, shortest));
  const high = Math.log10(Math.max(1, longest));
  if (high - low < 0.01) return 1;
  return 0.04 + 0.96 * ((Math.log10(Math.max(1, ns)) - low) / (high - low));
}

/** DurationBar shows a duration as a bar (logarithmic within its list) with its figure. */
export function DurationBar({
  ns,
  shortest,
  longest,
}: {
  ns: number;
  shortest: number;
  longest: number;
}): JSX.Element {
  return (
    <div class="dbar row" title="The bar is logarithmic">
      <span class="dbar-track">
        <i style={{ width: `${(barShare(ns, shortest, longest) * 100).toFixed(1)}%` }} />
      </span>
      <Duration ns={ns} />
    </div>
  );
}
