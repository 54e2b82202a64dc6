import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Palette, readPalette, serviceHue } from "../../base/colour.js";
import { themeShown } from "../../base/settings.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { useCanvasSize } from "../canvas-size.js";
import { ticks, type View } from "../waterfall/draw.js";
import { useTimeWheel } from "../waterfall/gestures.js";
import { operationOf, serviceOf, type TraceModel } from "../waterfall/model.js";
import { TimeAxis } from "../waterfall/time-axis.js";
import { firstFrom, type Lanes, lanesOf, rowIn } from "./lanes.js";

const laneHeight = 20;
const smallest = 3;
const font = "12px system-ui, sans-serif";

/** TimeFlameProps: the same state as a waterfall's. */
export interface TimeFlameProps {
  readonly model: TraceModel;
  readonly marks: Uint8Array | undefined;
  readonly view: View;
  readonly chosen: number;
  readonly onChoose: (row: number) => void;
  readonly onOpen: (row: number) => void;
  readonly onView: (view: View) => void;
}

interface Scene {
  readonly model: TraceModel;
  readonly lanes: Lanes;
  readonly marks: Uint8Array | undefined;
  readonly view: View;
  readonly chosen: number;
  readonly hovered: number;
  readonly palette: Palette;
  readonly hues: readonly string[];
}

/**
 * paintLanes draws the lanes between two scroll offsets. A lane is walked by what shows: from a span narrower than a
 * pixel the walk leaps to the next pixel, so that 100,000 spans cost no more than the canvas is wide.
 */
function paintLanes(
  context: CanvasRenderingContext2D,
  scene: Scene,
  width: number,
  height: number,
  top: number,
): void {
  const { model, lanes, view, marks, palette } = scene;
  const perNs = width / (view.to - view.from);
  context.clearRect(0, 0, width, height);
  context.fillStyle = palette.line;
  for (const tick of ticks(view, width))
    context.fillRect(Math.round((tick - view.from) * perNs), 0, 1, height);
  context.font = font;
  context.textBaseline = "middle";
  const last = Math.min(lanes.lanes.length, Math.ceil((top + height) / laneHeight));
  for (let at = Math.floor(top / laneHeight); at < last; at++) {
    const lane = lanes.lanes[at];
    if (lane === undefined) continue;
    const y = at * laneHeight - top;
    let place = Math.max(0, firstFrom(lane, model.start, view.from) - 1);
    while (place < lane.length) {
      const row = lane[place] ?? 0;
      const start = model.start[row] ?? 0;
      if (start > view.to) break;
      const left = Math.max(0, (start - view.from) * perNs);
      const right = Math.min(width, (start + (model.length[row] ?? 0) - view.from) * perNs);
      if (right >= 0) {
        const wide = Math.max(1, right - left - (right - left > smallest ? 0.5 : 0));
        context.globalAlpha =
          marks !== undefined && marks[row] !== 1 ? 0.15 : row === scene.hovered ? 0.85 : 0.6;
        context.fillStyle = scene.hues[model.service[row] ?? 0] ?? palette.accent;
        context.fillRect(left, y, wide, laneHeight - 1);
        if (model.failed[row] === 1) {
          context.globalAlpha = 1;
          context.fillStyle = palette.bad;
          context.fillRect(left, y, wide, 3);
        }
        if (row === scene.chosen) {
          context.globalAlpha = 1;
          context.strokeStyle = palette.text;
          context.lineWidth = 2;
          context.strokeRect(left + 1, y + 1, Math.max(2, wide - 2), laneHeight - 3);
        }
        if (wide > 34) drawLabel(context, scene, row, left, wide, y);
      }
      // The last one that starts within the pixel may be long: it is where the leap ends.
      const leap = right - left >= 1 ? 0 : firstFrom(lane, model.start, view.from + (left + 1) / perNs) - 1;
      place = Math.max(place + 1, leap);
    }
  }
  context.globalAlpha = 1;
}

function drawLabel(
  context: CanvasRenderingContext2D,
  scene: Scene,
  row: number,
  left: number,
  wide: number,
  y: number,
): void {
  const { model, palette } = scene;
  context.globalAlpha = scene.marks !== undefined && scene.marks[row] !== 1 ? 0.5 : 1;
  context.fillStyle = palette.text;
  const above = model.parent[row] ?? -1;
  const same = above >= 0 && model.service[above] === model.service[row];
  const name = cell(operationOf(model, row), 120);
  const text = same ? name : `${cell(serviceOf(model, row), 40)} ${name}`;
  // Seven pixels a letter are more than a letter has; what is longer is cut without measuring.
  const letters = Math.floor((wide - 8) / 6.4);
  context.fillText(
    text.length > letters ? `${text.slice(0, Math.max(1, letters - 1))}…` : text,
    left + 4,
    y + laneHeight / 2,
  );
}

