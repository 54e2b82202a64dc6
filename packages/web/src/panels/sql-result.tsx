import type { JSONCompactAnswer } from "@go3s/server";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { linkTo, setParams } from "../base/address.js";
import { countFigure, figureText } from "../base/number.js";
import { cell } from "../base/text.js";
import { Plot } from "../widgets/plot.js";
import { type Column, Table } from "../widgets/table.js";
import type { Ran } from "./sql-run.js";
import { plotOf } from "./sql-shape.js";

interface Line {
  readonly at: number;
  readonly values: readonly unknown[];
}

interface SqlColumn extends Column<Line> {
  readonly width: number;
}

// 12 px monospace is 7.25 px a character; more than 34 characters are read in the tooltip.
const widthOf = (characters: number): number => Math.round(Math.min(34, characters) * 7.25) + 6;

const numeric = /^(Nullable\(|LowCardinality\()*(U?Int|Float|Decimal)/;

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function columnsOf(answer: JSONCompactAnswer): readonly SqlColumn[] {
  const sample = answer.data.slice(0, 60);
  return answer.meta.map((column, at) => {
    const widest = Math.max(column.name.length, ...sample.map((row) => Math.min(60, textOf(row[at]).length)));
    return {
      id: `${at}`,
      title: column.name,
      hint: column.type,
      track: `minmax(${widthOf(widest)}px, ${Math.max(1, widest)}fr)`,
      width: widthOf(widest),
      end: numeric.test(column.type),
      cell: (line) => <Value name={column.name} value={line.values[at]} />,
    };
  });
}

function Value({ name, value }: { name: string; value: unknown }): JSX.Element {
  const text = textOf(value);
  if (value === null) return <span class="none">NULL</span>;
  if (name.endsWith("trace_id") && /^[0-9a-f]{32}$/.test(text)) {
    return (
      <a class="mono" href={linkTo(`/traces/${text}`)}>
        {text}
      </a>
    );
  }
  return (
    <span class="mono" title={cell(text, 2000)}>
      {cell(text)}
    </span>
  );
}

/** SqlResult shows a result as the plot its shape asks for, or as a table. */
export function SqlResult({ ran, as }: { ran: Ran; as: string }): JSX.Element {
  const { answer } = ran;
  const plot = useMemo(() => plotOf(answer), [answer]);
  const columns = useMemo(() => columnsOf(answer), [answer]);
  const lines = useMemo(() => answer.data.map((values, at) => ({ at, values })), [answer]);
  const asPlot = plot !== undefined && as !== "table";
  if (answer.data.length === 0) {
    return (
      <div class="note">
        <h2>The statement ran and gave no row</h2>
        <p class="dim">Columns: {answer.meta.map((column) => `${column.name} ${column.type}`).join(", ")}</p>
      </div>
    );
  }
  return (
    <>
      {plot === undefined ? null : (
        <div class="strip" role="group" aria-label="Show as">
          <button
            type="button"
            class="button"
            aria-pressed={asPlot}
            onClick={() => setParams({ as: undefined }, "replace")}
          >
            Plot
          </button>
          <button
            type="button"
            class="button"
            aria-pressed={!asPlot}
            onClick={() => setParams({ as: "table" }, "replace")}
          >
            Table
          </button>
        </div>
      )}
      {asPlot ? (
        <div class="pad">
          <Plot
            title={`${answer.rows} rows`}
            times={plot.times}
            series={plot.series}
            height={320}
            format={(value) => figureText(countFigure(value))}
          />
        </div>
      ) : (
        <Table
          label="Result"
          columns={columns}
          rows={lines}
          rowKey={(line) => String(line.at)}
          rowHeight={26}
          minWidth={columns.reduce((sum, column) => sum + column.width + 16, 16)}
          fill
        />
      )}
    </>
  );
}
