import type { JSX } from "preact";
import { durationText } from "../../base/time.js";
import { ticks, type View, xOf } from "./draw.js";

/** TimeAxis names the round moments of a view; `left` is where time begins, after the title. */
export function TimeAxis({
  view,
  left,
  width,
  title,
}: {
  view: View;
  left: number;
  width: number;
  title: string;
}): JSX.Element {
  return (
    <div class="wf-axis" aria-hidden="true">
      <span class="dim">{title}</span>
      {ticks(view, width - left)
        .map((tick) => ({ tick, x: xOf(view, left, width - left, tick) }))
        .filter(({ x }) => x < width - 46)
        .map(({ tick, x }) => (
          <span key={tick} class="wf-tick" style={{ left: `${x}px` }}>
            {tick === 0 ? "0" : durationText(tick)}
          </span>
        ))}
    </div>
  );
}
