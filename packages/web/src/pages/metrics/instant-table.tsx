import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { cell } from "../../base/text.js";
import { type Column, Table } from "../../widgets/table.js";
import type { Labels, Point } from "./answers.js";
import { formatOf, letterOf } from "./series.js";
import type { Result } from "./use-queries.js";

interface Row {
  readonly id: string;
  readonly query: number;
  readonly labels: Labels;
  readonly value: string;
  readonly exact: string;
}

const labelsMost = 8;

function rowsOf(results: readonly Result[]): readonly Row[] {
  return results.flatMap(({ instant, query }, at) => {
    if (instant === undefined) return [];
    const format = formatOf(query);
    const row = (labels: Labels, [, exact]: Point, place: number): Row => {
      const value = Number(exact);
      const text = Number.isFinite(value) && instant.resultType !== "string" ? format(value) : exact;
      return { id: `${at}.${place}`, query: at, labels, value: text, exact };
    };
    if (instant.resultType === "scalar" || instant.resultType === "string")
      return [row({}, instant.result, 0)];
    if (instant.resultType === "vector") {
      return instant.result.map((series, place) => row(series.metric, series.value, place));
    }
    return instant.result.flatMap((series, place) => {
      const last = series.values[series.values.length - 1];
      return last === undefined ? [] : [row(series.metric, last, place)];
    });
  });
}

/** InstantTable shows the values at the range's end, a column per label. */
export function InstantTable({
  results,
  order,
  onOrder,
}: {
  results: readonly Result[];
  order: string;
  onOrder: (order: string) => void;
}): JSX.Element {
  const rows = useMemo(() => rowsOf(results), [results]);
  const columns = useMemo((): readonly Column<Row>[] => {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))].slice(0, labelsMost);
    return [
      ...(results.length > 1
        ? [{ id: "query", title: "Query", track: "56px", cell: (row: Row) => letterOf(row.query) }]
        : []),
      ...names.map((name) => ({
        id: `label:${name}`,
        title: name === "__name__" ? "metric" : name,
        track: "minmax(90px, 1fr)",
        sort: (row: Row) => row.labels[name] ?? "",
        cell: (row: Row) => (
          <span class="mono" title={cell(row.labels[name] ?? "", 2000)}>
            {cell(row.labels[name] ?? "")}
          </span>
        ),
      })),
      {
        id: "value",
        title: "Value",
        track: "minmax(96px, 140px)",
        end: true,
        sort: (row: Row) => Number(row.exact),
        cell: (row: Row) => <span title={row.exact}>{row.value}</span>,
      },
    ];
  }, [rows, results.length]);
  const sorted = useMemo(() => {
    const down = order.startsWith("-");
    const by = columns.find((column) => column.id === order.replace(/^-/, ""))?.sort;
    if (by === undefined) return rows;
    return [...rows].sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0) * (down ? -1 : 1));
  }, [rows, columns, order]);
  return (
    <Table
      label="Values"
      columns={columns}
      rows={sorted}
      rowKey={(row) => row.id}
      order={order}
      onOrder={onOrder}
      minWidth={columns.length * 106 + 40}
      rowHeight={26}
      fill
    />
  );
}
