import type { JSX } from "preact";
import { cell } from "../../base/text.js";
import type { PlotSeries } from "../../widgets/plot.js";
import { type Column, Table } from "../../widgets/table.js";
import type { Format, Line } from "./series.js";

/** Entry is a line of the legend with the look it has in the plot; undefined where it is not drawn. */
export interface Entry {
  readonly line: Line;
  readonly look: PlotSeries | undefined;
  readonly under: string | undefined;
}

const number = (format: Format, value: number): string => (Number.isFinite(value) ? format(value) : "–");

/** Legend lists the lines; opening one shows it alone, opening it again shows all. */
export function Legend({
  entries,
  format,
  alone,
  onAlone,
}: {
  entries: readonly Entry[];
  format: Format;
  alone: string;
  onAlone: (id: string) => void;
}): JSX.Element {
  const columns: readonly Column<Entry>[] = [
    {
      id: "series",
      title: "Series",
      track: "minmax(0, 1fr)",
      cell: ({ line, look }) => (
        <span
          class={`swatch ${typeof look?.colour === "number" ? `hue-${look.colour}` : ""} ${look?.dash ?? ""}`}
          title={cell(line.name, 2000)}
        >
          {cell(line.name)}
        </span>
      ),
    },
    {
      id: "under",
      title: "at cursor",
      track: "84px",
      end: true,
      from: 520,
      cell: ({ under }) => under ?? "",
    },
    { id: "last", title: "last", track: "84px", end: true, cell: ({ line }) => number(format, line.last) },
    {
      id: "least",
      title: "min",
      track: "84px",
      end: true,
      from: 640,
      cell: ({ line }) => number(format, line.least),
    },
    {
      id: "most",
      title: "max",
      track: "84px",
      end: true,
      from: 640,
      cell: ({ line }) => number(format, line.most),
    },
  ];
  return (
    <Table
      label="Series"
      columns={columns}
      rows={entries}
      rowKey={({ line }) => line.id}
      open={({ line }) =>
        () =>
          onAlone(alone === line.id ? "" : line.id)
        }
      {...(alone === "" ? {} : { chosen: alone })}
      rowHeight={26}
      fill
    />
  );
}
