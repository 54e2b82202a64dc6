import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { figureText, shareFigure } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { type FlameModel, type Hot, hottest } from "../../widgets/flame/model.js";
import { type Column, ordered, Table } from "../../widgets/table.js";

/** HotTable lists functions by what was counted in themselves; opening one finds it in the graph. */
export function HotTable({
  model,
  format,
  order,
  onOrder,
  onPick,
}: {
  model: FlameModel;
  format: (value: number) => string;
  order: string;
  onOrder: (order: string) => void;
  onPick: (name: string) => void;
}): JSX.Element {
  const rows = useMemo(() => hottest(model), [model]);
  const share = (value: number) => figureText(shareFigure(model.total === 0 ? 0 : value / model.total));
  const before = (row: Hot): number =>
    (model.total === 0 ? 0 : row.self / model.total) -
    (model.baseTotal === 0 ? 0 : row.baseSelf / model.baseTotal);
  const columns: readonly Column<Hot>[] = [
    {
      id: "name",
      title: "Function",
      track: "minmax(0, 3fr)",
      sort: (row) => row.name,
      cell: (row) => (
        <span class="mono" title={cell(row.name, 600)}>
          {cell(row.name)}
        </span>
      ),
    },
    {
      id: "self",
      title: "self",
      track: "84px",
      end: true,
      sort: (row) => row.self,
      cell: (row) => format(row.self),
    },
    { id: "share", title: "self %", track: "64px", end: true, from: 520, cell: (row) => share(row.self) },
    {
      id: "total",
      title: "total",
      track: "84px",
      end: true,
      sort: (row) => row.total,
      cell: (row) => format(row.total),
    },
    ...(model.diff
      ? [
          {
            id: "change",
            title: "change",
            track: "76px",
            end: true,
            hint: "Of the share of all that is counted in the function itself",
            sort: before,
            cell: (row: Hot) =>
              `${before(row) < 0 ? "−" : "+"}${figureText(shareFigure(Math.abs(before(row))))}`,
          },
        ]
      : []),
    {
      id: "file",
      title: "File",
      track: "minmax(0, 2fr)",
      from: 900,
      cell: (row) => <span class="dim">{cell(row.file)}</span>,
    },
  ];
  const used = order === "" ? "-self" : order;
  const sorted = useMemo(() => ordered(rows, columns, used), [rows, used]);
  return (
    <Table
      label="Hottest functions"
      columns={columns}
      rows={sorted}
      rowKey={(row) => row.name}
      rowHeight={26}
      order={used}
      onOrder={onOrder}
      open={(row) => () => onPick(row.name)}
      fill
      keys
    />
  );
}
