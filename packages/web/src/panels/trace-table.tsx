import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { param, setParams } from "../base/address.js";
import { countText, figureText, plural, shareFigure } from "../base/number.js";
import { cell } from "../base/text.js";
import { Duration, Service } from "../widgets/figure.js";
import { type Column, type Order, Table } from "../widgets/table.js";
import { selfTimes } from "../widgets/trace-shape/shape.js";
import { operationOf, serviceOf, type TraceModel } from "../widgets/waterfall/model.js";
import type { TraceState } from "./trace-state.js";

/** TraceTable is the trace's spans, or its operations, as a table that can be ordered. */
export function TraceTable({ state }: { state: TraceState }): JSX.Element {
  const { model } = state;
  const self = useMemo(() => selfTimes(model), [model]);
  const each = param("by") === "span";
  return (
    <div class="list">
      <div class="strip">
        <span class="row" role="group" aria-label="Rows">
          <button
            type="button"
            class="button bare"
            aria-pressed={!each}
            onClick={() => setParams({ by: undefined, sort: undefined })}
          >
            Operations
          </button>
          <button
            type="button"
            class="button bare"
            aria-pressed={each}
            onClick={() => setParams({ by: "span", sort: undefined })}
          >
            Spans
          </button>
        </span>
        <span class="dim">
          {each ? "one row per span" : "spans of one service and name together; a row opens the longest"}
        </span>
      </div>
      {each ? <Spans state={state} self={self} /> : <Operations state={state} self={self} />}
    </div>
  );
}

const orderOf = (usual: Order): Order => param("sort") || usual;
const setOrder = (order: Order): void => setParams({ sort: order }, "replace");

/** byKey orders rows by a number or a text of each, which is looked up once per row. */
function byKey(
  rows: readonly number[],
  key: (row: number) => number | string,
  down: boolean,
): readonly number[] {
  const keys = new Map(rows.map((row) => [row, key(row)]));
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = keys.get(a) ?? 0;
    const right = keys.get(b) ?? 0;
    return left < right ? -sign : left > right ? sign : a - b;
  });
}

/** matching lists the rows that a filter leaves: all of them unless it hides. */
function matching(state: TraceState): readonly number[] {
  const { model, marks, only } = state;
  const rows: number[] = [];
  for (let row = 0; row < model.count; row++)
    if (!only || marks === undefined || marks[row] === 1) rows.push(row);
  return rows;
}

function Spans({ state, self }: { state: TraceState; self: Float64Array }): JSX.Element {
  const { model, path, marks } = state;
  const order = orderOf("start");
  const columns = useMemo(() => spanColumns(model, self, path.self), [model, self, path]);
  const rows = useMemo(() => {
    const by = columns.find((column) => column.id === order.replace(/^-/, ""))?.sort;
    const list = matching(state);
    return by === undefined ? list : byKey(list, by, order.startsWith("-"));
  }, [state.model, state.marks, state.only, columns, order]);
  return (
    <Table
      label="Spans"
      columns={columns}
      rows={rows}
      rowKey={String}
      open={(row) => () => {
        state.choose(row);
        state.openRow(row);
      }}
      order={order}
      onOrder={setOrder}
      chosen={String(state.cursor)}
      rowClass={(row) => (marks !== undefined && marks[row] !== 1 ? "faded" : "")}
      fill
      keys
    />
  );
}

function spanColumns(model: TraceModel, self: Float64Array, path: Float64Array): readonly Column<number>[] {
  const { kinds, spans } = model.answer;
  return [
    {
      id: "name",
      title: "Span",
      track: "minmax(150px, 3fr)",
      sort: (row) => `${serviceOf(model, row)} ${operationOf(model, row)}`,
      cell: (row) => (
        <span title={`${cell(serviceOf(model, row))} ${cell(operationOf(model, row))}`}>
          <Service name={serviceOf(model, row)} /> {cell(operationOf(model, row), 140)}
          {model.failed[row] === 1 ? <span class="tag bad">error</span> : null}
        </span>
      ),
    },
    {
      id: "start",
      title: "Begins at",
      track: "84px",
      end: true,
      from: 480,
      sort: (row) => model.start[row] ?? 0,
      cell: (row) => <Duration ns={model.start[row] ?? 0} />,
    },
    {
      id: "duration",
      title: "Duration",
      track: "84px",
      end: true,
      sort: (row) => model.length[row] ?? 0,
      cell: (row) => <Duration ns={model.length[row] ?? 0} />,
    },
    {
      id: "self",
      title: "By itself",
      track: "84px",
      end: true,
      hint: "what no child covers",
      sort: (row) => self[row] ?? 0,
      cell: (row) => <Duration ns={self[row] ?? 0} />,
    },
    {
      id: "path",
      title: "Critical path",
      track: "92px",
      end: true,
      from: 620,
      hint: "time of the critical path in this span",
      sort: (row) => path[row] ?? 0,
      cell: (row) => ((path[row] ?? 0) > 0 ? <Duration ns={path[row] ?? 0} /> : <span class="none">–</span>),
    },
    {
      id: "kind",
      title: "Kind",
      track: "76px",
      from: 760,
      sort: (row) => kinds[spans.kind[row] ?? 0] ?? "",
      cell: (row) => <span class="dim">{(kinds[spans.kind[row] ?? 0] ?? "").toLowerCase()}</span>,
    },
    {
      id: "depth",
      title: "Depth",
      track: "56px",
      end: true,
      from: 860,
      sort: (row) => model.depth[row] ?? 0,
      cell: (row) => countText(model.depth[row] ?? 0),
    },
  ];
}

