import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { param, setParams } from "../base/address.js";
import { cell } from "../base/text.js";
import { durationText } from "../base/time.js";
import { Duration, Service } from "../widgets/figure.js";
import { type Column, Table } from "../widgets/table.js";
import { type ComparedNode, differenceOf, type Side } from "../widgets/trace-shape/compare.js";
import type { TraceState } from "./trace-state.js";

const step = 12;
const deepest = 12;

interface Line extends ComparedNode {
  readonly id: string;
}

/** aboutCount prints a mean count: whole numbers as they are. */
export const aboutCount = (of: number): string => (Number.isInteger(of) ? String(of) : of.toPrecision(2));

/** CompareTable is the merged tree of both sides, or its operations by difference; a row opens the longest span. */
export function CompareTable({
  state,
  nodes,
  what,
}: {
  state: TraceState;
  nodes: readonly ComparedNode[];
  what: string;
}): JSX.Element {
  const order = param("sort") || "tree";
  const lines = useMemo(() => {
    const list: Line[] = nodes.map((node, at) => ({ ...node, id: String(at) }));
    if (order === "tree" || order === "-tree") return list;
    const by = columnsOf(true, what, 1).find((column) => column.id === order.replace(/^-/, ""))?.sort;
    if (by === undefined) return list;
    const sign = order.startsWith("-") ? -1 : 1;
    return list.sort((a, b) => sign * (Number(by(a)) - Number(by(b))));
  }, [nodes, order, what]);
  const tree = order === "tree" || order === "-tree";
  const most = useMemo(
    () => nodes.reduce((top, node) => Math.max(top, Math.abs(differenceOf(node))), 1),
    [nodes],
  );
  return (
    <Table
      label="Operations of both"
      columns={columnsOf(tree, what, most)}
      rows={lines}
      rowKey={(line) => line.id}
      open={(line) => () => {
        if (line.row < 0) return;
        state.choose(line.row);
        state.openRow(line.row);
      }}
      order={order}
      onOrder={(next) => setParams({ sort: next === "-tree" ? undefined : next }, "replace")}
      fill
      keys
    />
  );
}

function columnsOf(tree: boolean, what: string, most: number): readonly Column<Line>[] {
  return [
    {
      id: "tree",
      title: "Operation",
      track: "minmax(150px, 3fr)",
      hint: "in the order of calls",
      sort: (line) => Number(line.id),
      cell: (line) => (
        <span
          style={{ paddingLeft: `${tree ? Math.min(line.depth, deepest) * step : 0}px` }}
          title={`${cell(line.service)} ${cell(line.operation)}, depth ${line.depth}`}
        >
          {tree && line.depth > deepest ? <span class="dim">{line.depth} </span> : null}
          <Service name={line.service} /> {cell(line.operation, 120)}
          {line.left.count === 0 ? <span class="tag">not here</span> : null}
          {line.right.count === 0 ? <span class="tag warn">only here</span> : null}
        </span>
      ),
    },
    {
      id: "difference",
      title: "Difference",
      track: "minmax(110px, 1.4fr)",
      hint: `how much longer it takes by itself than ${what}`,
      sort: differenceOf,
      cell: (line) => <Bar ns={differenceOf(line)} most={most} />,
    },
    {
      id: "self",
      title: "By itself",
      track: "76px",
      end: true,
      from: 430,
      hint: "what no child covers",
      sort: (line) => line.left.self,
      cell: (line) => <Time of={line.left} ns={line.left.self} />,
    },
    {
      id: "usual-self",
      title: what,
      track: "76px",
      end: true,
      hint: `by itself, ${what}`,
      from: 520,
      sort: (line) => line.right.self,
      cell: (line) => <Time of={line.right} ns={line.right.self} />,
    },
    {
      id: "total",
      title: "With all below",
      track: "100px",
      end: true,
      from: 860,
      sort: (line) => line.left.total,
      cell: (line) => <Time of={line.left} ns={line.left.total} />,
    },
    {
      id: "usual-total",
      title: what,
      track: "84px",
      end: true,
      hint: `with all below, ${what}`,
      from: 940,
      sort: (line) => line.right.total,
      cell: (line) => <Time of={line.right} ns={line.right.total} />,
    },
    {
      id: "count",
      title: "Calls",
      track: "84px",
      end: true,
      from: 620,
      hint: `calls here, and ${what}`,
      sort: (line) => line.left.count - line.right.count,
      cell: (line) => (
        <span class={Math.abs(line.left.count - line.right.count) < 0.5 ? "" : "warn"}>
          {aboutCount(line.left.count)} <span class="dim">/ {aboutCount(line.right.count)}</span>
        </span>
      ),
    },
    {
      id: "errors",
      title: "Errors",
      track: "76px",
      end: true,
      from: 740,
      hint: `errors here, and ${what}`,
      sort: (line) => line.left.errors - line.right.errors,
      cell: (line) => (
        <span class={line.left.errors > 0 ? "bad" : "none"}>
          {aboutCount(line.left.errors)} <span class="dim">/ {aboutCount(line.right.errors)}</span>
        </span>
      ),
    },
  ];
}

const Time = ({ of, ns }: { of: Side; ns: number }): JSX.Element =>
  of.count === 0 ? <span class="none">–</span> : <Duration ns={ns} />;

/** Bar goes right where this trace takes longer, left where it takes less. */
function Bar({ ns, most }: { ns: number; most: number }): JSX.Element {
  const share = (Math.abs(ns) / most) * 50;
  return (
    <span class="diff-bar">
      <i
        class={ns > 0 ? "more" : "less"}
        style={{ width: `${share.toFixed(1)}%`, [ns > 0 ? "left" : "right"]: "50%" }}
        aria-hidden="true"
      />
      <span>{ns === 0 ? "0" : `${ns > 0 ? "+" : "−"}${durationText(Math.abs(ns))}`}</span>
    </span>
  );
}
