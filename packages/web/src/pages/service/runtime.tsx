import type { RuntimeAnswer, RuntimeSeries } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { linkTo, range } from "../../base/address.js";
import { useAnswer } from "../../base/answers.js";
import { apiUrl } from "../../base/api.js";
import { bytesFigure, countFigure, figureText } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { type Mark, Plot, type PlotSeries, timesOf } from "../../widgets/plot.js";
import { Region } from "../../widgets/region.js";

interface Chart {
  readonly title: string;
  /** names of metrics that belong into it, in the order of their lines. */
  readonly names: readonly string[];
  readonly format: (value: number) => string;
}

const count = (value: number): string => figureText(countFigure(value));
const bytes = (value: number): string => figureText(bytesFigure(value));

const charts: readonly Chart[] = [
  { title: "CPUs in use", names: ["process.cpu.time", "process.cpu.utilization"], format: count },
  {
    title: "Memory of a process",
    names: [
      "process.memory.usage",
      "go.memory.used",
      "go.memory.gc.goal",
      "nodejs.heap.used",
      "jvm.memory.used",
    ],
    format: bytes,
  },
  {
    title: "Goroutines, and those that wait for a processor",
    names: ["go.goroutine.count", "go3s.scheduler.runqueue.length", "go3s.scheduler.runqueue.peak"],
    format: count,
  },
  {
    title: "Garbage collections a second",
    // What older rows call it stands last.
    names: ["go.memory.gc.cycles", "jvm.gc.count", "go.gc.cycles"],
    format: count,
  },
];

const colours = ["accent", "text", "dim"] as const;
const dashes = [undefined, "dash", "dots"] as const;

/** labelOf tells a line by its labels' values, or by its name's end where it has none. */
function labelOf({ name, labels }: RuntimeSeries): string {
  const values = labels.split(",").flatMap((pair) => pair.split("=")[1] ?? []);
  return cell(values.length > 0 ? values.join(" ") : name.split(".").slice(-2).join(" "), 40);
}

function linesOf(chart: Chart, all: readonly RuntimeSeries[]): readonly PlotSeries[] {
  const own = chart.names.flatMap((name) => all.filter((row) => row.name === name));
  return own.slice(0, colours.length).map((row, at) => {
    const dash = dashes[at];
    return {
      label: labelOf(row),
      values: row.values,
      colour: colours[at] ?? "dim",
      ...(dash === undefined ? {} : { dash }),
    };
  });
}

/** Runtime is what a service's processes tell of themselves, on the axis of its requests. */
export function Runtime({ name, marks }: { name: string; marks: readonly Mark[] }): JSX.Element {
  const url = apiUrl(`services/${encodeURIComponent(name)}/runtime`, { ...range.value });
  const answer = useAnswer<RuntimeAnswer>(url, true);
  return (
    <section aria-label="Runtime">
      <div class="head">
        <h2>Runtime</h2>
        <span class="grow" />
        <a href={linkTo("/metrics-explorer")}>All metrics</a>
      </div>
      <Region answer={answer} what="runtime metrics" rows={3}>
        {(data) => <Charts data={data} marks={marks} />}
      </Region>
    </section>
  );
}

function Charts({ data, marks }: { data: RuntimeAnswer; marks: readonly Mark[] }): JSX.Element {
  const times = useMemo(() => timesOf(data.buckets), [data]);
  const drawn = useMemo(
    () =>
      charts
        .map((chart) => ({ chart, series: linesOf(chart, data.series) }))
        .filter(({ series }) => series.length > 0),
    [data],
  );
  if (drawn.length === 0)
    return (
      <p class="pad dim">
        Nothing of its processes' CPU, memory or runtime came in this range. The agent tells CPU and memory of
        every process it watches, and heap, goroutines and collections of Go programs.
      </p>
    );
  return (
    <div class="cols">
      {drawn.map(({ chart, series }) => (
        <Plot
          key={chart.title}
          title={chart.title}
          times={times}
          series={series}
          format={chart.format}
          marks={marks}
          height={110}
        />
      ))}
    </div>
  );
}
