import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { readPalette } from "../../base/colour.js";
import { themeShown } from "../../base/settings.js";
import { cell } from "../../base/text.js";
import { durationText } from "../../base/time.js";
import { useCanvasSize } from "../canvas-size.js";
import type { CriticalPath } from "./critical-path.js";
import { drawScene, gapText, indentOf, insideText, rowHeight, type Scene, type View } from "./draw.js";
import { type TimeArea, useMirrorPace, useReveal, useTimeDrag, useTimeWheel } from "./gestures.js";
import { type Gap, gapAt, type Lines, placeBefore, rowAt } from "./lines.js";
import { hasChildren, operationOf, serviceOf, type TraceModel } from "./model.js";
import { TimeAxis } from "./time-axis.js";

/** WaterfallProps: what is drawn belongs to the caller; the widget keeps only where it is scrolled and hovered. */
export interface WaterfallProps {
  readonly model: TraceModel;
  readonly lines: Lines;
  readonly folded: Uint8Array;
  readonly path: CriticalPath;
  readonly marks: Uint8Array | undefined;
  readonly logRows: ReadonlyMap<number, readonly number[]>;
  readonly waitRows: ReadonlyMap<number, number>;
  readonly view: View;
  readonly chosen: number;
  readonly onChoose: (row: number) => void;
  readonly onOpen: (row: number) => void;
  readonly onFold: (row: number) => void;
  readonly onReveal: (gap: Gap) => void;
  readonly onView: (view: View) => void;
}

/** Waterfall draws the rows that show on one canvas, and mirrors them as a tree for keyboard and readers. */
export function Waterfall(props: WaterfallProps): JSX.Element {
  const { model, lines, view, chosen } = props;
  const count = lines.rows.length;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useCanvasSize(box, canvas);
  const [split, setSplit] = useState(window.innerWidth < 600 ? 0.5 : 0.36);
  const [top, setTop] = useState(0);
  const hovered = useRef(-1);
  const frame = useRef(0);
  const nameWidth = Math.round(Math.min(size.width * split, size.width - 120));
  const palette = useMemo(() => readPalette(), [themeShown.value]);
  const scene = useRef<Scene | undefined>(undefined);
  scene.current = { ...props, hovered: hovered.current, nameWidth, palette };

  const paint = () => {
    frame.current = 0;
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined || scene.current === undefined || size.width === 0) return;
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    drawScene(
      context,
      { ...scene.current, hovered: hovered.current },
      size.width,
      size.height,
      box.current?.scrollTop ?? 0,
    );
  };
  const paintSoon = () => {
    if (frame.current === 0) frame.current = requestAnimationFrame(paint);
  };

  useLayoutEffect(paint);
  useReveal(box, lines, chosen, size.height);
  useMirrorPace(box, setTop, paintSoon);
  const area = useRef<TimeArea>({ view, left: nameWidth, duration: model.duration });
  area.current = { view, left: nameWidth, duration: model.duration };
  useTimeWheel(box, area, props.onView);

  const placeUnder = (event: { readonly clientY: number }): number => {
    const frameTop = box.current?.getBoundingClientRect().top ?? 0;
    const place = Math.floor((event.clientY - frameTop + (box.current?.scrollTop ?? 0)) / rowHeight);
    return place < count ? place : -1;
  };
  const rowUnder = (event: { readonly clientY: number }): number => {
    const place = placeUnder(event);
    return place < 0 ? -1 : rowAt(lines, place);
  };
  const xIn = (event: { readonly clientX: number }): number =>
    event.clientX - (box.current?.getBoundingClientRect().left ?? 0);
  const drag = useTimeDrag(scene, size, props.onView);
  const first = Math.max(0, Math.floor(top / rowHeight));
  const mirrored = Array.from(
    { length: Math.max(0, Math.min(count - first, Math.ceil(size.height / rowHeight) + 1)) },
    (_, at) => first + at,
  );
  const row = (delta: number) => {
    const place = Math.max(0, placeBefore(lines, chosen));
    const next = Math.min(count - 1, Math.max(0, place + delta));
    if (next >= 0) props.onChoose(rowAt(lines, next));
  };
  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(size.height / rowHeight) - 2);
    const folds = chosen >= 0 && hasChildren(model, chosen);
    const folded = props.folded[chosen] === 1;
    const place = placeBefore(lines, chosen);
    const gap = place >= 0 && rowAt(lines, place) === chosen ? gapAt(lines, place) : undefined;
    if (event.key === "ArrowDown") row(1);
    else if (event.key === "ArrowUp") row(-1);
    else if (event.key === "PageDown") row(page);
    else if (event.key === "PageUp") row(-page);
    else if (event.key === "Home") row(-count);
    else if (event.key === "End") row(count);
    else if (gap !== undefined && (event.key === "ArrowRight" || event.key === "Enter")) props.onReveal(gap);
    else if (event.key === "ArrowRight" && folds && folded) props.onFold(chosen);
    else if (event.key === "ArrowLeft" && folds && !folded) props.onFold(chosen);
    else if (event.key === "ArrowLeft" && (model.parent[chosen] ?? -1) >= 0)
      props.onChoose(model.parent[chosen] ?? 0);
    else if (event.key === "Enter" && chosen >= 0) props.onOpen(chosen);
    else return;
    event.preventDefault();
  };

  return (
    <div class="wf">
      <TimeAxis view={view} left={nameWidth} width={size.width} title="service and operation" />
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
          role="tree"
          aria-label={`Spans of the trace, ${count} rows`}
          aria-activedescendant={chosen >= 0 ? `span-${chosen}` : undefined}
          tabIndex={0}
          onKeyDown={onKey}
          onPointerMove={(event) => {
            if (drag.move(xIn(event))) return;
            const next = rowUnder(event);
            event.currentTarget.classList.toggle("on-fold", foldHit(scene.current, next, xIn(event)));
            if (next === hovered.current) return;
            hovered.current = next;
            paintSoon();
          }}
          onPointerLeave={() => {
            hovered.current = -1;
            paintSoon();
          }}
          onPointerDown={(event) => {
            if (event.button === 0 && xIn(event) > nameWidth) drag.start(xIn(event), event);
          }}
          onPointerUp={(event) => drag.end(xIn(event))}
          onClick={(event) => {
            if (drag.dragged()) return;
            const place = placeUnder(event);
            if (place < 0) return;
            const hit = rowAt(lines, place);
            const gap = gapAt(lines, place);
            if (gap !== undefined) props.onReveal(gap);
            else if (foldHit(scene.current, hit, xIn(event))) props.onFold(hit);
            else {
              props.onChoose(hit);
              props.onOpen(hit);
            }
          }}
          onDblClick={() => props.onView({ from: 0, to: model.duration })}
        >
          <div class="wf-tall" style={{ height: `${count * rowHeight}px` }}>
            <div class="wf-mirror">
              {mirrored.map((place) => (
                <MirrorRow
                  key={rowAt(lines, place)}
                  model={model}
                  row={rowAt(lines, place)}
                  gap={gapAt(lines, place)}
                  folded={props.folded[rowAt(lines, place)] === 1}
                  chosen={rowAt(lines, place) === chosen}
                />
              ))}
            </div>
          </div>
        </div>
        <div class="wf-drag" ref={drag.element} />
        <Divider at={nameWidth} width={size.width} onMove={setSplit} />
      </div>
    </div>
  );
}

