import type { Buckets } from "@go3s/server";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, setRange } from "../base/address.js";
import type { Interval } from "../base/range.js";
import { themeShown, zone } from "../base/settings.js";
import { clockText, type UnixMs } from "../base/time.js";
import type { Chart } from "./plot-chart.js";

/** PlotSeries is one line; dash tells lines apart without colour. */
export interface PlotSeries {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** colour by meaning, or the number of a service hue. */
  readonly colour: "accent" | "bad" | "dim" | "text" | number;
  readonly dash?: "dash" | "dots";
  readonly fill?: boolean;
}

/** Hover is what stands under the crosshair. */
export interface Hover {
  readonly ms: UnixMs;
  readonly values: readonly string[];
}

/** timesOf gives the middle of each bucket, in Unix milliseconds. */
export const timesOf = ({ start_ms, step_ms, count }: Buckets): readonly number[] =>
  Array.from({ length: count }, (_, at) => start_ms + (at + 0.5) * step_ms);

/** Dot is one thing that happened at a moment with a value, such as an exemplar; it leads somewhere. */
export interface Dot {
  readonly ms: number;
  readonly value: number;
  readonly title: string;
  readonly href: string;
}

/** PlotProps of Plot. Series share one time axis, `times` in Unix milliseconds, rising. */
export interface PlotProps {
  readonly title: string;
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly format: (value: number) => string;
  readonly height?: number;
  readonly onHover?: (hover: Hover | undefined) => void;
  /** keys: false leaves the list of series to the page, which has a better place for many. */
  readonly keys?: false;
  readonly dots?: readonly Dot[];
  /** shade is a time that stands out. */
  readonly shade?: Interval;
  /** marks are moments at which something happened: a version that was seen first. */
  readonly marks?: readonly Mark[];
}

/** Mark is a moment with what happened then. */
export interface Mark {
  readonly ms: UnixMs;
  readonly title: string;
}

/** summaryOf puts a plot into words for readers who do not see it. */
export function summaryOf(props: PlotProps): string {
  const parts = props.series.slice(0, 12).map((series) => {
    const known = series.values.filter((value): value is number => value !== null);
    if (known.length === 0) return `${series.label}: nothing in this range`;
    return `${series.label}: ${props.format(Math.min(...known))} to ${props.format(Math.max(...known))}, last ${props.format(known[known.length - 1] ?? 0)}`;
  });
  const marks = (props.marks ?? []).map((mark) => `${mark.title} at ${clockText(mark.ms, zone.peek(), 0)}`);
  return `${props.title}. ${[...parts, ...marks].join("; ")}`;
}

/** Plot draws series over time; dragging narrows the range, hovering marks the same moment in every plot of the page. */
export function Plot(props: PlotProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | undefined>(undefined);
  const [hover, setHover] = useState<Hover | undefined>(undefined);
  const latest = useRef<PlotProps>(props);
  latest.current = { ...props, onHover: props.onHover ?? setHover };
  const shape = `${props.series.map((series) => series.label).join()}|${themeShown.value}|${zone.value}`;

  useEffect(() => {
    let gone = false;
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => chart.current?.resize(element.clientWidth));
    void import("./plot-chart.js").then((module) => {
      if (gone) return;
      chart.current = module.drawChart(
        element,
        latest.current,
        zone.peek(),
        (from, to) => setRange({ from: String(Math.round(from)), to: String(Math.round(to)) }),
        go,
      );
      observer.observe(element);
    });
    return () => {
      gone = true;
      observer.disconnect();
      chart.current?.close();
      chart.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(latest.current);
  }, [props.times, props.series, props.dots, props.shade, props.marks]);

  return (
    <figure class="plot">
      <figcaption>
        <h3>{props.title}</h3>
        {(props.keys === false ? [] : props.series).map((series, at) => (
          <span
            key={series.label}
            class={`key ${typeof series.colour === "number" ? `s-hue hue-${series.colour}` : `s-${series.colour}`} ${series.dash ?? ""} dim`}
          >
            {series.label} {hover === undefined ? null : <b>{hover.values[at]}</b>}
          </span>
        ))}
        <span class="grow" />
        <span class="dim">{hover === undefined ? null : clockText(hover.ms, zone.value, 0)}</span>
      </figcaption>
      <div class="canvas" ref={box} role="img" aria-label={summaryOf(props)} />
    </figure>
  );
}
