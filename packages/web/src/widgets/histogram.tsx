import type { Histogram as HistogramData } from "@go3s/server";
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { setRange } from "../base/address.js";
import { countText, plural } from "../base/number.js";
import { zone } from "../base/settings.js";
import { clockText, unixMs } from "../base/time.js";

/** Histogram shows how many matched over time, errors in red at the foot; dragging across it narrows the range. */
export function Histogram({ data, what }: { data: HistogramData; what: string }): JSX.Element {
  const { start_ms, step_ms, count } = data.buckets;
  const box = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | undefined>(undefined);
  const most = Math.max(1, ...data.count);
  const total = data.count.reduce((sum, value) => sum + value, 0);
  const errors = data.errors.reduce((sum, value) => sum + value, 0);
  const height = 64;

  const at = (event: PointerEvent): number => {
    const frame = box.current?.getBoundingClientRect();
    if (frame === undefined) return 0;
    return Math.min(count, Math.max(0, ((event.clientX - frame.left) / frame.width) * count));
  };
  const end = () => {
    setDrag(undefined);
    if (drag === undefined) return;
    const from = Math.floor(Math.min(drag.from, drag.to));
    const to = Math.max(from + 1, Math.ceil(Math.max(drag.from, drag.to)));
    setRange({
      from: String(Math.round(start_ms + from * step_ms)),
      to: String(Math.round(start_ms + to * step_ms)),
    });
  };
  const tick = (share: number) => clockText(unixMs(start_ms + share * count * step_ms), zone.value, 0);
  return (
    <figure class="hist">
      <svg
        ref={box}
        class="histogram"
        viewBox={`0 0 ${Math.max(1, count)} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${plural(total, what)} over the range, ${plural(errors, "error")}; at most ${countText(most)} per bar`}
        onPointerDown={(event) => {
          box.current?.setPointerCapture(event.pointerId);
          const where = at(event);
          setDrag({ from: where, to: where });
        }}
        onPointerMove={(event) => {
          if (drag !== undefined) setDrag({ from: drag.from, to: at(event) });
        }}
        onPointerUp={end}
        onPointerCancel={() => setDrag(undefined)}
      >
        {data.count.map((value, index) => {
          const bad = data.errors[index] ?? 0;
          const tall = value === 0 ? 0 : Math.max(1.5, (value / most) * (height - 2));
          const badTall = bad === 0 ? 0 : Math.max(1.5, (bad / most) * (height - 2));
          return (
            <g key={index}>
              <rect class="count" x={index + 0.08} width={0.84} y={height - tall} height={tall} />
              {bad === 0 ? null : (
                <rect class="errors" x={index + 0.08} width={0.84} y={height - badTall} height={badTall} />
              )}
              <rect class="hit" x={index} width={1} y={0} height={height}>
                <title>
                  {`${clockText(unixMs(start_ms + index * step_ms), zone.value, 0)}: ${plural(value, what)}${bad === 0 ? "" : `, ${plural(bad, "error")}`}`}
                </title>
              </rect>
            </g>
          );
        })}
        {drag === undefined ? null : (
          <rect
            class="brush"
            x={Math.min(drag.from, drag.to)}
            width={Math.abs(drag.to - drag.from)}
            y={0}
            height={height}
          />
        )}
      </svg>
      <div class="axis" aria-hidden="true">
        <span>{tick(0)}</span>
        <span>{tick(0.5)}</span>
        <span>{tick(1)}</span>
      </div>
    </figure>
  );
}
