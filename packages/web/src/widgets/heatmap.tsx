import type { HeatAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { readPalette } from "../base/colour.js";
import { countText, plural } from "../base/number.js";
import { themeShown, zone } from "../base/settings.js";
import { clockText, durationText, unixMs } from "../base/time.js";

const height = 150;
const axis = 58;

/** nsOfLevel is where a level begins. */
export const nsOfLevel = (level: number): number => 2 ** (level / 2);

/** HeatGrid is an answer as a grid: rows of levels from the shortest, columns of time. */
export interface HeatGrid {
  readonly low: number;
  readonly levels: number;
  readonly columns: number;
  readonly count: Float64Array;
  readonly errors: Float64Array;
  readonly most: number;
}

/** heatGrid lays an answer's cells into a grid. What lies outside the buckets is left out. */
export function heatGrid({ buckets, cells }: HeatAnswer): HeatGrid {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const level of cells.level) {
    low = Math.min(low, level);
    high = Math.max(high, level);
  }
  const levels = cells.level.length === 0 ? 0 : high - low + 1;
  const count = new Float64Array(levels * buckets.count);
  const errors = new Float64Array(levels * buckets.count);
  let most = 0;
  cells.bucket.forEach((bucket, at) => {
    if (bucket < 0 || bucket >= buckets.count) return;
    const place = ((cells.level[at] ?? low) - low) * buckets.count + bucket;
    count[place] = cells.count[at] ?? 0;
    errors[place] = cells.errors[at] ?? 0;
    most = Math.max(most, cells.count[at] ?? 0);
  });
  return { low: levels === 0 ? 0 : low, levels, columns: buckets.count, count, errors, most };
}

/** Brush is a part of a heatmap: moments and durations. */
export interface Brush {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly from_ns: number;
  readonly to_ns: number;
}

interface Corner {
  readonly x: number;
  readonly y: number;
}

/** Heatmap shows how many spans took how long over time; failed ones are red at a cell's foot. Dragging gives the part under the brush. */
export function Heatmap({
  data,
  onBrush,
}: {
  data: HeatAnswer;
  onBrush: (brush: Brush) => void;
}): JSX.Element {
  const grid = useMemo(() => heatGrid(data), [data]);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ from: Corner; to: Corner } | undefined>(undefined);
  const [under, setUnder] = useState("");
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined || width === 0) return;
    element.width = Math.round(width * devicePixelRatio);
    element.height = Math.round(height * devicePixelRatio);
    context.scale(devicePixelRatio, devicePixelRatio);
    paint(context, grid, width);
  }, [grid, width, themeShown.value]);

  const { start_ms, step_ms, count } = data.buckets;
  const cornerOf = (event: PointerEvent): Corner => {
    const frame = box.current?.getBoundingClientRect();
    if (frame === undefined) return { x: 0, y: 0 };
    const share = (event.clientX - frame.left - axis) / Math.max(1, frame.width - axis);
    return {
      x: Math.min(count, Math.max(0, share * count)),
      y: Math.min(grid.levels, Math.max(0, (1 - (event.clientY - frame.top) / height) * grid.levels)),
    };
  };
  const brushOf = (a: Corner, b: Corner): Brush => {
    const x = Math.floor(Math.min(a.x, b.x));
    const y = Math.floor(Math.min(a.y, b.y));
    return {
      from_ms: start_ms + x * step_ms,
      to_ms: start_ms + Math.max(x + 1, Math.ceil(Math.max(a.x, b.x))) * step_ms,
      from_ns: nsOfLevel(grid.low + y),
      to_ns: nsOfLevel(grid.low + Math.max(y + 1, Math.ceil(Math.max(a.y, b.y)))),
    };
  };
  const tell = ({ x, y }: Corner) => {
    const column = Math.min(count - 1, Math.floor(x));
    const level = Math.min(grid.levels - 1, Math.floor(y));
    const place = level * grid.columns + column;
    const items = grid.count[place] ?? 0;
    const errors = grid.errors[place] ?? 0;
    const at = clockText(unixMs(start_ms + column * step_ms), zone.value, 0);
    const ns = nsOfLevel(grid.low + level);
    setUnder(
      `${at}, ${durationText(ns)} to ${durationText(ns * Math.SQRT2)}: ${plural(items, "span")}${errors === 0 ? "" : `, ${plural(errors, "error")}`}`,
    );
  };
  const total = data.cells.count.reduce((sum, value) => sum + value, 0);
  const time = (share: number) => clockText(unixMs(start_ms + share * count * step_ms), zone.value, 0);
  return (
    <figure class="heat">
      <div
        ref={box}
        class="heat-box"
        role="img"
        aria-label={`Durations over time: ${plural(total, "span")}, ${grid.levels === 0 ? "none" : `${durationText(nsOfLevel(grid.low))} to ${durationText(nsOfLevel(grid.low + grid.levels))}`}; at most ${countText(grid.most)} in a cell. The filter narrows it by key: duration:10ms..20ms`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          const corner = cornerOf(event);
          setDrag({ from: corner, to: corner });
        }}
        onPointerMove={(event) => {
          const corner = cornerOf(event);
          if (drag !== undefined) setDrag({ from: drag.from, to: corner });
          tell(corner);
        }}
        onPointerLeave={() => setUnder("")}
        onPointerUp={() => {
          if (drag !== undefined) onBrush(brushOf(drag.from, drag.to));
          setDrag(undefined);
        }}
        onPointerCancel={() => setDrag(undefined)}
      >
        <canvas ref={canvas} style={{ width: "100%", height: `${height}px` }} />
        {drag === undefined ? null : <BrushMark drag={drag} grid={grid} width={width} />}
      </div>
      <div class="axis" aria-hidden="true" style={{ paddingLeft: `${axis}px` }}>
        <span>{time(0)}</span>
        <span class="grow cut">{under || "drag over a part to see its traces"}</span>
        <span>{time(1)}</span>
      </div>
    </figure>
  );
}

