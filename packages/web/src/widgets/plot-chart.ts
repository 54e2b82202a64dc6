import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { readPalette } from "../base/colour.js";
import { clockText, unixMs, type Zone } from "../base/time.js";
import type { Dot, Mark, PlotProps, PlotSeries } from "./plot.js";

// The part of the plot that needs uPlot; loaded when the first plot shows.

/** Chart is a drawn plot; close() takes it down. */
export interface Chart {
  setData(props: PlotProps): void;
  resize(width: number): void;
  close(): void;
}

const dashes: Record<NonNullable<PlotSeries["dash"]>, number[]> = { dash: [6, 4], dots: [2, 3] };

function dataOf(props: PlotProps): uPlot.AlignedData {
  return [props.times.map((ms) => ms / 1000), ...props.series.map((series) => [...series.values])];
}

const dotRadius = 3.5;
const dotReach = 8;

/** placeOf gives where a dot stands in the plot; one beyond the scale stands at its edge. */
function placeOf(chart: uPlot, dot: Dot, pixels: boolean): readonly [x: number, y: number] {
  const scale = chart.scales["y"];
  const value = Math.min(scale?.max ?? dot.value, Math.max(scale?.min ?? dot.value, dot.value));
  return [chart.valToPos(dot.ms / 1000, "x", pixels), chart.valToPos(value, "y", pixels)];
}

function dotAt(chart: uPlot, dots: readonly Dot[]): Dot | undefined {
  const { left = -1, top = -1 } = chart.cursor;
  let nearest: Dot | undefined;
  let best = dotReach;
  for (const dot of dots) {
    const [x, y] = placeOf(chart, dot, false);
    const far = Math.hypot(x - left, y - top);
    if (far > best) continue;
    best = far;
    nearest = dot;
  }
  return nearest;
}

/** drawMarks draws a dashed line for each moment, with a small triangle at its head that does not rest on colour. */
function drawMarks(chart: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = chart;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = pixel;
  for (const mark of marks) {
    const x = chart.valToPos(mark.ms / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.setLineDash([3 * pixel, 3 * pixel]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 4 * pixel, bbox.top);
    ctx.lineTo(x + 4 * pixel, bbox.top);
    ctx.lineTo(x, bbox.top + 6 * pixel);
    ctx.fill();
  }
  ctx.restore();
}

function markAt(chart: uPlot, marks: readonly Mark[]): Mark | undefined {
  const { left = -1 } = chart.cursor;
  return marks.find((mark) => Math.abs(chart.valToPos(mark.ms / 1000, "x") - left) <= 5);
}

/** drawChart draws into an element. All charts of a page share one crosshair by the `sync` key. */
export function drawChart(
  element: HTMLElement,
  props: PlotProps,
  zone: Zone,
  onZoom: (from: number, to: number) => void,
  onOpen: (href: string) => void,
): Chart {
  const palette = readPalette();
  const colours = { accent: palette.accent, bad: palette.bad, dim: palette.dim, text: palette.text };
  const axis = {
    stroke: palette.dim,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1, size: 4 },
    font: "11px system-ui, sans-serif",
  };
  let shown = props;
  const text = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : props.format(value);
  const chart = new uPlot(
    {
      width: Math.max(120, element.clientWidth),
      height: props.height ?? 140,
      ms: 1e-3,
      cursor: { sync: { key: "page" }, drag: { x: true, y: false, setScale: false }, points: { size: 5 } },
      legend: { show: false },
      scales: {
        x: { time: true },
        y: {
          range: (_self, low, high) => [low < 0 ? low * 1.08 : 0, high > 0 ? high * 1.08 : low < 0 ? 0 : 1],
        },
      },
      axes: [
        {
          ...axis,
          size: 28,
          values: (_self, splits) => splits.map((value) => clockText(unixMs(value * 1000), zone, 0)),
          space: 90,
        },
        { ...axis, size: 62, values: (_self, splits) => splits.map((value) => props.format(value)) },
      ],
      series: [
        {},
        ...props.series.map((series) => ({
          label: series.label,
          stroke:
            typeof series.colour === "number"
              ? (palette.hues[series.colour] ?? palette.text)
              : colours[series.colour],
          width: 1.5,
          spanGaps: false,
          points: { show: series.values.filter((value) => value !== null).length < 3, size: 5 },
          ...(series.dash === undefined ? {} : { dash: dashes[series.dash] }),
          ...(series.fill === true ? { fill: palette.accentSoft } : {}),
        })),
      ],
      hooks: {
        drawClear: [
          (self) => {
            if (shown.shade === undefined) return;
            const { left, top, width, height } = self.bbox;
            const at = (ms: number) =>
              Math.min(left + width, Math.max(left, self.valToPos(ms / 1000, "x", true)));
            const [from, to] = [at(shown.shade.from), at(shown.shade.to)];
            self.ctx.fillStyle = palette.accentSoft;
            self.ctx.fillRect(from, top, Math.max(2 * devicePixelRatio, to - from), height);
          },
        ],
        setSelect: [
          (self) => {
            if (self.select.width < 4) return;
            const from = self.posToVal(self.select.left, "x") * 1000;
            const to = self.posToVal(self.select.left + self.select.width, "x") * 1000;
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            onZoom(from, to);
          },
        ],
        draw: [
          (self) => drawMarks(self, shown.marks ?? [], palette.text),
          (self) => {
            self.ctx.fillStyle = palette.bg;
            self.ctx.strokeStyle = palette.text;
            self.ctx.lineWidth = 1.5 * devicePixelRatio;
            for (const dot of shown.dots ?? []) {
              const [x, y] = placeOf(self, dot, true);
              self.ctx.beginPath();
              self.ctx.arc(x, y, dotRadius * devicePixelRatio, 0, 2 * Math.PI);
              self.ctx.fill();
              self.ctx.stroke();
            }
          },
        ],
        setCursor: [
          (self) => {
            const under = dotAt(self, shown.dots ?? []);
            self.over.style.cursor = under === undefined ? "" : "pointer";
            self.over.title = under?.title ?? markAt(self, shown.marks ?? [])?.title ?? "";
            const at = self.cursor.idx;
            shown.onHover?.(
              at === null || at === undefined
                ? undefined
                : {
                    ms: unixMs((self.data[0][at] ?? 0) * 1000),
                    values: shown.series.map((_, index) => text(self.data[index + 1]?.[at])),
                  },
            );
          },
        ],
      },
    },
    dataOf(props),
    element,
  );
  let pressedAt = 0;
  chart.over.addEventListener("mousedown", (event) => {
    pressedAt = event.clientX;
  });
  chart.over.addEventListener("click", (event) => {
    const under = Math.abs(event.clientX - pressedAt) > 3 ? undefined : dotAt(chart, shown.dots ?? []);
    if (under !== undefined) onOpen(under.href);
  });
  return {
    setData(next) {
      shown = next;
      chart.setData(dataOf(next));
    },
    resize(width) {
      chart.setSize({ width: Math.max(120, width), height: props.height ?? 140 });
    },
    close() {
      chart.destroy();
    },
  };
}
