import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowsCloser } from "../base/settings.js";
import { useActions } from "../base/use-actions.js";

/** Column is one column of a table. */
export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** track is its CSS grid width. */
  readonly track: string;
  readonly end?: boolean;
  /** from: hidden in a table narrower than this many pixels. */
  readonly from?: number;
  readonly hint?: string;
  /** sort gives what the column is ordered by; numbers start with the largest. */
  readonly sort?: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
}

/** Order is a column's id, with "-" before it when largest comes first. */
export type Order = string;

/** ordered gives the rows in an order; an unknown column leaves them as they are. */
export function ordered<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: Order,
): readonly Row[] {
  const down = order.startsWith("-");
  const by = columns.find((column) => column.id === order.replace(/^-/, ""))?.sort;
  if (by === undefined) return rows;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = by(a);
    const right = by(b);
    return left < right ? -sign : left > right ? sign : 0;
  });
}

/** TableProps of Table; `open` makes the first cell a link or a button that covers its row. */
export interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly open?: (row: Row) => string | (() => void);
  readonly order?: Order;
  readonly onOrder?: (order: Order) => void;
  readonly chosen?: string;
  /** fill: takes the height that is left, scrolls by itself and mounts only the rows that show. */
  readonly fill?: boolean;
  readonly rowHeight?: number;
  /** minWidth in pixels: a table wider than its place scrolls sideways. */
  readonly minWidth?: number;
  /** keys: j/k walk this table; one per page. */
  readonly keys?: boolean;
  /** onEnd is called when the last rows come into view. */
  readonly onEnd?: () => void;
  /** onTop tells whether a filling table stands at its top. */
  readonly onTop?: (top: boolean) => void;
  readonly rowClass?: (row: Row) => string;
}

const overscan = 12;
// Of a fling every row is new: what it does not show would be mounted for nothing.
const overscanFast = 2;
const leastRow = 22;

function nextOrder<Row>(column: Column<Row>, order: Order | undefined, sample: Row | undefined): Order {
  if (order === `-${column.id}`) return column.id;
  if (order === column.id) return `-${column.id}`;
  return sample !== undefined && typeof column.sort?.(sample) === "string" ? column.id : `-${column.id}`;
}