function BrushMark({
  drag: { from, to },
  grid,
  width,
}: {
  drag: { readonly from: Corner; readonly to: Corner };
  grid: HeatGrid;
  width: number;
}): JSX.Element {
  const perColumn = (width - axis) / Math.max(1, grid.columns);
  const perLevel = height / Math.max(1, grid.levels);
  return (
    <div
      class="heat-brush"
      style={{
        left: `${axis + Math.min(from.x, to.x) * perColumn}px`,
        width: `${Math.max(2, Math.abs(from.x - to.x) * perColumn)}px`,
        top: `${height - Math.max(from.y, to.y) * perLevel}px`,
        height: `${Math.max(2, Math.abs(from.y - to.y) * perLevel)}px`,
      }}
    />
  );
}

function paint(context: CanvasRenderingContext2D, grid: HeatGrid, width: number): void {
  const palette = readPalette();
  const wide = (width - axis) / Math.max(1, grid.columns);
  const tall = height / Math.max(1, grid.levels);
  context.clearRect(0, 0, width, height);
  for (let level = 0; level < grid.levels; level++) {
    const y = height - (level + 1) * tall;
    for (let column = 0; column < grid.columns; column++) {
      const place = level * grid.columns + column;
      const count = grid.count[place] ?? 0;
      if (count === 0) continue;
      const x = axis + column * wide;
      // The square root keeps a lone slow request visible beside thousands of fast ones.
      context.globalAlpha = 0.16 + 0.84 * Math.sqrt(count / grid.most);
      context.fillStyle = palette.accent;
      context.fillRect(x, y, Math.max(1, wide - 0.5), Math.max(1, tall - 0.5));
      const failed = (grid.errors[place] ?? 0) / count;
      if (failed === 0) continue;
      context.globalAlpha = 1;
      context.fillStyle = palette.bad;
      const part = Math.max(2, tall * failed);
      context.fillRect(x, y + tall - part, Math.max(1, wide - 0.5), part);
    }
  }
  context.globalAlpha = 1;
  context.font = "11px system-ui, sans-serif";
  context.fillStyle = palette.dim;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const every = Math.max(1, Math.ceil(22 / tall));
  for (let level = 0; level < grid.levels; level += every)
    context.fillText(
      durationText(nsOfLevel(grid.low + level)),
      axis - 6,
      Math.min(height - 6, height - level * tall - 1),
    );
}