function foldHit(scene: Scene | undefined, row: number, x: number): boolean {
  if (scene === undefined || row < 0 || !hasChildren(scene.model, row)) return false;
  const indent = indentOf(scene.model.depth[row] ?? 0);
  return x >= indent - 6 && x <= indent + 13;
}

function MirrorRow({
  model,
  row,
  gap,
  folded,
  chosen,
}: {
  model: TraceModel;
  row: number;
  gap: Gap | undefined;
  folded: boolean;
  chosen: boolean;
}): JSX.Element {
  const failed = model.failed[row] === 1 ? ", error" : "";
  const inside = folded ? `, ${insideText(model, row)}` : "";
  return (
    <div
      id={`span-${row}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={(model.depth[row] ?? 0) + 1}
      aria-selected={chosen}
      aria-expanded={gap !== undefined ? false : hasChildren(model, row) ? !folded : undefined}
    >
      {gap === undefined
        ? `${cell(serviceOf(model, row), 60)} ${cell(operationOf(model, row), 100)}, ${durationText(model.length[row] ?? 0)}${failed}${inside}`
        : `hidden: ${gapText(gap)}`}
    </div>
  );
}

function Divider({
  at,
  width,
  onMove,
}: {
  at: number;
  width: number;
  onMove: (share: number) => void;
}): JSX.Element {
  const start = useRef<number | undefined>(undefined);
  return (
    <div
      class="wf-divider"
      style={{ left: `${at - 4}px` }}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = event.clientX - at;
      }}
      onPointerMove={(event) => {
        if (start.current === undefined) return;
        event.stopPropagation();
        onMove(Math.min(0.8, Math.max(0.1, (event.clientX - start.current) / width)));
      }}
      onPointerUp={() => {
        start.current = undefined;
      }}
    />
  );
}