/** Table is a grid for keyboard and readers; filling ones stay fast with a million rows. */
export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { columns, rows, fill = false, order } = props;
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 1200, height: 600 });
  const [{ scroll, fast }, setScroll] = useState({ scroll: 0, fast: false });
  const rowHeight = Math.max(leastRow, (props.rowHeight ?? 28) - rowsCloser.value);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const shown = columns.filter((column) => column.from === undefined || size.width >= column.from);
  const beside = fast ? overscanFast : overscan;
  const first = fill ? Math.max(0, Math.floor(scroll / rowHeight) - beside) : 0;
  const count = fill ? Math.ceil(size.height / rowHeight) + 2 * beside : rows.length;
  const last = Math.min(rows.length, first + count);
  useWalk(props, box, rowHeight);

  useEffect(() => {
    if (fill && last === rows.length && rows.length > 0) props.onEnd?.();
  }, [last, rows.length]);

  const onScroll = () => {
    const top = box.current?.scrollTop ?? 0;
    setScroll((old) => ({ scroll: top, fast: Math.abs(top - old.scroll) > size.height / 2 }));
    props.onTop?.(top < rowHeight);
  };
  const visible = rows.slice(first, last);
  return (
    <div
      ref={box}
      class={`table${fill ? " fill" : ""}`}
      role="grid"
      aria-label={props.label}
      aria-rowcount={rows.length + 1}
      style={{ "--cols": shown.map((column) => column.track).join(" ") }}
      {...(fill ? { onScroll } : {})}
      // Rows that open are what the keyboard walks; a table of values alone is scrolled by its own focus.
      {...(fill && props.open === undefined ? { tabIndex: 0 } : {})}
    >
      <div
        class="tr head"
        role="row"
        aria-rowindex={1}
        style={props.minWidth === undefined ? {} : { minWidth: `${props.minWidth}px` }}
      >
        {shown.map((column) => (
          <Head key={column.id} column={column} order={order} rows={rows} onOrder={props.onOrder} />
        ))}
      </div>
      <div
        class={`body${fill ? " virtual" : ""}`}
        role="rowgroup"
        style={{
          ...(fill ? { height: `${rows.length * rowHeight}px` } : {}),
          ...(props.minWidth === undefined ? {} : { minWidth: `${props.minWidth}px` }),
        }}
      >
        {visible.map((row, at) => (
          <div
            key={props.rowKey(row)}
            class={`tr${props.chosen === props.rowKey(row) ? " chosen" : ""} ${props.rowClass?.(row) ?? ""}`}
            role="row"
            aria-rowindex={first + at + 2}
            aria-selected={props.chosen === undefined ? undefined : props.chosen === props.rowKey(row)}
            style={
              fill ? { transform: `translateY(${(first + at) * rowHeight}px)`, height: `${rowHeight}px` } : {}
            }
          >
            {shown.map((column, index) => (
              <div key={column.id} class={`td${column.end === true ? " end" : ""}`} role="gridcell">
                {index === 0 && props.open !== undefined ? (
                  <Cover to={props.open(row)} at={first + at}>
                    {column.cell(row)}
                  </Cover>
                ) : (
                  column.cell(row)
                )}
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function Head<Row>({
  column,
  order,
  rows,
  onOrder,
}: {
  column: Column<Row>;
  order: Order | undefined;
  rows: readonly Row[];
  onOrder: ((order: Order) => void) | undefined;
}): JSX.Element {
  const by = order?.replace(/^-/, "") === column.id;
  const sorted = by ? (order?.startsWith("-") ? "descending" : "ascending") : undefined;
  return (
    <div
      class={`td${column.end === true ? " end" : ""}`}
      role="columnheader"
      aria-sort={sorted}
      title={column.hint}
    >
      {column.sort === undefined || onOrder === undefined ? (
        column.title
      ) : (
        <button type="button" onClick={() => onOrder(nextOrder(column, order, rows[0]))}>
          {column.title}
          {by ? <span aria-hidden="true">{sorted === "descending" ? "↓" : "↑"}</span> : null}
        </button>
      )}
    </div>
  );
}

function Cover({
  to,
  at,
  children,
}: {
  to: string | (() => void);
  at: number;
  children: ComponentChildren;
}): JSX.Element {
  if (typeof to === "string") {
    return (
      <a class="cover" data-row={at} href={to}>
        {children}
      </a>
    );
  }
  return (
    <button type="button" class="cover" data-row={at} onClick={to}>
      {children}
    </button>
  );
}

/** useWalk gives a table j/k and the arrows: they move the focus from row to row, and scroll what is not mounted into view. */
function useWalk<Row>(
  { rows, keys, fill }: TableProps<Row>,
  box: { readonly current: HTMLDivElement | null },
  rowHeight: number,
): void {
  const count = useRef(rows.length);
  count.current = rows.length;
  const step = (by: number) => () => {
    const focused = document.activeElement?.closest("[data-row]");
    const inside = focused !== null && focused !== undefined && box.current?.contains(focused) === true;
    const from = inside ? Number(focused.getAttribute("data-row")) : by > 0 ? -1 : 0;
    const to = Math.min(rows.length - 1, Math.max(0, from + by));
    focusRow(box.current, to, fill === true ? rowHeight : undefined);
  };
  useActions(
    keys === true
      ? [
          { id: "list-next", title: "Next row", section: "List", keys: "j", run: step(1) },
          { id: "list-previous", title: "Previous row", section: "List", keys: "k", run: step(-1) },
        ]
      : [],
  );
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onKey = (event: KeyboardEvent) => {
      const focused = event.target instanceof Element ? event.target.closest("[data-row]") : null;
      if (focused === null || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
      event.preventDefault();
      const to = Number(focused.getAttribute("data-row")) + (event.key === "ArrowDown" ? 1 : -1);
      focusRow(element, Math.max(0, Math.min(count.current - 1, to)), fill === true ? rowHeight : undefined);
    };
    element.addEventListener("keydown", onKey);
    return () => element.removeEventListener("keydown", onKey);
  }, [fill, rowHeight]);
}

function focusRow(box: HTMLDivElement | null, at: number, rowHeight: number | undefined): void {
  if (box === null) return;
  if (rowHeight !== undefined) {
    const top = at * rowHeight;
    const below = top + 2 * rowHeight - (box.scrollTop + box.clientHeight);
    if (top < box.scrollTop) box.scrollTop = top;
    else if (below > 0) box.scrollTop += below;
  }
  const focus = () => {
    const row = box.querySelector(`[data-row="${at}"]`);
    if (!(row instanceof HTMLElement)) return false;
    row.focus({ preventScroll: rowHeight !== undefined });
    return true;
  };
  // A row that was not mounted appears with the redraw that the scroll asks for.
  if (!focus()) requestAnimationFrame(() => requestAnimationFrame(focus));
}
