import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { readPalette, serviceHue } from "../../base/colour.js";
import { themeShown } from "../../base/settings.js";
import type { View } from "./draw.js";
import type { TraceModel } from "./model.js";
import { moved } from "./view.js";

const height = 44;
// A trace of one span is a line, not a block.
const tallest = 10;

/**
 * paintMinimap lays the whole trace into `height` lines: each line stands for a share of the rows, and its pixels take
 * the hue of the last span that covers them. The work is rows plus covered pixels, once per trace, width and theme.
 */
export function minimapLines(model: TraceModel, width: number, lines: number): Uint8Array {
  const cells = new Uint8Array(width * lines);
  const hues = model.answer.services.map((name) => serviceHue(name));
  for (let row = 0; row < model.count; row++) {
    const line = Math.floor((row / model.count) * lines) * width;
    const from = Math.max(
      0,
      Math.min(width - 1, Math.floor(((model.start[row] ?? 0) / model.duration) * width)),
    );
    const end = ((model.start[row] ?? 0) + (model.length[row] ?? 0)) / model.duration;
    const to = Math.max(from + 1, Math.min(width, Math.ceil(end * width)));
    cells.fill(
      model.failed[row] === 1 ? 255 : (hues[model.service[row] ?? 0] ?? 0) + 1,
      line + from,
      line + to,
    );
  }
  return cells;
}

/** Minimap shows the whole trace; dragging in it chooses the part that the waterfall shows. */
export function Minimap({
  model,
  view,
  onView,
}: {
  model: TraceModel;
  view: View;
  onView: (view: View) => void;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const drag = useRef<{ kind: "brush" | "pan"; at: number } | undefined>(undefined);
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
    element.width = width;
    element.height = height;
    const palette = readPalette();
    const lines = Math.min(model.count, height);
    const cells = minimapLines(model, width, lines);
    const tall = Math.min(tallest, height / lines);
    for (let line = 0; line < lines; line++) {
      let at = 0;
      while (at < width) {
        const value = cells[line * width + at] ?? 0;
        const start = at;
        while (at < width && cells[line * width + at] === value) at++;
        if (value === 0) continue;
        context.fillStyle = value === 255 ? palette.bad : (palette.hues[value - 1] ?? palette.accent);
        context.fillRect(start, line * tall, at - start, Math.max(1, tall - (tall > 4 ? 1 : 0)));
      }
    }
  }, [model, width, themeShown.value]);

  const nsAt = (event: PointerEvent): number => {
    const frame = box.current?.getBoundingClientRect();
    if (frame === undefined) return 0;
    return Math.min(1, Math.max(0, (event.clientX - frame.left) / frame.width)) * model.duration;
  };
  const whole = view.from <= 0 && view.to >= model.duration;
  const left = (view.from / model.duration) * 100;
  const right = (view.to / model.duration) * 100;
  return (
    <div
      ref={box}
      class="minimap"
      role="img"
      aria-label="The whole trace; drag to show a part of it"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        const at = nsAt(event);
        drag.current = { kind: !whole && at >= view.from && at <= view.to ? "pan" : "brush", at };
      }}
      onPointerMove={(event) => {
        if (drag.current === undefined) return;
        const at = nsAt(event);
        if (drag.current.kind === "pan") {
          onView(moved(view, at - drag.current.at, model.duration));
          drag.current = { kind: "pan", at };
        } else if (Math.abs(at - drag.current.at) > model.duration / 300) {
          onView({ from: Math.min(at, drag.current.at), to: Math.max(at, drag.current.at) });
        }
      }}
      onPointerUp={() => {
        drag.current = undefined;
      }}
      onDblClick={() => onView({ from: 0, to: model.duration })}
    >
      <canvas ref={canvas} />
      {whole ? null : <div class="shade" style={{ left: 0, width: `${left}%` }} />}
      {whole ? null : <div class="shade" style={{ left: `${right}%`, right: 0 }} />}
    </div>
  );
}
