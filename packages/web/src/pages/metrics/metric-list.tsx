import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { param, setParams } from "../../base/address.js";
import type { ApiError } from "../../base/api.js";
import { plural } from "../../base/number.js";
import { cell } from "../../base/text.js";
import { Failed, Loading } from "../../widgets/region.js";
import { type Column, Table } from "../../widgets/table.js";
import type { Metadata } from "./answers.js";

interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

const short: Readonly<Record<string, string>> = {
  histogram: "hist",
  counter: "count",
  gauge: "gauge",
  summary: "summ",
};

const columns: readonly Column<Metric>[] = [
  {
    id: "name",
    title: "Metric",
    track: "minmax(0, 1fr)",
    cell: (row) => <Name of={row} />,
  },
  {
    id: "type",
    title: "",
    track: "44px",
    end: true,
    cell: (row) => <span class="dim">{short[row.type] ?? ""}</span>,
  },
];

const tailLength = 14;

/** Name keeps the end of a long name: `_bucket` and `_count` differ there. */
function Name({ of: { name, help } }: { of: Metric }): JSX.Element {
  const shown = cell(name);
  return (
    <span class="metric-name" title={cell(help === "" ? name : `${name}: ${help}`, 600)}>
      <span>{shown.slice(0, -tailLength)}</span>
      <span>{shown.slice(-tailLength)}</span>
    </span>
  );
}

/** MetricList lists the names of all metrics of the range; one that is opened becomes a query. */
export function MetricList({
  names,
  metadata,
  error,
  onPick,
}: {
  names: readonly string[] | undefined;
  metadata: Metadata;
  error: ApiError | undefined;
  onPick: (name: string, type: string) => void;
}): JSX.Element {
  const find = param("find");
  const metrics = useMemo(() => {
    const words = find.toLowerCase().split(/\s+/);
    return (names ?? [])
      .filter((name) => words.every((part) => name.toLowerCase().includes(part)))
      .map((name): Metric => {
        const about = metadata[name]?.[0] ?? metadata[name.replace(/_(bucket|sum|count|total)$/, "")]?.[0];
        return { name, type: about?.type ?? "", help: about?.help ?? "" };
      });
  }, [names, metadata, find]);
  return (
    <aside class="metric-list" aria-label="Metrics of the range">
      <input
        id="metric-find"
        class="input"
        type="search"
        placeholder="Find a metric"
        aria-label="Find a metric"
        value={find}
        onInput={(event) => setParams({ find: event.currentTarget.value }, "replace")}
      />
      <div class="dim count" role="status">
        {names === undefined
          ? ""
          : find === ""
            ? plural(names.length, "metric")
            : `${metrics.length} of ${plural(names.length, "metric")}`}
      </div>
      {error === undefined ? null : <Failed error={error} />}
      {names === undefined && error === undefined ? <Loading what="metrics" rows={8} /> : null}
      {metrics.length === 0 ? null : (
        <Table
          label="Metrics"
          columns={columns}
          rows={metrics}
          rowKey={(row) => row.name}
          rowHeight={26}
          open={(row) => () => onPick(row.name, row.type)}
          fill
          keys
        />
      )}
    </aside>
  );
}