/** TimeFlame draws a trace as a flame graph by time. Arrows walk the tree, Enter opens, Ctrl and the wheel zoom. */
export function TimeFlame(props: TimeFlameProps): JSX.Element {
  const { model, view, chosen } = props;
  const lanes = useMemo(() => lanesOf(model), [model]);
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(box, canvas);
  const [under, setUnder] = useState(-1);
  const palette = useMemo(() => readPalette(), [themeShown.value]);
  const hues = useMemo(
    () => model.answer.services.map((name) => palette.hues[serviceHue(name)] ?? palette.accent),
    [model, palette],
  );
  const scene = useRef<Scene | undefined>(undefined);
  scene.current = { model, lanes, marks: props.marks, view, chosen, hovered: under, palette, hues };
  const paint = () => {
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined || scene.current === undefined || size.width === 0) return;
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintLanes(context, scene.current, size.width, size.height, box.current?.scrollTop ?? 0);
  };
  useLayoutEffect(paint);
  useLayoutEffect(() => {
    const element = box.current;
    const lane = lanes.laneOf[chosen];
    if (element === null || lane === undefined || size.height === 0) return;
    const y = lane * laneHeight;
    if (y < element.scrollTop || y + laneHeight > element.scrollTop + size.height)
      element.scrollTop = Math.max(0, y - size.height / 2);
  }, [chosen, lanes, size.height > 0]);
  const area = useRef({ view, left: 0, duration: model.duration });
  area.current = { view, left: 0, duration: model.duration };
  useTimeWheel(box, area, props.onView);

  const rowUnder = (event: MouseEvent): number => {
    const frame = box.current?.getBoundingClientRect();
    if (frame === undefined || size.width === 0) return -1;
    const lane =
      lanes.lanes[Math.floor((event.clientY - frame.top + (box.current?.scrollTop ?? 0)) / laneHeight)];
    if (lane === undefined) return -1;
    const perPixel = (view.to - view.from) / size.width;
    return rowIn(lane, model, view.from + (event.clientX - frame.left) * perPixel, perPixel);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && chosen >= 0) props.onOpen(chosen);
    else {
      const next = neighbour(model, lanes, chosen, event.key);
      if (next === undefined) return;
      if (next >= 0) props.onChoose(next);
    }
    event.preventDefault();
  };
  const told = under >= 0 ? under : chosen;
  return (
    <div class="tflame">
      <p class="said mono" role="status">
        {told < 0 ? "Hover, or walk by the arrows." : spanText(model, told)}
        {lanes.crowded > 0 ? ` · ${lanes.crowded} spans lie over each other in the last lane` : ""}
      </p>
      <TimeAxis view={view} left={0} width={size.width} title="" />
      <div class="wf-wrap">
        <canvas
          ref={canvas}
          class="wf-canvas"
          aria-hidden="true"
          style={{ width: `${size.width}px`, height: `${size.height}px` }}
        />
        <div
          ref={box}
          class="wf-box"
          role="application"
          aria-label={`Flame graph by time, ${lanes.lanes.length} lanes${chosen < 0 ? "" : `; ${spanText(model, chosen)}`}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys; the arrows walk the graph
          tabIndex={0}
          onKeyDown={onKey}
          onScroll={paint}
          onPointerMove={(event) => setUnder(rowUnder(event))}
          onPointerLeave={() => setUnder(-1)}
          onClick={(event) => {
            const hit = rowUnder(event);
            if (hit < 0) return;
            props.onChoose(hit);
            props.onOpen(hit);
          }}
          onDblClick={() => props.onView({ from: 0, to: model.duration })}
        >
          <div class="wf-tall" style={{ height: `${lanes.lanes.length * laneHeight}px` }} />
        </div>
      </div>
    </div>
  );
}

/** spanText says a span in a line. */
export function spanText(model: TraceModel, row: number): string {
  const failed = model.failed[row] === 1 ? ", error" : "";
  return `${cell(serviceOf(model, row), 60)} ${cell(operationOf(model, row), 120)}: ${durationText(model.length[row] ?? 0)}${failed}, begins at ${durationText(model.start[row] ?? 0)}`;
}

/** neighbour is where an arrow leads: up to the parent, down to the first child, sideways along the lane; -1 where nothing is. */
function neighbour(model: TraceModel, lanes: Lanes, row: number, key: string): number | undefined {
  if (row < 0) return key.startsWith("Arrow") ? 0 : undefined;
  if (key === "ArrowUp") return Math.max(-1, model.parent[row] ?? -1);
  if (key === "ArrowDown") return (model.end[row] ?? 0) > row + 1 ? row + 1 : -1;
  if (key !== "ArrowLeft" && key !== "ArrowRight") return undefined;
  const lane = lanes.lanes[lanes.laneOf[row] ?? 0];
  if (lane === undefined) return -1;
  const place = firstFrom(lane, model.start, model.start[row] ?? 0);
  let here = place;
  while (here < lane.length && lane[here] !== row) here++;
  return lane[here + (key === "ArrowLeft" ? -1 : 1)] ?? -1;
}
