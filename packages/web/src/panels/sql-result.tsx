import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { linkTo, param, setParams } from "../base/address.js";
import { countFigure, countText, figureText } from "../base/number.js";
import { cell } from "../base/text.js";
import { Plot } from "../widgets/plot.js";
import { type Column, Table } from "../widgets/table.js";
import { type Rows, rowAt } from "./sql-rows.js";
import type { Ran } from "./sql-run.js";
import { axesOf, plotOf } from "./sql-shape.js";

interface SqlColumn extends Column<number> {
  readonly width: number;
}

// 12 px monospace is 7.25 px a character; more than 34 characters are read in the tooltip.
const widthOf = (characters: number): number => Math.round(Math.min(34, characters) * 7.25) + 6;

const numeric = /^(Nullable\(|LowCardinality\()*(U?Int|Float|Decimal)/;

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function columnsOf(rows: Rows): readonly SqlColumn[] {
  const sample = Array.from({ length: Math.min(60, rows.lines.length) }, (_, at) => rowAt(rows, at));
  // The rows on the screen are drawn again with every step of scrolling; each is parsed once while it is there.
  let parsed = new Map<number, readonly unknown[]>();
  const valuesAt = (line: number): readonly unknown[] => {
    const known = parsed.get(line);
    if (known !== undefined) return known;
    if (parsed.size > 500) parsed = new Map();
    const values = rowAt(rows, line);
    parsed.set(line, values);
    return values;
  };
  return rows.meta.map((column, at) => {
    const widest = Math.max(column.name.length, ...sample.map((row) => Math.min(60, textOf(row[at]).length)));
    return {
      id: `${at}`,
      title: column.name,
      hint: column.type,
      track: `minmax(${widthOf(widest)}px, ${Math.max(1, widest)}fr)`,
      width: widthOf(widest),
      end: numeric.test(column.type),
      cell: (line) => <Value name={column.name} value={valuesAt(line)[at]} />,
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

// A plot of more points than a screen has pixels says no more, and parsing them costs.
const plotRows = 100_000;

/** SqlResult shows a result as the plot its shape asks for, or as a table. */
export function SqlResult({ ran, as }: { ran: Ran; as: string }): JSX.Element {
  const { rows, count, done } = ran;
  const [x, y] = [param("x"), param("y")];
  const plot = useMemo(() => {
    if (!done) return undefined;
    const data = Array.from({ length: Math.min(plotRows, count) }, (_, at) => rowAt(rows, at));
    return axesOf(rows.meta).x.length === 0
      ? undefined
      : plotOf({ meta: rows.meta, data, rows: count }, { x, y });
  }, [rows, done, x, y]);
  const axes = useMemo(() => axesOf(rows.meta), [rows]);
  const few = Math.min(60, count);
  const columns = useMemo(() => columnsOf(rows), [rows, few]);
  const lines = useMemo(() => Array.from({ length: count }, (_, at) => at), [count]);
  const asPlot = plot !== undefined && as !== "table";
  if (count === 0) {
    return (
      <div class="note">
        <h2>The statement ran and gave no row</h2>
        <p class="dim">Columns: {rows.meta.map((column) => `${column.name} ${column.type}`).join(", ")}</p>
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
          {asPlot ? (
            <>
              <Axis name="x" of={axes.x} value={x} />
              <Axis name="y" of={axes.y} value={y} />
            </>
          ) : null}
          {asPlot && count > plotRows ? (
            <span class="warn">The first {countText(plotRows)} rows are drawn.</span>
          ) : null}
        </div>
      )}
      {asPlot ? (
        <div class="pad">
          <Plot
            title={`${countText(count)} rows`}
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
          rowKey={(line) => String(line)}
          rowHeight={26}
          minWidth={columns.reduce((sum, column) => sum + column.width + 16, 16)}
          fill
        />
      )}
    </>
  );
}

/** Axis picks the column of an axis where there is a choice. */
function Axis({
  name,
  of,
  value,
}: {
  name: "x" | "y";
  of: readonly string[];
  value: string;
}): JSX.Element | null {
  if (of.length < 2) return null;
  return (
    <label class="row dim">
      {name}
      <select
        class="input"
        aria-label={`Column of ${name}`}
        value={of.includes(value) ? value : ""}
        onChange={(event) => setParams({ [name]: event.currentTarget.value }, "replace")}
      >
        <option value="">{name === "y" ? "all numbers" : "by shape"}</option>
        {of.map((column) => (
          <option key={column} value={column}>
            {column}
          </option>
        ))}
      </select>
    </label>
  );
}