/** Group is all spans of one service and name. */
interface Group {
  readonly id: number;
  readonly service: string;
  readonly operation: string;
  readonly lengths: number[];
  errors: number;
  matched: number;
  total: number;
  self: number;
  path: number;
  row: number;
}

function groupsOf(state: TraceState, self: Float64Array): readonly Group[] {
  const { model, path, marks } = state;
  const groups = new Map<number, Group>();
  for (const row of matching(state)) {
    const id = (model.service[row] ?? 0) * model.answer.operations.length + (model.operation[row] ?? 0);
    let group = groups.get(id);
    if (group === undefined) {
      const names = { service: serviceOf(model, row), operation: operationOf(model, row) };
      group = { id, ...names, lengths: [], errors: 0, matched: 0, total: 0, self: 0, path: 0, row };
      groups.set(id, group);
    }
    const length = model.length[row] ?? 0;
    if (length > (model.length[group.row] ?? 0)) group.row = row;
    group.lengths.push(length);
    group.errors += model.failed[row] ?? 0;
    group.matched += marks?.[row] ?? 1;
    group.total += length;
    group.self += self[row] ?? 0;
    group.path += path.self[row] ?? 0;
  }
  for (const group of groups.values()) group.lengths.sort((a, b) => a - b);
  return [...groups.values()];
}

const median = (lengths: readonly number[]): number => lengths[(lengths.length - 1) >> 1] ?? 0;

function Operations({ state, self }: { state: TraceState; self: Float64Array }): JSX.Element {
  const groups = useMemo(
    () => groupsOf(state, self),
    [state.model, state.marks, state.only, state.path, self],
  );
  const order = orderOf("-path");
  const columns = useMemo(() => groupColumns(groups, state.path.self), [groups, state.path]);
  const rows = useMemo(() => {
    const by = columns.find((column) => column.id === order.replace(/^-/, ""))?.sort;
    if (by === undefined) return groups;
    const places = groups.map((_, at) => at);
    const sorted = byKey(places, (at) => by(groups[at] ?? missing), order.startsWith("-"));
    return sorted.flatMap((at) => groups[at] ?? []);
  }, [groups, columns, order]);
  return (
    <>
      {groups.length === 0 ? <p class="note">No span of this trace matches.</p> : null}
      <Table
        label="Operations of the trace"
        columns={columns}
        rows={rows}
        rowKey={(group) => String(group.id)}
        open={(group) => () => {
          state.choose(group.row);
          state.openRow(group.row);
        }}
        order={order}
        onOrder={setOrder}
        rowClass={(group) => (group.matched === 0 ? "faded" : "")}
        fill
        keys
      />
    </>
  );
}

const missing: Group = {
  id: -1,
  service: "",
  operation: "",
  lengths: [],
  errors: 0,
  matched: 0,
  total: 0,
  self: 0,
  path: 0,
  row: 0,
};

function groupColumns(groups: readonly Group[], path: Float64Array): readonly Column<Group>[] {
  const whole = path.reduce((sum, ns) => sum + ns, 0);
  const most = groups.reduce((top, group) => Math.max(top, group.path), 1);
  const time = (
    id: string,
    title: string,
    hint: string,
    from: number | undefined,
    value: (group: Group) => number,
  ): Column<Group> => ({
    id,
    title,
    hint,
    track: "84px",
    end: true,
    ...(from === undefined ? {} : { from }),
    sort: value,
    cell: (group) => <Duration ns={value(group)} />,
  });
  return [
    {
      id: "name",
      title: "Operation",
      track: "minmax(140px, 3fr)",
      sort: (group) => `${group.service} ${group.operation}`,
      cell: (group) => (
        <span title={`${cell(group.service)} ${cell(group.operation)}`}>
          <Service name={group.service} /> {cell(group.operation, 140)}
        </span>
      ),
    },
    {
      id: "path",
      title: "Critical path",
      track: "minmax(104px, 1.4fr)",
      hint: "time of the trace's critical path in these spans",
      sort: (group) => group.path,
      cell: (group) => (
        <div class="dbar row">
          <span class="dbar-track">
            <i style={{ width: `${((group.path / most) * 100).toFixed(1)}%` }} />
          </span>
          {group.path === 0 ? <span class="none">–</span> : <Duration ns={group.path} />}
        </div>
      ),
    },
    {
      id: "share",
      title: "Of it",
      track: "52px",
      end: true,
      from: 560,
      hint: "share of the critical path",
      cell: (group) => (
        <span class="dim">{figureText(shareFigure(whole === 0 ? 0 : group.path / whole))}</span>
      ),
    },
    {
      id: "count",
      title: "Spans",
      track: "60px",
      end: true,
      sort: (group) => group.lengths.length,
      cell: (group) => countText(group.lengths.length),
    },
    {
      id: "errors",
      title: "Errors",
      track: "52px",
      end: true,
      from: 560,
      sort: (group) => group.errors,
      cell: (group) =>
        group.errors === 0 ? (
          <span class="none">0</span>
        ) : (
          <strong class="bad" title={plural(group.errors, "error")}>
            {countText(group.errors)}
          </strong>
        ),
    },
    time("self", "By itself", "what no child covers, added up", 480, (group) => group.self),
    time("total", "Together", "durations added up", 700, (group) => group.total),
    time("median", "Median", "of one span", 820, (group) => median(group.lengths)),
    time("longest", "Longest", "of one span", 640, (group) => group.lengths.at(-1) ?? 0),
  ];
}
